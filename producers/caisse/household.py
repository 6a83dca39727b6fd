"""One ``InfosFoyerRSA`` element read by path into a ``Household``: only what the bus may carry is ever looked at.

Resources, amounts, pensions, pregnancy, controls and opinions are passed over unread. Paths, not element names,
decide: NIR, NOMNAI and ROLEPERS occur in several places.
"""

from datetime import date
from typing import Final, TypedDict

from lxml import etree

from bus.identity import normalise_numdemrsa
from producers.caisse.address import main_address
from producers.caisse.adults import adults_of
from producers.caisse.blocks import ROOT, any_date, blocks_of, need, one, strangers, texts_of
from producers.caisse.observation import Household, Move
from producers.caisse.situation import detail, situation
from producers.journal.observation import Code, RecordRejected

_SENSITIVE_FACTS: Final = frozenset({"HOSPLA", "INTGRO"})  # class S6: health; no clear field may carry them
_KNOWN: Final = frozenset(
    {
        "IdentificationRSA", "Personne", "DonneesAdministratives", "PrestationRSA", "Evenement", "Controle", "Anomalie",
    }
)  # fmt: skip
_KNOWN_INSIDE: Final = {
    "IdentificationRSA/Organisme": frozenset({"FONORG", "NUMORG", "MATRICULE"}),
    "IdentificationRSA/DemandeRSA": frozenset({"DTDEMRSA", "NUMDEMRSA"}),
    "DonneesAdministratives/Adresse": frozenset({"TroncCommunAdresse", "AdresseDetailleeFrance", "AdresseHorsFrance"}),
}
_KNOWN_OF_SITUATION: Final = frozenset(
    {"EtatDossierRSA", "Refus", "SuspensionDroit", "SuspensionVersement", "FinDroit", "FinDroitMoisAnterieur"}
)


class _Identification(TypedDict):
    fonorg: str
    numorg: str
    matricule: str
    ideparte: str
    numdemrsa: str
    demande: date
    cedant: Move | None
    prenant: Move | None


def household(record: etree._Element, rank: int) -> Household:
    """Read one record.

    Args:
        record: the ``InfosFoyerRSA`` element.
        rank: its place in the file, from 1.

    Raises:
        RecordRejected: a required value is absent, unknown or no date; with its path.
    """
    blocks = blocks_of(record)
    who = one(blocks, "IdentificationRSA", ROOT)
    right = one(blocks, "PrestationRSA", ROOT)
    if "Personne" not in blocks:
        raise RecordRejected(f"{ROOT}/Personne", Code.ABSENT)
    parts = blocks_of(right)
    situations = blocks_of(one(parts, "SituationDossierRSA", f"{ROOT}/PrestationRSA"))
    adults, unknown = adults_of(blocks["Personne"])
    return Household(
        rank=rank,
        adults=adults,
        address=main_address(blocks.get("DonneesAdministratives", [])),
        faits=_facts(blocks.get("Evenement", [])),
        anomalies=len(blocks.get("Anomalie", [])),
        inconnus=unknown
        + strangers(blocks, _KNOWN)
        + strangers(situations, _KNOWN_OF_SITUATION)
        + _strangers_inside(record),
        **_identification(who),
        **situation(situations),
        **detail(parts.get("DetailDroitRSA", [])),
    )


def _strangers_inside(record: etree._Element) -> int:
    return sum(
        strangers(blocks_of(block), known) for path, known in _KNOWN_INSIDE.items() for block in record.iterfind(path)
    )


def _identification(element: etree._Element) -> _Identification:
    path = f"{ROOT}/IdentificationRSA"
    blocks = blocks_of(element)
    body = texts_of(one(blocks, "Organisme", path))
    claim = texts_of(one(blocks, "DemandeRSA", path))
    return {
        "fonorg": need(body, "FONORG", f"{path}/Organisme").upper(),
        "numorg": need(body, "NUMORG", f"{path}/Organisme").upper(),
        "matricule": body.get("MATRICULE", ""),
        "ideparte": need(texts_of(one(blocks, "Partenaire", path)), "IDEPARTE", f"{path}/Partenaire"),
        "numdemrsa": normalise_numdemrsa(need(claim, "NUMDEMRSA", f"{path}/DemandeRSA")),
        "demande": any_date(claim, "DTDEMRSA", f"{path}/DemandeRSA"),
        "cedant": _move(blocks.get("OrganismeCedant"), ("FONORGCEDMUT", "NUMORGCEDMUT", "DDARRMUT"), path),
        "prenant": _move(blocks.get("OrganismePrenant"), ("FONORGPRENMUT", "NUMORGPRENMUT", "DDDEPAMUT"), path),
    }


def _move(found: list[etree._Element] | None, names: tuple[str, str, str], path: str) -> Move | None:
    if not found:
        return None
    texts = texts_of(found[0])
    here = f"{path}/{found[0].tag}"
    body = f"{need(texts, names[0], here)}-{need(texts, names[1], here)}".lower()
    return Move(body, any_date(texts, names[2], here))


def _facts(found: list[etree._Element]) -> tuple[str, ...]:
    codes = (texts_of(block).get("FG", "") for block in found)
    clean = (code for code in codes if code.isalnum() and code.isascii() and len(code) <= 9)
    return tuple(dict.fromkeys(code for code in clean if code not in _SENSITIVE_FACTS))
