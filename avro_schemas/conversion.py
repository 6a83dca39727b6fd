"""Between the JSON of an example and the values that Avro's logical types give: dates, instants and bytes."""

import base64
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, TypeAlias

Named: TypeAlias = dict[str, Any]
Leaf: TypeAlias = Callable[[Any, Any], Any]
DAY_0: Final = datetime(1970, 1, 1, tzinfo=UTC)


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
            return {field["name"]: _member(value, field, named, leaf) for field in fields}
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


def _member(record: Mapping[str, Any], field: Mapping[str, Any], named: Named, leaf: Leaf) -> Any:  # noqa: ANN401 - JSON in, Avro values out
    """Give what the record says, else the default, which Avro writes its own way: days, microseconds, latin-1."""
    if field["name"] in record or "default" not in field:
        return _walk(field["type"], record[field["name"]], named, leaf)
    default = _walk(field["type"], field["default"], named, _leaf_from_default)
    return _walk(field["type"], default, named, leaf) if leaf is _leaf_to_json else default


def _leaf_from_default(schema: Any, value: Any) -> Any:  # noqa: ANN401 - any JSON value
    match schema:
        case {"logicalType": "date"}:
            return DAY_0.date() + timedelta(days=value)
        case {"logicalType": "timestamp-micros"}:
            return DAY_0 + timedelta(microseconds=value)
        case "bytes":
            return value.encode("latin-1")
        case _:
            return value


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
