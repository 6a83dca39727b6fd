"""One schema out of what is common to every event and what is a type's own. Pure.

What Avro and the registry get is the same text, to the byte, for as long as the version exists. What the project says
of a type or of a field besides (who answers for it, which right opens it) stands beside it in the same file and is left
out of that text: it may be mended without a new version (docs/adr/0019-the-contract-is-assembled.md).
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from avro_schemas.named import Schema, full_name

OWN: Final = "donnees"
SUFFIX: Final = f"_{OWN}"
TYPE_NOTES: Final = ("quand", "ne_dit_pas", "responsable", "dit_par", "sans_effet", "commun")
"""What a type's file says of the type and its schema does not."""
FIELD_NOTES: Final = ("droit",)
EVENT: Final = "bus.evenement"
CLEAR: Final = ("S0", "S1", "S4")
"""The classes of what may travel in clear: the highest of its fields is the class of ``donnees``."""


def event(own: Schema, common: Sequence[Schema]) -> Schema:
    """Give the whole schema of an event, the rights of its fields included.

    Args:
        own: the type's ``donnees.avsc``; its ``doc`` is the event's.
        common: the named types that events share, and last the envelope, whose field ``donnees`` is a place to fill.

    Raises:
        KeyError: a member that every record has is absent; AttributeError, TypeError: it is no record at all.
    """
    known = {full_name(one): one for one in common}
    head = {"type": "record", "namespace": own["namespace"], "name": own["name"].removesuffix(SUFFIX)}
    fields = [_filled(field, own, head) if field["name"] == OWN else field for field in known.pop(EVENT)["fields"]]
    root = {**head, "doc": own["doc"], "fields": fields}
    return dict(_written(root, known, set()))


def part(own: Schema) -> Schema:
    """Give the schema of a sealed part, which shares nothing, the rights of its fields included."""
    return {key: value for key, value in own.items() if key not in TYPE_NOTES}


def bare(schema: Any) -> Any:  # noqa: ANN401 - a schema is any JSON
    """Give a schema without the rights: the text that is registered, released and read by."""
    match schema:
        case list():
            return [bare(one) for one in schema]
        case {"type": "record", "fields": fields}:
            return {**schema, "fields": [_bare_field(field) for field in fields]}
        case {"type": "array", "items": items}:
            return {**schema, "items": bare(items)}
        case _:
            return schema


def _bare_field(field: Any) -> Any:  # noqa: ANN401 - a field is any JSON
    if not isinstance(field, dict):
        return field
    return {key: bare(value) if key == "type" else value for key, value in field.items() if key not in FIELD_NOTES}


def _filled(field: Schema, own: Schema, head: Mapping[str, str]) -> Schema:
    """Put a type's own record into the place that the envelope keeps for it."""
    doc = f"Partie claire propre au type {head['namespace']}.{head['name']}."
    record = {key: doc if key == "doc" else value for key, value in own.items() if key not in TYPE_NOTES}
    classes = [one.get("sensibilite") for one in own["fields"]]
    return {**field, "type": record, "sensibilite": max([one for one in classes if one in CLEAR], default=CLEAR[0])}


def _written(schema: Any, known: Mapping[str, Schema], told: set[str]) -> Any:  # noqa: ANN401 - a schema is any JSON
    """Write each shared type out where it is first named; Avro wants every later one by its name."""
    match schema:
        case str() if schema in known and schema not in told:
            return _written(known[schema], known, told)
        case list():
            return [_written(one, known, told) for one in schema]
        case {"type": "array", "items": items}:
            return {**schema, "items": _written(items, known, told)}
        case {"type": "record" | "enum"}:
            told.add(full_name(schema))
            return _fields_written(schema, known, told)
        case _:
            return schema


def _fields_written(schema: Schema, known: Mapping[str, Schema], told: set[str]) -> Schema:
    if "fields" not in schema:
        return schema
    return {**schema, "fields": [{**one, "type": _written(one["type"], known, told)} for one in schema["fields"]]}
