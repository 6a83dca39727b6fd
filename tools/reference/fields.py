"""A schema's fields as table rows, in a reader's words."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from avro_schemas import Schema
from avro_schemas.named import full_name, named_types
from tools.reference.markdown import NOTHING, code, codes, table

COLUMNS: Final = ("champ", "type", "classe", "origine", "ce que c’est", "défaut", "droit")
_WORDS: Final[Mapping[str, str]] = {
    "string": "texte",
    "int": "entier",
    "long": "entier",
    "boolean": "oui ou non",
    "bytes": "octets",
    "null": "null",
    "date": "date",
    "timestamp-micros": "instant UTC",
}


def kind(schema: Any) -> str:  # noqa: ANN401 - a schema is any JSON
    """Give a type in a reader's words: ``texte ou null``, ``liste de textes``, ``code parmi …``."""
    match schema:
        case list():
            return " ou ".join(sorted((kind(branch) for branch in schema), key="null".__eq__))
        case {"logicalType": logical}:
            return _WORDS[logical]
        case {"type": "array", "items": items}:
            return f"liste de {kind(items)}"
        case {"type": "enum"}:
            return f"code {code(full_name(schema))}"
        case {"type": "record"}:
            return f"groupe {code(full_name(schema))}"
        case _:
            return _WORDS.get(schema) or f"groupe {code(schema)}"


def fields(schema: Schema, *, without: Sequence[str] = ()) -> str:
    """Give the table of a record's fields."""
    return table(COLUMNS, (_row(field) for field in schema["fields"] if field["name"] not in without))


def _row(field: Mapping[str, Any]) -> tuple[str, ...]:
    default = code(_value(field["default"])) if "default" in field else NOTHING
    return (
        code(field["name"]),
        kind(field["type"]),
        field["sensibilite"],
        field["origine"],
        field["doc"],
        default,
        field.get("droit", NOTHING),
    )


def _value(default: object) -> str:
    return "null" if default is None else str(default)


def field(schema: Schema, name: str) -> Any:  # noqa: ANN401 - a schema is any JSON
    """Give the type of one field of a record."""
    return next(one["type"] for one in schema["fields"] if one["name"] == name)


def records(schema: Schema) -> dict[str, Schema]:
    """Give the records that a schema defines, by full name, itself last."""
    return {full_name(one): one for one in named_types(schema) if one["type"] == "record"}


def enums(schema: Any) -> str:  # noqa: ANN401 - a schema is any JSON
    """Give the table of the enums that a schema defines: name, meaning, symbols."""
    found = {full_name(one): one for one in named_types(schema) if one["type"] == "enum"}
    return table(("code", "ce qu’il dit", "valeurs"), _enum_rows(found))


def _enum_rows(found: Mapping[str, Schema]) -> Iterator[tuple[str, ...]]:
    for name, one in found.items():
        yield code(name), one["doc"], codes(one["symbols"])
