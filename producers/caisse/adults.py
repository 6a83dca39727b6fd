"""The adults of a household; children stay unread."""

from collections.abc import Iterable
from datetime import date
from typing import Final

from lxml import etree

from producers.caisse.blocks import FLAGS, ROOT, blocks_of, need, one, strangers, texts_of
from producers.caisse.observation import Adult
from producers.journal import roles
from producers.journal.observation import Code, RecordRejected

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


def adults_of(found: list[etree._Element]) -> tuple[tuple[Adult, ...], int]:
    """Read the ``Personne`` blocks: adults in order, and how many of their elements no rule names."""
    adults: list[Adult] = []
    unknown = 0
    for element in found:
        blocks = blocks_of(element)
        role = _rsa_role(blocks.get("Prestations", ()))
        if role is None:  # the schema wants it of everyone: dropped in silence, an adult would seem to have left
            raise RecordRejected(f"{ROOT}/Personne/Prestations", Code.ABSENT)
        if role == roles.CHILD:
            continue  # children stay unread
        if role not in roles.ADULTS:  # nobody knows what it means: dropped, an adult would seem to have left
            raise RecordRejected(f"{ROOT}/Personne/Prestations/ROLEPERS", Code.VALEUR)
        unknown += strangers(blocks, _KNOWN_OF_PERSON)
        identity = one(blocks, "Identification", f"{ROOT}/Personne")
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
    path = f"{ROOT}/Personne/Identification"
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
        certifie=FLAGS.get(texts.get("TOPVALIEC", "")),
        obligation=FLAGS.get(flags.get("TOPPERSDRODEVORSA", "")),
        entrant=FLAGS.get(flags.get("TOPPERSENTDRODEVORSA", "")),
    )


def _birth(text: str | None) -> str | None:
    """Give the birth date as ISO; a fake one (month 00) is no reason to put a household aside."""
    try:
        return date.fromisoformat(text).isoformat() if text else None
    except ValueError:
        return None
