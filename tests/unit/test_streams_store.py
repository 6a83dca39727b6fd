"""The local store of a partition and the folder that one process holds."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import orjson
from hypothesis import given
from hypothesis import strategies as st

from streams.encoding import encode
from streams.facets.echeances import Due, Moves, due, key, moves
from streams.person import NOBODY, State
from streams.state import Partition, encoded
from streams.store import INDEXED, META, PERSON, Meta, Store, claim


def test_states_and_what_they_reflect_come_back_together(tmp_path: Path) -> None:
    meta = Meta(changelog="c", next_offset=7, journal=-3, folded_to=41, waiting=2, written_at=12.5)
    store = Store(tmp_path / "p")
    store.write({b"one": b"1", b"two": b"2"}, meta)
    store.write({b"one": None}, replace(meta, next_offset=8))
    store.close()

    again = Store(tmp_path / "p")

    assert again.meta == replace(meta, next_offset=8)
    assert (again.get(b"one"), again.get(b"two")) == (None, b"2")
    assert list(again.items()) == [(b"two", b"2")]
    again.close()


def test_no_key_from_outside_meets_the_stores_own(tmp_path: Path) -> None:
    store = Store(tmp_path / "p")
    store.write({META: b"hostile"}, Meta(next_offset=3))
    store.write({META: None}, Meta(next_offset=4))
    store.close()

    again = Store(tmp_path / "p")

    assert again.meta.next_offset == 4
    again.close()


def test_a_cleared_store_knows_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path / "p")
    store.write({b"one": b"1"}, Meta(next_offset=3))

    store.clear()

    assert (store.get(b"one"), store.meta) == (None, Meta())
    store.close()


def test_each_process_takes_a_folder_of_its_own_and_a_dead_one_frees_it(tmp_path: Path) -> None:
    first, lock = claim(tmp_path)
    second, other = claim(tmp_path)

    script = (
        "import sys; from pathlib import Path; from streams.store import claim; print(claim(Path(sys.argv[1]))[0].name)"
    )
    third = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True, timeout=60
    ).stdout.strip()
    os.close(lock)
    again, lock = claim(tmp_path)

    assert len({first.name, second.name, third}) == 3
    assert again == first
    os.close(lock)
    os.close(other)


DUE = {"x/52": 20_600, "y/21": 20_590}


def moved(subject: bytes, before: dict[str, int], after: dict[str, int]) -> Moves:
    return moves([(subject, before, after)])


def test_due_dates_are_found_in_order_up_to_a_day(tmp_path: Path) -> None:
    store = Store(tmp_path / "p")
    store.write({}, Meta(), moves([(b"one", {}, DUE), (b"tw\x00o", {}, {"x/52": -5, "z": 20_591})]))

    assert [*store.due(20_591)] == [
        Due(-5, b"tw\x00o", "x/52"),
        Due(20_590, b"one", "y/21"),
        Due(20_591, b"tw\x00o", "z"),
    ]
    assert [*store.due(-6)] == []
    store.close()


def test_a_due_date_that_moves_or_is_cleared_leaves_nothing_behind(tmp_path: Path) -> None:
    store = Store(tmp_path / "p")
    store.write({}, Meta(), moved(b"one", {}, DUE))
    store.write({}, Meta(), moved(b"one", DUE, {"x/52": 20_700}))

    assert [*store.due(30_000)] == [Due(20_700, b"one", "x/52")]
    store.write({}, Meta(), moved(b"one", {"x/52": 20_700}, {}))
    assert [*store.due(30_000)] == []
    store.close()


def test_an_erased_person_has_no_due_date_left(tmp_path: Path) -> None:
    store = Store(tmp_path / "p")
    partition, state = Partition(store), NOBODY._replace(vu=1, echeances=DUE)
    written: list[State | None] = [state, None]
    found = []
    for one in written:
        partition.write({b"one": one}, encoded({b"one": one}), Meta())
        found.append(len([*store.due(30_000)]))

    assert found == [2, 0]
    assert store.get(b"one") is None
    store.close()


def test_an_index_that_is_absent_is_made_from_what_persons_say(tmp_path: Path) -> None:
    """As in a store that 0.1.0 wrote, or one indexed in another order; nothing of an older index stays."""
    store = Store(tmp_path / "p")
    states = {b"one": encode(NOBODY._replace(echeances=DUE)), b"two": encode(NOBODY)}
    store.write(states, Meta(next_offset=3), moved(b"gone", {}, DUE))
    store._db.delete(INDEXED)
    store.close()

    again = Store(tmp_path / "p")

    assert [*again.due(30_000)] == [Due(20_590, b"one", "y/21"), Due(20_600, b"one", "x/52")]
    assert (again.meta.next_offset, dict(again.items())) == (3, states)
    again.close()


def test_no_person_is_taken_for_a_due_date_nor_the_reverse(tmp_path: Path) -> None:
    store = Store(tmp_path / "p")
    names = [INDEXED, META, b"e", b"p", b"\xff"]
    store.write(dict.fromkeys(names, b"\x02"), Meta(), moves([(name, {}, DUE) for name in names]))

    assert sorted(dict(store.items())) == sorted(names)
    assert {one.subject for one in store.due(30_000)} == {*names}
    store.close()


@given(st.lists(st.builds(Due, st.integers(-(2**31), 2**31 - 1), st.binary(max_size=9), st.text(max_size=9))))
def test_keys_of_due_dates_sort_by_day_and_read_back(dues: list[Due]) -> None:
    assert [due(key(one)).day for one in sorted(dues, key=key)] == sorted(one.day for one in dues)
    assert [due(key(one)) for one in dues] == dues


def test_0_1_0_opens_a_store_of_this_release(tmp_path: Path) -> None:
    """It makes its Meta of these fields and no other, and takes every key from PERSON on for a person's."""
    store = Store(tmp_path / "p")
    store.write({b"one": encode(NOBODY)}, Meta(), moved(b"one", {}, DUE))

    said = orjson.loads(store._db.get(META))
    beside = [known for known, _ in store._db.items() if not known.startswith(PERSON)]
    store.close()

    assert said.keys() == {"changelog", "next_offset", "journal", "folded_to", "waiting", "written_at"}
    assert len(beside) == 4
    assert max(beside) < PERSON
