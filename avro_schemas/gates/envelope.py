"""The root of an event: the same fields, in the same order, in every type and for ever; ``enrichissement`` ends it.

And ``regle``, never empty, ends ``enrichissement``: a last byte that is zero says that nobody has enriched an event,
and bytes are appended on that sign alone.
"""

from collections.abc import Iterator
from typing import Any, Final

from avro_schemas.gates.finding import Finding, Rule
from avro_schemas.gates.source import Version

LAST: Final = "enrichissement"
END: Final = "regle"
ENVELOPE: Final = (
    "id",
    "type",
    "source",
    "emetteur_fait_foi",
    "date_effet",
    "date_observation",
    "date_publication",
    "cle_personne",
    "cle_dossier",
    "territoire",
    "cause",
    "corrige",
    "annule",
    "portee",
    "donnees",
    "scelle",
    LAST,
)


def enveloped(version: Version) -> Iterator[Finding]:
    """Find what an event's root has too much, lacks, or has elsewhere; a sealed part has no envelope.

    The schema may be one that Avro refuses: a field out of place is often why.
    """
    found = _root(version.schema)
    if version.is_event and found:
        yield from _members(version, found)
        yield from _order(version, found)
        if LAST in found:
            yield from _last(version, found)


def _root(schema: Any) -> list[str]:  # noqa: ANN401 - a file holds any JSON
    fields = schema.get("fields") if isinstance(schema, dict) else None
    return [str(one.get("name")) for one in fields or () if isinstance(one, dict)] if isinstance(fields, list) else []


def _members(version: Version, found: list[str]) -> Iterator[Finding]:
    for name in found:
        if name not in ENVELOPE:
            remedy = "Mettez-le dans un record, le plus souvent donnees"
            yield Finding(f"{version}, champ {name}", "ajouté à la racine", Rule.ENVELOPPE, remedy)
    for name in ENVELOPE:
        if name not in found:
            remedy = "Remettez-le dans l’enveloppe, dans common"
            yield Finding(f"{version}, champ {name}", "manque à la racine", Rule.ENVELOPPE, remedy)


def _order(version: Version, found: list[str]) -> Iterator[Finding]:
    """``enrichissement`` out of place has its own rule: here the others are compared among themselves."""
    seen = [name for name in found if name in ENVELOPE and name != LAST]
    wanted = [name for name in ENVELOPE if name in seen]
    for name, instead in zip(wanted, seen, strict=True):
        if name != instead:
            fault, remedy = f"{instead} est à sa place", "Remettez les champs de la racine dans l’ordre"
            yield Finding(f"{version}, champ {name}", fault, Rule.ORDRE, remedy)
            return


def _last(version: Version, found: list[str]) -> Iterator[Finding]:
    field = version.schema["fields"][found.index(LAST)]
    place = f"{version}, champ {LAST}"
    if found[-1] != LAST:
        yield Finding(place, f"suivi de {found[-1]}", Rule.DERNIER, "Remettez-le en dernier")
    kind = field.get("type")
    if not isinstance(kind, list) or kind[:1] != ["null"] or field.get("default", ...) is not None:
        remedy = "Écrivez null d’abord dans son type, et « default »: null"
        yield Finding(place, "pas null par défaut", Rule.DERNIER, remedy)
    if (end := _root(kind[-1] if isinstance(kind, list) else kind)[-1:]) not in ([], [END]):
        remedy = f"Mettez les nouveaux champs avant {END} : le dernier octet d’un événement enrichi n’est jamais nul"
        yield Finding(f"{place}.{end[0]}", f"suit {END}", Rule.DERNIER, remedy)
