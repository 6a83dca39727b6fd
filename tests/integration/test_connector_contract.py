"""What every channel owes, whatever its shape: order, no repeat that is not recognised, nothing without a right."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.channel_world import FAST, Channelled, toys_too
from helpers.channels import DONE, HARNESSES, Harness
from helpers.wait import eventually

from bus.platform.postgres import database
from bus.vault import provisioning
from consumers.dispatch import clerk, pulling
from consumers.dispatch.pulling import Pulled
from consumers.settings import DeliverSettings


class CrashError(RuntimeError):
    """What stands for ``kill -9`` here: nothing after it runs."""


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeliverSettings]:
    folder = tmp_path_factory.mktemp("canaux")
    provisioning.create_secrets(folder / "secrets")
    own = DeliverSettings(data_dir=folder, secrets_dir=folder / "secrets" / "deliver", **FAST)
    with database(own) as found:
        yield own.model_copy(update={"database_url": found.database_url})


@pytest.fixture(params=HARNESSES)
def world(
    request: pytest.FixtureRequest, settings: DeliverSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Channelled]:
    toys_too(monkeypatch)
    found = Channelled(settings, request.param, tmp_path)
    yield found
    found.end_all()


def numbers(receiver: Harness) -> dict[str, list[int]]:
    """Give the numbers of each person's deliveries as they came."""
    found: dict[str, list[int]] = {}
    for body in receiver.bodies():
        found.setdefault(body["subject"], []).append(body["sequence"])
    return found


def test_each_lane_arrives_whole_and_in_order_though_the_receiver_fails_now_and_then(world: Channelled) -> None:
    receiver = world.receiver()
    people = world.people(7)
    world.owe(people, 5, receiver)
    receiver.start()

    with world.dispatching():
        world.reach(receiver, livree=35)

    assert numbers(receiver) == {f"p-{person.subject}": [1, 2, 3, 4, 5] for person in people}


def test_a_crash_between_the_effect_and_its_record_repeats_it_and_the_receiver_knows(
    world: Channelled, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver = world.receiver()
    people = world.people(3)
    world.owe(people, 2, receiver)
    receiver.start()

    def crash(point: str) -> None:
        raise CrashError(point)

    with monkeypatch.context() as dying:
        dying.setattr(clerk, "hit", crash)
        with world.dispatching() as died:
            assert isinstance(died(), CrashError)
    assert receiver.bodies(), "the receiver has it"
    assert world.states(receiver) == {"en_attente": 6}, "and the ledger does not know"
    world.owe(world.people(2), 1, receiver)
    with world.dispatching():
        world.reach(receiver, livree=8)

    assert receiver.repeats() >= 1
    assert len(receiver.bodies()) == 8
    assert all(found == list(range(1, len(found) + 1)) for found in numbers(receiver).values())


def test_when_the_right_ends_between_intake_and_departure_nothing_leaves(world: Channelled) -> None:
    receiver = world.receiver()
    world.owe(world.people(3), 2, receiver)
    receiver.start()
    world.subscribe(receiver, types=["contact.mis_a_jour"])

    with world.dispatching():
        world.reach(receiver, retiree=6)

    assert receiver.bodies() == []


def test_a_receiver_that_hangs_delays_nobody_else(world: Channelled) -> None:
    slow, quick = world.receiver(), world.receiver()
    world.owe(world.people(20), 3, slow, quick)
    slow.hang()
    quick.start()

    with world.dispatching():
        world.reach(quick, livree=60)

        assert slow.bodies() == []
        assert world.states(slow) == {"en_attente": 60}


def test_what_is_erased_before_it_leaves_does_not_and_what_follows_keeps_its_place(world: Channelled) -> None:
    receiver = world.receiver()
    victim, other = world.people(2)
    world.owe([victim, other], 3, receiver)
    receiver.start()
    world.forget(victim)

    with world.dispatching():
        world.reach(receiver, livree=3, retiree=3)

    assert numbers(receiver) == {f"p-{other.subject}": [1, 2, 3]}


def test_every_attempt_is_in_the_list_with_its_issue(world: Channelled) -> None:
    receiver = world.receiver()
    world.owe(world.people(1), 1, receiver)

    receiver.start()
    with world.dispatching():
        world.reach(receiver, livree=1)

    eventually(lambda: world.issues(receiver)[-1:] == ["success"], timeout=10, what="the attempt")


@pytest.fixture
def reading(settings: DeliverSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Channelled]:
    """Give a world whose subscribers pull: no connector ever carries them anything."""
    toys_too(monkeypatch)
    found = Channelled(settings, "jouet-lot", tmp_path)
    yield found
    found.end_all()


def bodies(page: Pulled | None) -> list[tuple[str, int]]:
    found = [json.loads(one.body) for one in page.deliveries] if page else []
    return [(body["subject"], body["sequence"]) for body in found]


def test_who_pulls_reads_pages_in_lane_order_and_the_same_one_until_it_is_acknowledged(reading: Channelled) -> None:
    reader = reading.receiver()
    people = reading.people(3)
    reading.owe(people, 2, reader)

    with reading.pulling(reader) as (conn, preparation, to):
        first = pulling.page(conn, preparation, to, 4)
        assert first is not None
        again = pulling.page(conn, preparation, to, 4)
        wrong = pulling.acknowledge(conn, to, first.position + 1, DONE)
        done = pulling.acknowledge(conn, to, first.position, DONE)
        twice = pulling.acknowledge(conn, to, first.position, DONE)
        second = pulling.page(conn, preparation, to, 4)

    assert bodies(first) == bodies(again)
    assert again is not None
    assert again.position == first.position
    assert (wrong, done, twice) == (False, True, False)
    assert second is not None
    assert second.position > first.position
    whole = bodies(first) + bodies(second)
    assert sorted(whole) == sorted((f"p-{person.subject}", number) for person in people for number in (1, 2))
    assert [number for _, number in whole] == [1, 1, 1, 2, 2, 2]
    assert reading.states(reader) == {"livree": 4, "en_attente": 2}
    assert reading.issues(reader) == ["success"] * 4


def test_who_pulls_gets_nothing_without_a_right_nor_of_an_erased_person(reading: Channelled) -> None:
    reader = reading.receiver()
    victim, other = reading.people(2)
    reading.owe([victim, other], 2, reader)
    with reading.pulling(reader) as (conn, preparation, to):
        shown = pulling.page(conn, preparation, to, 4)
    reading.forget(victim)
    with reading.pulling(reader) as (conn, preparation, to):
        after = pulling.page(conn, preparation, to, 4)
    reading.subscribe(reader, types=["contact.mis_a_jour"])
    with reading.pulling(reader) as (conn, preparation, to):
        ended = pulling.page(conn, preparation, to, 4)

    assert len(bodies(shown)) == 4
    assert bodies(after) == [(f"p-{other.subject}", 1), (f"p-{other.subject}", 2)]
    assert ended is None
    assert reading.states(reader) == {"retiree": 4}
