"""Walks a schema of any shape: its fields with their paths, its types, and what a name stands for."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from avro_schemas import Schema
from avro_schemas.named import full_name, named_types

PRIMITIVES: Final = frozenset(("null", "boolean", "int", "long", "bytes", "string"))
CLASSES: Final = frozenset(f"S{number}" for number in range(8))
HIDDEN: Final = frozenset(("S2", "S3", "S5", "S6"))
"""The classes of what travels sealed."""
LOGICAL: Final[Mapping[str, str]] = {"date": "int", "timestamp-micros": "long"}


def fields(schema: Any, path: str = "") -> Iterator[tuple[str, Schema]]:  # noqa: ANN401 - a schema is any JSON
    """Give each field defined in a schema with its dotted path, outer ones first."""
    for place, node in nodes(schema, path):
        if isinstance(node, dict) and node.get("type") == "record":
            for field in node["fields"]:
                yield _under(place, field["name"]), field


def nodes(schema: Any, path: str = "") -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - a schema is any JSON
    """Give each type written in a schema with the path of the field that holds it, outer ones first."""
    yield path, schema
    match schema:
        case list():
            for branch in schema:
                yield from nodes(branch, path)
        case {"type": "array", "items": items}:
            yield from nodes(items, path)
        case {"type": "record", "fields": members}:
            for field in members:
                yield from nodes(field["type"], _under(path, field["name"]))
        case _:
            pass


def names(schema: Schema) -> dict[str, Schema]:
    """Give the named types of a schema by full name."""
    return {full_name(named): named for named in named_types(schema)}


def supported(node: Any, known: Mapping[str, Schema]) -> bool:  # noqa: ANN401 - a schema is any JSON
    """Tell whether generation, conversion and the stream's readers know this shape, whatever it holds."""
    match node:
        case str():
            return node in PRIMITIVES or node in known
        case ["null", inner]:
            return inner not in ("null", ["null"]) and not isinstance(inner, list)
        case {"type": "int" | "long" as underlying, "logicalType": logical}:
            return bool(LOGICAL.get(logical) == underlying)
        case {"type": "array", "items": _}:
            return True
        case {"type": "record" | "enum", "namespace": _, "name": _}:
            return True
        case _:
            return False


def _under(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def at(version: object, path: str) -> str:
    """Give how messages call a field of a version, or the version itself."""
    return f"{version}, champ {path}" if path else str(version)
