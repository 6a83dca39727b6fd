"""`kill -9` of the dispatcher and of a receiver: nothing lost, order kept, copies few and the same."""

import signal
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.delivered import delivering_apart
from helpers.deliveries import Delivering, Receiving, entry, new_people, produce
from helpers.wait import eventually

from bus.platform import Platform
from consumers.dispatch.gate import Rules

PEOPLE, ROUNDS = 25, 4
TOTAL = PEOPLE * ROUNDS
FAST = {"BUS_DELIVER_LADDER": "[0.05, 0.1, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2]", "BUS_DELIVER_PROBES": "[0.2, 0.4]"}


@pytest.fixture
def world(platform: Platform, tmp_path: Path) -> Iterator[Delivering]:
    (tmp_path / "points").mkdir()
    with delivering_apart(platform, tmp_path, **FAST) as found:
        yield found


def subscriber(world: Delivering) -> Receiving:
    receiver = world.receiver(f"cd-{uuid.uuid4().hex[:8]}")
    world.subscribe(f"o-{receiver.name}", receiver)
    return receiver


def points(world: Delivering, *tokens: str) -> dict[str, str]:
    """Arm failpoints (``name@count#n``) and give the variable that a process needs to see them."""
    for token in tokens:
        (world.folder / "points" / token).touch()
    return {"BUS_FAILPOINTS_DIR": str(world.folder / "points")}


def feed(world: Delivering) -> None:
    people = new_people(world.settings, PEOPLE)
    produce(world.settings, [entry(person) for _ in range(ROUNDS) for person in people])


def restart_until_done(world: Delivering, receiver: Receiving, env: dict[str, str], *, kills: int) -> None:
    """Start the dispatcher again each time it dies, until everything has arrived and is recorded."""
    for _ in range(kills):
        assert world.deliver(**env).wait(90) == -signal.SIGKILL
    world.deliver(**env)
    eventually(
        lambda: world.states(receiver.name) == {"livree": TOTAL},
        timeout=90,
        what=lambda: f"all delivered, found {world.states(receiver.name)}",
    )


def arrived(receiver: Receiving, count: int) -> None:
    eventually(lambda: len(receiver.bodies()) >= count, timeout=90, what=f"{count} deliveries")


def check(receiver: Receiving, *, copies: int) -> None:
    """Each delivery once, in order, without a hole; a copy carries the same id and says the same thing."""
    lines = receiver.lines()
    first: dict[str, Any] = {}
    for line in lines:
        assert first.setdefault(line["webhook_id"], line["corps"]) == line["corps"]
    assert len(first) == TOTAL
    assert len(lines) - len(first) <= copies
    numbers: dict[str, list[int]] = {}
    for body in receiver.bodies():
        numbers.setdefault(body["subject"], []).append(body["sequence"])
    assert Counter(map(tuple, numbers.values())) == Counter({tuple(range(1, ROUNDS + 1)): PEOPLE})


def test_killed_after_intake_nothing_is_taken_twice_or_lost(world: Delivering) -> None:
    receiver = subscriber(world)
    receiver.start()
    env = points(world, "deliver.after_intake@1#1")
    feed(world)

    restart_until_done(world, receiver, env, kills=1)

    check(receiver, copies=int(Rules().max_window))


def test_killed_between_an_answer_and_its_record_the_copy_is_the_same(world: Delivering) -> None:
    receiver = subscriber(world)
    receiver.start()
    env = points(world, "deliver.after_success@1#1", "deliver.after_success@7#2", "deliver.after_success@30#3")
    feed(world)

    restart_until_done(world, receiver, env, kills=3)

    # Each kill may repeat what was in flight and fifty milliseconds of results: here, at most one window.
    assert receiver.summary()["doublons"] >= 1
    check(receiver, copies=3 * int(Rules().max_window))


def test_a_receiver_killed_before_it_answers_gets_the_delivery_again(world: Delivering) -> None:
    receiver = subscriber(world)
    env = points(world, "receiver.before_answer@5#1")
    receiver.start(env=env)
    world.deliver()
    feed(world)
    assert receiver.process is not None
    dying = receiver.process
    eventually(lambda: dying.poll() is not None, timeout=60, what="the receiver killed by its failpoint")

    receiver.start()
    eventually(lambda: world.states(receiver.name) == {"livree": TOTAL}, timeout=90, what="all delivered")

    assert receiver.summary()["doublons"] >= 1
    check(receiver, copies=int(Rules().max_window))


def test_killed_at_any_moment_while_the_receiver_fails_now_and_then(world: Delivering) -> None:
    receiver = subscriber(world)
    receiver.start("--fail-rate", "0.1")
    feed(world)
    for part in (1, 2, 3):
        process = world.deliver()
        arrived(receiver, part * TOTAL // 4)
        process.kill()
        process.wait(30)

    world.deliver()
    eventually(lambda: world.states(receiver.name) == {"livree": TOTAL}, timeout=90, what="all delivered")

    check(receiver, copies=3 * 2 * int(Rules().max_window))


def test_told_to_stop_it_finishes_what_is_in_flight_and_repeats_nothing(world: Delivering) -> None:
    receiver = subscriber(world)
    receiver.start("--delay", "0.1")
    process = world.deliver()
    feed(world)
    arrived(receiver, 10)

    process.terminate()

    assert process.wait(60) == 0
    world.deliver()
    eventually(lambda: world.states(receiver.name) == {"livree": TOTAL}, timeout=90, what="all delivered")
    check(receiver, copies=0)


@pytest.mark.parametrize("server", ["base", "kafka"])
def test_a_server_killed_under_it_and_back_again_costs_nothing(
    world: Delivering, platform: Platform, server: str
) -> None:
    receiver = subscriber(world)
    receiver.start("--delay", "0.05")
    process = world.deliver()
    feed(world)
    arrived(receiver, 10)

    platform.kill(server)
    platform.restart(server)
    eventually(lambda: world.states(receiver.name) == {"livree": TOTAL}, timeout=120, what="all delivered")

    assert process.poll() is None
    check(receiver, copies=2 * int(Rules().max_window))
