"""The right that opens each field stands on it, and what everybody gets is of a class that everybody may know."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from avro_schemas.gates.finding import Finding, Rule
from avro_schemas.gates.source import Contract, Version
from avro_schemas.gates.walking import fields
from avro_schemas.named import Schema, full_name
from avro_schemas.rights import OPEN_CLASSES, Right

FOUND: Final = "pas de droit"
REMEDY: Final = f"Ajoutez « droit » : {', '.join(Right)}"


def opened(version: Version) -> Iterator[Finding]:
    """Find fields of a type's own that no right opens; a group inside is opened as a whole, by the field it is."""
    start = "donnees." if version.is_event else ""
    for field in version.own["fields"]:
        place = f"{version}, champ {start}{field['name']}"
        yield from _field(place, field, [field, *(inner for _, inner in fields(field["type"]))])


def shared_opened(contract: Contract) -> Iterator[Finding]:
    """Find the same in what events share; there a group has the rights of its fields, and none of its own."""
    for number, common in contract.common.items():
        known = {full_name(one): one for one in common}
        for path, record, field in _members(known):
            if "droit" in field or not _holds_record(field["type"], known):
                yield from _field(f"common v{number}, champ {record}.{path}", field, [field])


def _members(known: Mapping[str, Schema]) -> Iterator[tuple[str, str, Schema]]:
    for record in known.values():
        for path, field in fields(record):
            yield path, full_name(record), field


def _holds_record(kind: Any, known: Mapping[str, Schema]) -> bool:  # noqa: ANN401 - a schema is any JSON
    match kind:
        case list():
            return any(_holds_record(branch, known) for branch in kind)
        case {"type": "array", "items": items}:
            return _holds_record(items, known)
        case {"type": "record"}:
            return True
        case _:
            return isinstance(kind, str) and known.get(kind, {}).get("type") == "record"


def _field(place: str, field: Schema, covered: list[Schema]) -> Iterator[Finding]:
    """Judge one right, and the classes of all that it opens."""
    if (right := field.get("droit")) not in list(Right):
        yield Finding(place, FOUND if right is None else f"{FOUND} qui s’appelle {right}", Rule.DROIT, REMEDY)
        return
    classes = {str(one.get("sensibilite")) for one in covered} - OPEN_CLASSES
    if right == Right.TOUJOURS and classes:
        fault = f"part avec tout événement alors que sa classe est {min(classes)}"
        yield Finding(place, fault, Rule.TOUJOURS, "Donnez-lui un droit nommé, celui de sa ligne de la matrice")
