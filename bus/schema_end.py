"""Whether two schemas of an event end alike: bytes appended under one then say the same under the other."""

from collections.abc import Mapping
from typing import Any

from fastavro.schema import expand_schema


def end(schema: Mapping[str, Any]) -> object:
    """Give the last field of an event as far as it decides bytes, every type that it refers to included."""
    last = expand_schema(dict(schema))["fields"][-1]
    return last["name"], _bytes_of(last["type"])


def _bytes_of(schema: Any) -> object:  # noqa: ANN401 - a schema is any JSON
    """Leave out what changes no byte: documentation, notes, defaults."""
    match schema:
        case list():
            return [_bytes_of(branch) for branch in schema]
        case {"fields": fields}:
            return schema["name"], [(field["name"], _bytes_of(field["type"])) for field in fields]
        case dict():
            return {key: _bytes_of(schema[key]) for key in ("type", "name", "symbols", "items") if key in schema}
        case _:
            return schema
