"""What a bad record still tells of its place."""

from typing import TypedDict

from lxml import etree

from bus.identity import normalise_numdemrsa


class Whereabouts(TypedDict, total=False):
    """What a bad record still tells of its place; every value as written."""

    fonorg: str | None
    numorg: str | None
    ideparte: str | None
    commune: str | None
    numdemrsa: str | None


def place(record: etree._Element) -> Whereabouts:
    """Give what a bad record still tells of its place, values as written, None where unreadable."""
    claim = _at(record, "IdentificationRSA/DemandeRSA/NUMDEMRSA")
    return Whereabouts(
        fonorg=_at(record, "IdentificationRSA/Organisme/FONORG"),
        numorg=_at(record, "IdentificationRSA/Organisme/NUMORG"),
        ideparte=_at(record, "IdentificationRSA/Partenaire/IDEPARTE"),
        numdemrsa=normalise_numdemrsa(claim) if claim else None,
        commune=_at(record, "DonneesAdministratives/Adresse/AdresseDetailleeFrance/NUMCOM"),
    )


def _at(record: etree._Element, path: str) -> str | None:
    return (record.findtext(path) or "").strip() or None
