"""The stream stage on a real broker beside another release: one with a rule that derives, one with a facet more."""

import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
from helpers.stream_lives import check_states, life, prepared, somebody
from helpers.stream_other import seen
from helpers.stream_rules import TYPE, deriver
from helpers.stream_worker import Bench, Worker
from helpers.wait import eventually

from bus import kafka, topics
from bus.platform import Platform
from streams.encoding import decode
from streams.facets.echeances import Due
from streams.store import Store


@pytest.fixture
def bench(platform: Platform, tmp_path: Path) -> Bench:
    made = prepared(platform, tmp_path)
    made.derive = deriver(made.codec)
    return made


def stopped(worker: Worker) -> None:
    worker.signal(signal.SIGTERM)
    assert worker.ended() == 0


def due(bench: Bench) -> set[Due]:
    """Give what the indexes of the partitions' stores hold of our persons; no worker runs."""
    found: set[Due] = set()
    for folder in sorted((bench.folder / "etat").rglob("partition-*")):
        store = Store(folder)
        found |= {one for one in store.due(2**20) if one.subject.decode() in bench.persons}
        store.close()
    return found


def told(bench: Bench, message: Any) -> str | None:
    """Give the type of a record about our persons."""
    ours = message.key().decode() in bench.persons
    return str(bench.codec.envelope(message.value())["type"]) if ours else None


def of_type(bench: Bench, authority: str) -> list[tuple[str, str]]:
    """Give the derived events that an authority must have, by their place."""
    expected = bench.expected.items()
    return [at for at, value in expected if at[0] == authority and bench.codec.envelope(value)["type"] == TYPE]


def owed(bench: Bench) -> set[Due]:
    persons = bench.persons.items()
    return {Due(day, key.encode(), clock) for key, state in persons for clock, day in state.echeances.items()}


def test_derived_events_reach_their_authority_and_a_kill_repeats_only_exact_copies(bench: Bench) -> None:
    tokens = bench.folder / "failpoints"
    tokens.mkdir()
    (tokens / "stream.after_output@1#0").touch()
    lives = [life(somebody()) for _ in range(5)]

    with bench.worker(other="derives", BUS_FAILPOINTS_DIR=str(tokens)) as worker:
        bench.feed(*(one for turn in zip(*lives, strict=True) for one in turn))
        assert worker.ended() == -signal.SIGKILL
        worker.start()
        bench.settle("52", "21")
        check_states(bench)

    derived = [m for m in bench.read(topics.departement("52")) if told(bench, m) == TYPE]
    assert {kafka.header(m.headers(), "ce_id") for m in derived} == {id_.encode() for _, id_ in of_type(bench, "52")}
    for message in derived:
        assert kafka.header(message.headers(), "ce_autorite") == b"52"
        assert kafka.header(message.headers(), "ce_source") == b"insertion-bus"
        assert kafka.header(message.headers(), "traceparent")


def test_due_dates_are_indexed_rebuilt_from_the_changelog_and_gone_with_the_person(bench: Bench) -> None:
    erased = somebody()
    lives = [life(erased)[:4], *(life(somebody())[:4] for _ in range(4))]

    with bench.worker(other="derives") as worker:
        bench.feed(*(one for events in lives for one in events))
        bench.settle("52")
        check_states(bench)
        stopped(worker)
        assert due(bench) == owed(bench) != set()

        shutil.rmtree(bench.folder / "etat")
        worker.start()
        eventually(lambda: worker.said("state restored") == 24, timeout=40, what="twelve partitions, twice")
        stopped(worker)
        assert due(bench) == owed(bench)

        worker.start()
        bench.feed_raw(erased, None)
        eventually(lambda: erased not in bench.states(), timeout=40, what="the tombstone")
        stopped(worker)

    assert due(bench) == {one for one in owed(bench) if one.subject != erased.encode()}


def test_a_facet_of_a_newer_worker_survives_the_present_one_and_is_continued(bench: Bench) -> None:
    """An upgrade begun and taken back: newer, present beside it, present alone on another machine, newer again."""
    bench.derive = None
    lives = [life(somebody()) for _ in range(12)]

    def feed(*turns: int) -> None:
        bench.feed(*(one[turn] for turn in turns for one in lives))
        bench.settle("52")
        check_states(bench)

    with bench.worker(other="newer") as newer:
        feed(0, 1)
        with bench.worker("etat-present") as present:
            eventually(lambda: present.said("state restored") > 0, timeout=40, what="partitions handed over")
            feed(2)
            stopped(newer)
            feed(3)
            stopped(present)
        newer.start()
        feed(4)

    for events in lives:
        _, rows = bench.changelog()[events[0]["cle_personne"]]
        numbers = [seen(decode(row)) for row in rows if row is not None]
        assert numbers == sorted(numbers)
        assert numbers[-1] in (3, 4)  # the third event was handled by either
