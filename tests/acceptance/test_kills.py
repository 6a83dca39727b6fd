"""K1: whatever dies, and wherever on the path, the oracle still holds."""

import os
import random
import signal
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.oracle import copies
from helpers.run import AUTHORITIES, SUBSCRIBERS, Run
from helpers.size import size
from helpers.subscribers import Subscriber, subscribed
from helpers.system import running, synth
from helpers.wait import eventually

from bus.roles import ROLES

FAILPOINTS = [
    "ingest.mid_file",
    "ingest.after_verdict",
    "relay.after_ack",
    "stream.after_output",
    "stream.after_changelog",
    "stream.after_state",
    "deliver.after_intake",
    "deliver.after_success",
]
PROCESSES = ["kafka", "base", "registre", *ROLES]
KILLS_THAT_MAY_REPEAT_A_DELIVERY = {"deliver", "base", "kafka"}
IN_FLIGHT_PER_ENDPOINT = 64
RESULTS_IN_50_MS = 150  # three thousand results a second


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("kills")
    tokens = folder / "failpoints"
    tokens.mkdir()
    world = synth(
        folder / "monde",
        authorities=AUTHORITIES,
        households=size().households,
        months=size().months,
        seed=11,
        options=[],
    )
    with (
        running(folder / "bus", BUS_FAILPOINTS_DIR=str(tokens)) as system,
        subscribed(system, SUBSCRIBERS, folder) as receivers,
    ):
        run = Run(system, world, receivers)
        storm(run, tokens)
        run.settle(timeout=600)
        yield run


def storm(run: Run, tokens: Path) -> None:
    """Feed the world while every process is killed and every failpoint is hit, a little every day."""
    chance = random.Random(11)  # noqa: S311 - a reproducible storm
    days = run.world.days(11)
    hits = [name for name in FAILPOINTS for _ in range(size().hits_per_failpoint)]
    kills = [name for name in PROCESSES for _ in range(size().kills_per_process)]
    chance.shuffle(hits)
    chance.shuffle(kills)
    hits_a_day, kills_a_day = -(-len(hits) // (len(days) - 2)), -(-len(kills) // (len(days) - 2))
    for index, day in enumerate(days):
        todays_hits = [hits.pop() for _ in range(min(len(hits), hits_a_day))]
        for number, name in enumerate(todays_hits):
            (tokens / f"{name}@{chance.randint(1, 2)}#{index}-{number}").touch()
        for _ in range(min(len(kills), kills_a_day)):
            kill(run, kills.pop())
        run.feed_day(day, chance, timeout=300)
    assert not hits
    assert not kills


def kill(run: Run, name: str) -> None:
    """End a living process of the system, once it lives."""
    eventually(lambda: _killed(run.system.pids().get(name)), timeout=120, what=f"{name} alive, to be killed")


def _killed(pid: int | None) -> bool:
    if pid is None:
        return False
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:  # it died of something else since it was listed
        return False
    return True


def hits(run: Run) -> Counter[str]:
    log = Path(run.system.env["BUS_FAILPOINTS_DIR"]) / "hits.log"
    return Counter(log.read_text().split())


def test_every_failpoint_was_hit(run: Run) -> None:
    found = hits(run)

    assert {name: found[name] for name in FAILPOINTS if found[name] < size().hits_per_failpoint} == {}


@pytest.mark.parametrize("subscriber", SUBSCRIBERS, ids=lambda s: s.name)
def test_a_subscriber_still_receives_the_truth(run: Run, subscriber: Subscriber) -> None:
    run.check(subscriber)


@pytest.mark.parametrize("subscriber", SUBSCRIBERS, ids=lambda s: s.name)
def test_each_person_is_still_told_in_order_without_gap(run: Run, subscriber: Subscriber) -> None:
    lanes: dict[str, list[int]] = defaultdict(list)
    for body in run.bodies(subscriber):
        lanes[body["subject"]].append(body["sequence"])

    assert {subject: seen for subject, seen in lanes.items() if seen != list(range(1, len(seen) + 1))} == {}


def test_copies_are_few_and_carry_the_same_webhook_id(run: Run) -> None:
    deaths = 3 * size().hits_per_failpoint + len(KILLS_THAT_MAY_REPEAT_A_DELIVERY) * size().kills_per_process
    total = 0
    for receiver in run.receivers.values():
        lanes = Counter((line["corps"]["subject"], line["webhook_id"]) for line in receiver.lines())
        assert all(count - 1 <= deaths for count in lanes.values())
        total += copies(receiver.lines())

    assert total <= deaths * (IN_FLIGHT_PER_ENDPOINT * len(SUBSCRIBERS) + RESULTS_IN_50_MS)


def test_the_system_is_whole_again(run: Run) -> None:
    eventually(run.system.ready, timeout=120, what="every part ready after the storm")
