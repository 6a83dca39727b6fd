"""Parts put into a body as bytes: the same bytes as the library's, whatever the parts."""

from typing import Any

from helpers.records import example
from hypothesis import given
from hypothesis import strategies as st

import avro_schemas
from bus.codec import decode_body, encode_body
from producers.journal import splicing

BARE = dict.fromkeys(splicing.CLEAR_FIELDS)
PARTS = st.builds(
    lambda sorte, cle_id, version, octets: {
        "sorte": sorte, "cle_id": cle_id, "version_schema": version, "octets": octets, **BARE,
    },
    st.sampled_from(["identite", "nir", "matricule", "adresse", "contact", "motifs"]),
    st.text(max_size=200),
    st.integers(0, 2**20),
    st.binary(max_size=40_000),
)  # fmt: skip


def record(parts: list[dict[str, Any]]) -> dict[str, Any]:
    title = min(avro_schemas.examples("rsa.etat.publie", 1))
    return example("rsa.etat.publie", title) | {"scelle": parts, "enrichissement": None}


@given(st.lists(PARTS, max_size=5))
def test_the_bytes_are_those_of_the_library(parts: list[dict[str, Any]]) -> None:
    event = record(parts)

    assert splicing.body("rsa.etat.publie", event) == encode_body("rsa.etat.publie", event)


def test_parts_that_say_something_in_clear_take_the_ordinary_way() -> None:
    part = {"sorte": "contact", "cle_id": "k", "version_schema": 1, "octets": b"x"} | BARE
    event = record([part | {"canal": "telephone", "type": "mobile", "rang": 1}, part])

    found = decode_body("rsa.etat.publie", 1, splicing.body("rsa.etat.publie", event))

    assert [one["canal"] for one in found["scelle"]] == ["telephone", None]


def test_the_schema_of_a_part_is_the_one_that_is_spliced() -> None:
    (scelle,) = [one for one in avro_schemas.read("rsa.etat.publie", 1)["fields"] if one["name"] == "scelle"]
    part = scelle["type"]["items"]

    fields = [one["name"] for one in part["fields"]]
    assert fields == ["sorte", "cle_id", "version_schema", "octets", *splicing.CLEAR_FIELDS]
    assert part["fields"][0]["type"]["symbols"] == list(splicing._SORTES)
