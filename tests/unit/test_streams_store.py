"""The local store of a partition and the folder that one process holds."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from streams.store import META, Meta, Store, claim


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
