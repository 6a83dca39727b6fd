"""One ``InfosFoyerRSA`` element read by path into a ``Household``: only what the bus may carry is ever looked at.

Resources, amounts, pensions, pregnancy, controls and opinions are passed over unread. Paths, not element names,
decide: NIR, NOMNAI and ROLEPERS occur in several places.
"""

from collections.abc import Iterable
from datetime import date
from typing import Final, TypedDict

from lxml import etree

from bus.identity import normalise_numdemrsa
from producers.caisse.blocks import Blocks, any_date, blocks_of, need, one, optional_date, texts_of
from producers.journal.observation import (
    ADULT_ROLES,
    CHILD,
    Address,
    Adult,
    Block,
    Code,
    Household,
    Move,
    RecordRejected,
)

_ROOT: Final = "Racine/InfosFoyerRSA"
_ETATS: Final = frozenset("0123456")
_FLAGS: Final = {"1": True, "0": False, "true": True, "false": False}
_SENSITIVE_FACTS: Final = frozenset({"HOSPLA", "INTGRO"})  # class S6: health; no clear field may carry them
_KNOWN: Final = frozenset(
    {
        "IdentificationRSA", "Personne", "DonneesAdministratives", "PrestationRSA", "Evenement", "Controle", "Anomalie",
    }
)  # fmt: skip
_KNOWN_OF_PERSON: Final = frozenset(
    {
        "Identification", "DossierCAF", "Prestations", "Rattachement", "DossierPoleEmploi", "Ressources",
        "MontantCalculDroitRSAPersonne", "Activite", "PensionAlimentaire", "Grossesse", "InformationsAgricoles",
        "AvisPCGPersonne", "AvisCGSSDOMPersonne",
    }
)  # fmt: skip
_KNOWN_OF_IDENTITY: Final = frozenset(
    {
        "QUAL", "NOM", "NOMNAI", "PRENOM", "PRENOM2", "PRENOM3", "NOMCOMNAI", "DTNAI", "RGNAI", "TYPEDTNAI", "NIR",
        "TOPVALIEC", "SEXE",
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


class _Detail(TypedDict):
    sans_domicile: bool | None
    natures: tuple[str, ...]
    origine: str | None


class _Situation(TypedDict):
    etat: str
    suspensions_droit: tuple[Block, ...]
    suspensions_versement: tuple[Block, ...]
    fin: Block | None


class Whereabouts(TypedDict, total=False):
    """What a bad record still tells of its place; every value as written."""

    fonorg: str | None
    numorg: str | None
    ideparte: str | None
    commune: str | None
    numdemrsa: str | None


def household(record: etree._Element, rank: int) -> Household:
    """Read one record.

    Args:
        record: the ``InfosFoyerRSA`` element.
        rank: its place in the file, from 1.

    Raises:
        RecordRejected: a required value is absent, unknown or no date; with its path.
    """
    blocks = blocks_of(record)
    who = one(blocks, "IdentificationRSA", _ROOT)
    right = one(blocks, "PrestationRSA", _ROOT)
    if "Personne" not in blocks:
        raise RecordRejected(f"{_ROOT}/Personne", Code.ABSENT)
    parts = blocks_of(right)
    situations = blocks_of(one(parts, "SituationDossierRSA", f"{_ROOT}/PrestationRSA"))
    adults, unknown = _adults(blocks["Personne"])
    return Household(
        rank=rank,
        adults=adults,
        address=_address(blocks.get("DonneesAdministratives", [])),
        faits=_facts(blocks.get("Evenement", [])),
        anomalies=len(blocks.get("Anomalie", [])),
        inconnus=unknown
        + _strangers(blocks, _KNOWN)
        + _strangers(situations, _KNOWN_OF_SITUATION)
        + _strangers_inside(record),
        **_identification(who),
        **_situation(situations),
        **_detail(parts.get("DetailDroitRSA", [])),
    )


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


def _strangers(blocks: Blocks, known: frozenset[str]) -> int:
    return sum(len(found) for tag, found in blocks.items() if tag not in known)


def _strangers_inside(record: etree._Element) -> int:
    return sum(
        _strangers(blocks_of(block), known) for path, known in _KNOWN_INSIDE.items() for block in record.iterfind(path)
    )


def _identification(element: etree._Element) -> _Identification:
    path = f"{_ROOT}/IdentificationRSA"
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


def _situation(blocks: Blocks) -> _Situation:
    path = f"{_ROOT}/PrestationRSA/SituationDossierRSA"
    etat = need(texts_of(one(blocks, "EtatDossierRSA", path)), "ETATDOSRSA", f"{path}/EtatDossierRSA")
    if etat not in _ETATS:
        raise RecordRejected(f"{path}/EtatDossierRSA/ETATDOSRSA", Code.VALEUR)
    closing = blocks.get("FinDroit") or blocks.get("FinDroitMoisAnterieur") or []
    return {
        "etat": etat,
        "suspensions_droit": _suspensions(blocks, "SuspensionDroit", path),
        "suspensions_versement": _suspensions(blocks, "SuspensionVersement", path),
        "fin": _block(closing[0], "MOTICLORSA", "DTCLORSA", path) if closing else None,
    }


def _suspensions(blocks: Blocks, name: str, path: str) -> tuple[Block, ...]:
    suffix = "DRORSA" if name == "SuspensionDroit" else "VERSRSA"
    return tuple(_block(found, f"MOTISUS{suffix}", f"DDSUS{suffix}", path) for found in blocks.get(name, ()))


def _block(element: etree._Element, motif: str, since: str, path: str) -> Block:
    texts = texts_of(element)
    here = f"{path}/{element.tag}"
    return Block(need(texts, motif, here).upper(), any_date(texts, since, here), texts.get("NATGROUPFSUS"))


def _detail(found: list[etree._Element]) -> _Detail:
    blocks = blocks_of(found[0]) if found else {}
    common = texts_of(blocks["TroncCommunDroitRSA"][0]) if "TroncCommunDroitRSA" in blocks else {}
    natures = (texts_of(line).get("NATPF") for line in blocks.get("DetailCalculDroitRSA", ()))
    return {
        "sans_domicile": _FLAGS.get(common.get("TOPSANSDOMFIXE", "")),
        "origine": common.get("ORIDEMRSA"),
        "natures": tuple(dict.fromkeys(nature for nature in natures if nature)),
    }


def _facts(found: list[etree._Element]) -> tuple[str, ...]:
    codes = (texts_of(block).get("FG", "") for block in found)
    clean = (code for code in codes if code.isalnum() and code.isascii() and len(code) <= 9)
    return tuple(dict.fromkeys(code for code in clean if code not in _SENSITIVE_FACTS))


def _adults(found: list[etree._Element]) -> tuple[tuple[Adult, ...], int]:
    adults: list[Adult] = []
    unknown = 0
    for element in found:
        blocks = blocks_of(element)
        role = _rsa_role(blocks.get("Prestations", ()))
        if role is None:  # the schema wants it of everyone: dropped in silence, an adult would seem to have left
            raise RecordRejected(f"{_ROOT}/Personne/Prestations", Code.ABSENT)
        if role == CHILD:
            continue  # children stay unread
        if role not in ADULT_ROLES:  # nobody knows what it means: dropped, an adult would seem to have left
            raise RecordRejected(f"{_ROOT}/Personne/Prestations/ROLEPERS", Code.VALEUR)
        unknown += _strangers(blocks, _KNOWN_OF_PERSON)
        identity = one(blocks, "Identification", f"{_ROOT}/Personne")
        texts = texts_of(identity)
        unknown += len(texts.keys() - _KNOWN_OF_IDENTITY)
        adults.append(_adult(role, texts, blocks.get("MontantCalculDroitRSAPersonne", [])))
    return tuple(adults), unknown


def _rsa_role(prestations: Iterable[etree._Element]) -> str | None:
    for element in prestations:
        texts = texts_of(element)
        if texts.get("NATPREST") == "RSA":
            return texts.get("ROLEPERS")
    return None


def _adult(role: str, texts: dict[str, str], amounts: list[etree._Element]) -> Adult:
    path = f"{_ROOT}/Personne/Identification"
    flags = texts_of(amounts[0]) if amounts else {}
    return Adult(
        role=role,
        nom=need(texts, "NOM", path),
        nom_naissance=texts.get("NOMNAI"),
        prenoms=tuple(texts[name] for name in ("PRENOM", "PRENOM2", "PRENOM3") if name in texts),
        date_naissance=_birth(texts.get("DTNAI")),
        precision_naissance=texts.get("TYPEDTNAI"),
        sexe={"1": "M", "2": "F"}.get(texts.get("SEXE", ""), "INCONNU"),
        commune_naissance=texts.get("NOMCOMNAI"),
        nir=texts.get("NIR"),
        certifie=_FLAGS.get(texts.get("TOPVALIEC", "")),
        obligation=_FLAGS.get(flags.get("TOPPERSDRODEVORSA", "")),
        entrant=_FLAGS.get(flags.get("TOPPERSENTDRODEVORSA", "")),
    )


def _birth(text: str | None) -> str | None:
    """Give the birth date as ISO; a fake one (month 00) is no reason to put a household aside."""
    try:
        return date.fromisoformat(text).isoformat() if text else None
    except ValueError:
        return None


def _address(found: list[etree._Element]) -> Address | None:
    addresses = [child for child in found[0] if child.tag == "Adresse"] if found else []
    if not addresses:
        return None
    blocks = [blocks_of(address) for address in addresses]
    common = [texts_of(block["TroncCommunAdresse"][0]) if "TroncCommunAdresse" in block else {} for block in blocks]
    main = next((index for index, texts in enumerate(common) if texts.get("RGADR", "").lstrip("0") == "1"), 0)
    return _read_address(common[main], blocks[main])


def _read_address(common: dict[str, str], blocks: Blocks) -> Address:
    path = f"{_ROOT}/DonneesAdministratives/Adresse/TroncCommunAdresse"
    french = texts_of(blocks["AdresseDetailleeFrance"][0]) if "AdresseDetailleeFrance" in blocks else {}
    abroad = texts_of(blocks["AdresseHorsFrance"][0]) if "AdresseHorsFrance" in blocks else {}
    street = " ".join(french[name] for name in ("LIBTYPEVOIE", "NOMVOIE") if name in french)
    return Address(
        lignes=tuple(
            [french[name] for name in ("COMPLIDEADR", "COMPLADR", "LIEUDIST") if name in french]
            + [abroad[name] for name in (f"LIBLIG{line}ADR" for line in range(2, 8)) if name in abroad]
        ),
        numero=french.get("NUMVOIE"),
        voie=street or None,
        code_postal=french["CODEPOS"].rjust(5, "0") if "CODEPOS" in french else None,
        commune_insee=french["NUMCOM"].rjust(5, "0") if "NUMCOM" in french else None,
        commune=french.get("NOMCOM"),
        pays=common.get("PAYS"),
        since=optional_date(common, "DTEMM", path),
    )
