"""The stream stage on a real broker: what survives being killed anywhere, moved, put to sleep or cut off."""

import shutil
import signal
from functools import partial
from pathlib import Path

import pytest
from helpers.stream_lives import check_states, crowd, life, prepared, somebody
from helpers.stream_worker import Bench, Worker
from helpers.wait import eventually

from bus.platform import Platform


@pytest.fixture
def bench(platform: Platform, tmp_path: Path) -> Bench:
    return prepared(platform, tmp_path)


def grown(bench: Bench, already: int) -> bool:
    return len(bench.routed("52")) > already


@pytest.mark.parametrize("point", ["stream.after_output", "stream.after_changelog", "stream.after_state"])
def test_a_kill_at_any_point_loses_nothing_and_repeats_only_exact_copies(bench: Bench, point: str) -> None:
    tokens = bench.folder / "failpoints"
    tokens.mkdir()
    for number, count in enumerate((1, 2)):
        (tokens / f"{point}@{count}#{number}").touch()

    with bench.worker(BUS_FAILPOINTS_DIR=str(tokens)) as worker:
        for _ in range(2):
            crowd(bench, 20)
            assert worker.ended() == -signal.SIGKILL
            worker.start()
        bench.settle("52", "21")
        check_states(bench)

    assert (tokens / "hits.log").read_text().split() == [point] * 2


def test_a_clean_stop_makes_no_copy(bench: Bench) -> None:
    with bench.worker() as worker:
        for _ in range(3):
            already = len(bench.routed("52"))
            crowd(bench, 20)
            eventually(partial(grown, bench, already), timeout=40, what="a new output")
            worker.signal(signal.SIGTERM)
            assert worker.ended() == 0
            worker.start()
        bench.settle("52", "21")

    ids = [id_ for code in ("52", "21") for _, id_, _ in bench.routed(code)]
    assert len(ids) == len(set(ids))


def test_a_lost_store_is_rebuilt_from_the_changelog(bench: Bench) -> None:
    person = somebody()
    first, rest = life(person)[:4], life(person)[4:]
    with bench.worker() as worker:
        bench.feed(*first)
        bench.settle("52")
        worker.kill()
        shutil.rmtree(bench.folder / "etat")
        worker.start()

        bench.feed(*rest)
        bench.settle("52", "21")
        check_states(bench)


def test_a_restart_reads_only_the_tail_of_the_changelog(bench: Bench) -> None:
    with bench.worker() as worker:
        crowd(bench, 10)
        bench.settle("52", "21")
        worker.signal(signal.SIGTERM)
        assert worker.ended() == 0
        before = worker.said('"records": 0')
        worker.start()
        eventually(lambda: worker.said('"records": 0') == before + 12, timeout=30, what="twelve empty tails")


def test_two_workers_share_the_partitions_and_lose_nothing(bench: Bench) -> None:
    with bench.worker() as first, bench.worker() as second:  # the same folder: each takes its own part of it
        crowd(bench, 30)
        eventually(
            lambda: first.said("state restored") > 0 and second.said("state restored") > 0,
            timeout=40,
            what="two members",
        )
        crowd(bench, 30)
        first.signal(signal.SIGTERM)
        assert first.ended() == 0
        crowd(bench, 30)
        bench.settle("52", "21")
        check_states(bench)


def test_a_worker_that_wakes_after_its_session_undoes_nothing(bench: Bench) -> None:
    persons = [somebody() for _ in range(30)]
    with bench.worker() as sleeper:
        bench.feed(*(one for person in persons for one in life(person)[:2]))
        sleeper_busy(bench, sleeper)
        sleeper.signal(signal.SIGSTOP)
        with bench.worker("autre"):
            bench.feed(*(one for person in persons for one in life(person)[2:5]))
            bench.settle("52")
            sleeper.signal(signal.SIGCONT)
            bench.feed(*(one for person in persons for one in life(person)[5:]))
            bench.settle("52", "21")
        check_states(bench)


@pytest.mark.parametrize("down", [False, True])
def test_an_older_state_written_by_a_lost_worker_does_not_stay(bench: Bench, *, down: bool) -> None:
    lives = {one[0]["cle_personne"]: one for one in (life(somebody()) for _ in range(13))}
    with bench.worker() as worker:
        bench.feed(*(one for events in lives.values() for one in events[:2]))
        bench.settle("52")
        check_states(bench)
        victim, neighbour, partition, older = neighbours(bench)
        bench.feed(*lives[victim][2:4])
        check_states(bench)
        if down:
            worker.signal(signal.SIGTERM)
            assert worker.ended() == 0

        bench.write_state(victim, partition, older)
        if down:
            worker.start()
        bench.feed(*lives[neighbour][2:4])

        check_states(bench)
        assert worker.said("state repaired in the changelog") == 1


def neighbours(bench: Bench) -> tuple[str, str, int, bytes | None]:
    """Give two persons of one partition (among 13 there are two), it, and the present state of the first."""
    seen: dict[int, str] = {}
    for key, (partition, rows) in bench.changelog().items():
        if partition in seen:
            return key, seen[partition], partition, rows[-1]
        seen[partition] = key
    raise AssertionError("fewer persons than partitions")


def sleeper_busy(bench: Bench, worker: Worker) -> None:
    eventually(lambda: worker.code is None and bool(bench.routed("52")), timeout=40, what="a first output")


def test_a_broker_that_dies_and_returns_costs_nothing_but_time(bench: Bench, platform: Platform) -> None:
    with bench.worker() as worker:
        crowd(bench, 20)
        bench.settle("52", "21")

        platform.kill("kafka")
        platform.restart("kafka")
        crowd(bench, 20)
        bench.settle("52", "21", timeout=90)

        check_states(bench)
        assert worker.code is None
