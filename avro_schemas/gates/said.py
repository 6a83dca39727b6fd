"""What a type's file must say besides its fields: who answers for it, when it comes, what it is not, what tells it."""

from collections.abc import Iterator
from typing import Final

from avro_schemas import OWN
from avro_schemas.assembly import FIELD_NOTES, TYPE_NOTES
from avro_schemas.gates.finding import Finding, Rule
from avro_schemas.gates.source import Version

OF_TYPE: Final = frozenset(("type", "namespace", "name", "doc", "aliases", "fields"))
OF_FIELD: Final = frozenset(("name", "type", "doc", "sensibilite", "origine", "default", "aliases", *FIELD_NOTES))
OF_PART: Final = frozenset(("responsable",))


def said(version: Version) -> Iterator[Finding]:
    """Find what the newest file of a record does not say, and words that nothing reads."""
    if not isinstance(version.own, dict) or not isinstance(version.own.get("fields"), list):
        return  # told already: it is no record
    yield from _unknown(version)
    if not _text(version, "responsable"):
        yield Finding(version.name, "personne n’en répond", Rule.RESPONSABLE, f"Ajoutez « responsable » à {OWN}")
    if version.is_event:
        yield from _meant(version)


def _unknown(version: Version) -> Iterator[Finding]:
    known = OF_TYPE | (frozenset(TYPE_NOTES) if version.is_event else OF_PART)
    remedy = "Corrigez-le : rien ne le lit, et il partirait au registre"
    for word in sorted(set(version.own) - known):
        yield Finding(str(version), f"« {word} »", Rule.CLE, remedy)
    for field in (one for one in version.own["fields"] if isinstance(one, dict)):
        for word in sorted(set(field) - OF_FIELD):
            yield Finding(f"{version}, champ {field.get('name')}", f"« {word} »", Rule.CLE, remedy)


def _meant(version: Version) -> Iterator[Finding]:
    if not _text(version, "quand"):
        yield Finding(version.name, "ne dit pas quand il est émis", Rule.SENS, f"Ajoutez « quand » à {OWN}")
    if not _text(version, "ne_dit_pas"):
        remedy = f"Ajoutez « ne_dit_pas » à {OWN}"
        yield Finding(version.name, "ne dit pas ce que nul ne doit en conclure", Rule.SENS, remedy)
    if not _text(version, "dit_par"):
        remedy = f"Ajoutez « dit_par » à {OWN} : le nom de la règle, difference-1 par exemple"
        yield Finding(version.name, "aucune règle ne le dit", Rule.DIT_PAR, remedy)
    if version.own.get("sans_effet", True) is not True:
        yield Finding(version.name, "« sans_effet » n’est pas true", Rule.CLE, "Écrivez true, ou retirez-le")


def _text(version: Version, word: str) -> bool:
    found = version.own.get(word)
    return isinstance(found, str) and bool(found.strip())
