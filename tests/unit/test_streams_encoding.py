"""The bytes of a person's state: what 0.1.0 wrote, facets with their versions, and what a later release adds."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from helpers.release import released
from helpers.stream_cases import event, part, phone, record
from hypothesis import given, settings
from hypothesis import strategies as st

import avro_schemas
from bus.errors import Misconfigured
from streams import encoding
from streams.encoding import FACETED, FLAT, decode, echeances, encode, head
from streams.facets.known import FACETS, Facet, FacetFields
from streams.fold import fold
from streams.person import NOBODY, State, Unread
from streams.store import Store

ENTREE, CONTACT = "rsa.droits_devoirs.entree", "contact.mis_a_jour"
LIFE = [record(CONTACT, scelle=[phone(b"a", print_=b"1")]), record(ENTREE, day=2), record(CONTACT, day=9)]
CLOCKS = st.dictionaries(st.text(max_size=12), st.integers(-(2**31), 2**31 - 1), max_size=4)
LATER = st.lists(st.builds(Unread, st.integers(6, 255), st.integers(0, 255), st.binary(max_size=40)), max_size=3)


def lived(*records: dict[str, Any], start: State = NOBODY) -> State:
    state = start
    for offset, one in enumerate(records):
        seen = event(one)
        state = fold(state, seen, None if one["type"] == CONTACT else "52", journal=7, offset=offset)
    return state


@settings(deadline=None)  # the first example loads tables
@given(st.integers(0, len(LIFE)), CLOCKS, LATER)
def test_a_state_with_facets_reads_back_as_it_was_written(count: int, dates: dict[str, int], later: list[Any]) -> None:
    state = lived(*LIFE[:count])._replace(echeances=dates, inconnues=tuple(later))
    data = encode(state)

    assert decode(data) == state
    assert encode(decode(data)) == data
    assert echeances(data) == dates
    assert (head(data).journal, head(data).vu) == (state.journal, state.vu)
    assert head(data).waiting == (state.attente_depuis is not None)
    assert data[0] == (FACETED if dates or later else FLAT)


def test_what_0_1_0_could_say_is_written_as_it_wrote_it() -> None:
    """Until something more is said, both releases may hold a partition in turns: what is written flat is version 1."""
    assert encode(lived(*LIFE))[0] == FLAT
    assert {facet.version for facet in FACETS} == {1}, "a facet written otherwise cannot be flat: encode must say so"


@pytest.mark.parametrize("release", released(), ids=lambda release: release.version)
def test_every_state_of_a_released_store_is_read_and_written_again_as_it_was(release: Any, tmp_path: Path) -> None:
    folders = sorted((release.open_in(tmp_path) / "etat").rglob("partition-*"))
    read = 0

    for folder in folders:
        store = Store(folder)
        for data in dict(store.items()).values():
            assert encode(decode(data)) == data
            read += 1
        assert store.meta.changelog
        assert list(store.due(2**20)) == []
        store.close()

    assert read > 10


def test_absent_facets_have_their_defaults() -> None:
    assert decode(bytes((FACETED,))) == NOBODY


def test_a_facet_of_a_later_release_is_still_there_after_every_fold() -> None:
    later = Unread(200, 3, b"what a later release knows")
    state = decode(encode(lived(LIFE[0])._replace(inconnues=(later,))))

    after = decode(encode(lived(*LIFE[1:], start=state)))

    assert after.inconnues == (later,)
    assert after._replace(inconnues=()) == lived(*LIFE[1:], start=lived(LIFE[0]))
    assert encode(after).endswith(later.content)


@pytest.mark.parametrize("missing", [1, 5])
def test_a_facet_whose_end_is_missing_is_refused_and_not_written_shorter(missing: int) -> None:
    data = encode(NOBODY._replace(inconnues=(Unread(200, 3, b"what a later release knows"),)))

    with pytest.raises(Misconfigured, match="tronqué dans sa facette 200"):
        decode(data[:-missing])


@contextmanager
def release(written: int, *read: int) -> Iterator[None]:
    """Be a release that writes the situations in some version and reads some: from 2 on, a byte more."""

    def write(state: State) -> bytes:
        said = situations.write(state)
        return said + b"+" if said and written == 2 else said

    def second(fields: FacetFields, data: bytes) -> None:
        assert data.endswith(b"+")
        situations.readers[1](fields, data[:-1])

    situations = FACETS[1]
    readers = {version: {1: situations.readers[1], 2: second}[version] for version in read}
    facets = tuple(Facet(one.tag, written, write, readers) if one is situations else one for one in FACETS)
    with patch.multiple(encoding, FACETS=facets, KNOWN={one.tag: one for one in facets}):
        yield


def test_a_facet_changes_in_two_releases_and_each_reads_what_its_neighbour_wrote() -> None:
    """Present, next (reads both, writes the former), the one after (writes the new): an upgrade and a downgrade."""
    state = lived(*LIFE)._replace(echeances={"x/52": 3})
    present = encode(state)
    with release(1, 1, 2):
        assert decode(present) == state
        between = encode(state)
    assert decode(between) == state, "back to the present one"
    with release(2, 1, 2):
        assert decode(between) == state
        after = encode(state)
    assert after != between
    with release(1, 1, 2):
        assert decode(after) == state, "back by one version"
        assert encode(decode(after)) == present


def test_a_version_that_cannot_be_read_is_refused_and_the_sentence_forbids_to_empty_anything() -> None:
    with release(2, 1, 2):
        data = encode(lived(*LIFE)._replace(echeances={"x/52": 3}))

    assert head(data).vu == len(LIFE) - 1
    with pytest.raises(Misconfigured, match=r"facette 2, version 2.*mettez bus stream à jour.*n’effacez ni"):
        decode(data)


def test_a_format_of_a_later_release_is_refused() -> None:
    for read in (decode, head, echeances):
        with pytest.raises(Misconfigured, match="format 127"):
            read(b"\x7f" + encode(NOBODY)[1:])


def test_contacts_and_identity_stand_on_this_layout_of_a_sealed_part() -> None:
    """A change here means that states in the field hold parts of another layout: raise the versions of those facets."""
    schema = avro_schemas.read(CONTACT)
    scelle = next(field for field in schema["fields"] if field["name"] == "scelle")

    assert [field["name"] for field in scelle["type"]["items"]["fields"]] == [
        "sorte",
        "cle_id",
        "version_schema",
        "octets",
        "canal",
        "type",
        "rang",
        "consentement",
        "source",
        "modifie_le",
        "empreinte",
    ]
    assert {facet.tag: facet.version for facet in FACETS if facet.tag in (3, 4)} == {3: 1, 4: 1}


def test_an_identity_alone_is_kept_with_when_it_was_observed() -> None:
    state = lived(record(ENTREE, scelle=[part(octets=b"who")]))._replace(echeances={"x/52": 1})

    assert decode(encode(state)).identite_observe == state.identite_observe
    assert state.identite is not None
