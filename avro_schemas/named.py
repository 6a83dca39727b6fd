"""The named types of a schema: records and enums, whom they are told apart by."""

from collections.abc import Iterator
from typing import Any, TypeAlias

Schema: TypeAlias = dict[str, Any]
"""A parsed ``.avsc``: plain JSON, in the order of the file."""


def named_types(schema: Any) -> Iterator[Schema]:  # noqa: ANN401 - a schema is any JSON
    """Give every record and enum defined in a schema, inner ones first."""
    match schema:
        case list():
            for branch in schema:
                yield from named_types(branch)
        case {"type": "array", "items": items}:
            yield from named_types(items)
        case {"type": "record", "fields": fields}:
            for field in fields:
                yield from named_types(field["type"])
            yield schema
        case {"type": "enum"}:
            yield schema
        case _:
            return


def full_name(schema: Schema) -> str:
    """Give the full name of a named type."""
    return f"{schema['namespace']}.{schema['name']}"
