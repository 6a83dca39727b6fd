"""Between the JSON of an example and the values that Avro's logical types give: dates, instants and bytes."""

import base64
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, TypeAlias

Named: TypeAlias = dict[str, Any]
Leaf: TypeAlias = Callable[[Any, Any], Any]


def from_json(schema: Mapping[str, Any], value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Give the record that an example describes: ISO strings become dates and UTC instants, base64 becomes bytes.

    Raises:
        ValueError: a string is no date, instant or base64.
        KeyError: a field without default is absent.
    """
    return _walk(schema, value, {}, _leaf_from_json)


def to_json(schema: Mapping[str, Any], value: Any) -> Any:  # noqa: ANN401 - any decoded value
    """Give the JSON of a decoded record; the inverse of ``from_json``."""
    return _walk(schema, value, {}, _leaf_to_json)


def _walk(schema: Any, value: Any, named: Named, leaf: Leaf) -> Any:  # noqa: ANN401 - JSON in, Avro values out
    match schema:
        case str() if schema in named:
            return _walk(named[schema], value, named, leaf)
        case list():
            _learn(schema[-1], named)
            return None if value is None else _walk(schema[-1], value, named, leaf)
        case {"type": "array", "items": items}:
            _learn(items, named)
            return [_walk(items, item, named, leaf) for item in value]
        case {"type": "record", "fields": fields}:
            _learn(schema, named)
            return {field["name"]: _walk(field["type"], _given(value, field), named, leaf) for field in fields}
        case _:
            return leaf(schema, value)


def _learn(schema: Any, named: Named) -> None:  # noqa: ANN401 - a schema is any JSON
    """Remember named types in the order of the text, also under an empty array or a null: later ones refer to them."""
    match schema:
        case list():
            for branch in schema:
                _learn(branch, named)
        case {"type": "array", "items": items}:
            _learn(items, named)
        case {"type": "record" | "enum", "namespace": namespace, "name": name}:
            named[f"{namespace}.{name}"] = schema
            for field in schema.get("fields", ()):
                _learn(field["type"], named)
        case _:
            pass


def _given(record: Mapping[str, Any], field: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON value
    return record.get(field["name"], field["default"]) if "default" in field else record[field["name"]]


def _leaf_from_json(schema: Any, value: Any) -> Any:  # noqa: ANN401 - any JSON value
    match schema:
        case {"logicalType": "date"}:
            return date.fromisoformat(value)
        case {"logicalType": "timestamp-micros"}:
            return datetime.fromisoformat(value)
        case "bytes":
            return base64.b64decode(value, validate=True)
        case _:
            return value


def _leaf_to_json(schema: Any, value: Any) -> Any:  # noqa: ANN401 - any decoded value
    match schema:
        case {"logicalType": "date" | "timestamp-micros"}:
            return value.isoformat()
        case "bytes":
            return base64.b64encode(value).decode("ascii")
        case _:
            return value
