"""The JSON of the examples and Avro's values convert both ways."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from helpers.records import records
from hypothesis import given
from hypothesis import strategies as st

from avro_schemas import names, read
from avro_schemas.conversion import from_json, to_json

SCHEMA = {
    "type": "record",
    "namespace": "essai",
    "name": "tout",
    "fields": [
        {"name": "jour", "type": ["null", {"type": "int", "logicalType": "date"}], "default": None},
        {"name": "instant", "type": {"type": "long", "logicalType": "timestamp-micros"}},
        {"name": "octets", "type": {"type": "array", "items": "bytes"}},
    ],
}


@given(
    drawn=st.sampled_from(names()).flatmap(lambda name: st.tuples(st.just(name), records(read(name)))),
)
def test_a_record_survives_json(drawn: tuple[str, dict[str, Any]]) -> None:
    name, record = drawn

    assert from_json(read(name), to_json(read(name), record)) == record


def test_strings_become_dates_instants_and_bytes_and_an_absent_default_is_filled() -> None:
    given_json = {"instant": "2026-03-02T01:00:00+01:00", "octets": ["AAE="]}

    record = from_json(SCHEMA, given_json)

    assert record == {"jour": None, "instant": datetime(2026, 3, 2, tzinfo=UTC), "octets": [b"\0\1"]}
    assert from_json(SCHEMA, {**given_json, "jour": "2026-03-02"})["jour"] == date(2026, 3, 2)


@pytest.mark.parametrize("change", [{"jour": "hier"}, {"instant": "midi"}, {"octets": ["#"]}])
def test_what_is_no_date_instant_or_base64_is_a_value_error(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_json(SCHEMA, {"instant": "2026-03-02T00:00:00+00:00", "octets": [], **change})


def test_an_absent_field_without_default_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="octets"):
        from_json(SCHEMA, {"instant": "2026-03-02T00:00:00+00:00"})
