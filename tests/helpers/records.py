"""Records that a schema allows, drawn by hypothesis, and the examples of the contract as Avro values."""

import string
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

import avro_schemas
from avro_schemas.conversion import from_json

Draw = st.SearchStrategy[Any]

LEAVES: dict[str, Draw] = {
    "null": st.none(),
    "boolean": st.booleans(),
    "int": st.integers(-(2**31), 2**31 - 1),
    "bytes": st.binary(max_size=80),
    "string": st.text(max_size=20),
}
LOGICAL: dict[str, Draw] = {
    "date": st.dates(),
    "timestamp-micros": st.integers(-(2**50), 2**57).map(
        lambda micros: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
    ),
}


def example(name: str, title: str) -> dict[str, Any]:
    """Give one example of the newest version, dates and bytes as Avro gives them back."""
    version = avro_schemas.versions(name)[-1]
    record: dict[str, Any] = from_json(avro_schemas.read(name, version), avro_schemas.examples(name, version)[title])
    return record


def records(schema: Any, named: dict[str, Draw] | None = None) -> Draw:
    """Draw any value of a schema; `regle` is never empty nor ended by NUL, which the codec refuses in an enrichment."""
    known = {} if named is None else named
    match schema:
        case list():
            return st.one_of([records(branch, known) for branch in schema])
        case {"logicalType": logical}:
            return LOGICAL[logical]
        case {"type": "array", "items": items}:
            return st.lists(records(items, known), max_size=3)
        case {"type": "enum", "namespace": namespace, "name": name, "symbols": symbols}:
            return known.setdefault(f"{namespace}.{name}", st.sampled_from(symbols))
        case {"type": "record", "namespace": namespace, "name": name, "fields": fields}:
            members = {field["name"]: _member(field, known) for field in fields}
            return known.setdefault(f"{namespace}.{name}", st.fixed_dictionaries(members))
        case _:
            return known[schema] if schema in known else LEAVES[schema]


def _member(field: dict[str, Any], known: dict[str, Draw]) -> Draw:
    if field["name"] == "regle" and field["type"] == "string":
        return st.text(string.ascii_lowercase + "-é1", min_size=1, max_size=20)
    return records(field["type"], known)
