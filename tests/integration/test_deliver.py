"""`bus deliver` on the real platform: from an authority topic to what real receivers kept."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.delivered import FAST, arrived, delivering_apart, name, recorded, rounds, subscriber
from helpers.deliveries import Delivering, invented_nir, new_people, produce
from helpers.wait import eventually

from bus.platform import Platform


@pytest.fixture
def world(platform: Platform, tmp_path: Path) -> Iterator[Delivering]:
    with delivering_apart(platform, tmp_path, **FAST) as found:
        yield found


def test_an_event_reaches_its_subscriber_signed_numbered_and_nobody_else(world: Delivering) -> None:
    mine, neighbour, poor = (
        subscriber(world),
        subscriber(world, authority="21"),
        subscriber(world, fields='champs = ["echeances"]'),
    )
    for receiver in (mine, neighbour, poor):
        receiver.start()
    people = new_people(world.settings, 5)

    world.deliver()
    produce(world.settings, rounds(people, 3))
    arrived(mine, 15)
    arrived(poor, 15)
    recorded(world, mine, livree=15)

    assert mine.summary() | {"abonnements": {}} == {
        "recues": 15, "doublons": 0, "refusees": 0, "trous": 0, "inversions": 0, "abonnements": {},
    }  # fmt: skip
    assert {body["data"]["identite"]["nom"] for body in mine.bodies()} == {person.name for person in people}
    assert neighbour.bodies() == []
    poor_text = poor.out.read_text("utf-8")
    assert not any(value in poor_text for person in people for value in (person.name, person.phone, invented_nir()))
    subjects = {body["subject"] for body in mine.bodies()}
    assert len(subjects) == 5
    assert not subjects & {body["subject"] for body in poor.bodies()}, "one organisation's pseudonyms are its own"
    text = (world.folder / "deliver.log").read_text("utf-8")
    assert not any(
        value in text for person in people for value in (person.name, person.phone, invented_nir(), "whsec_")
    )


def test_what_was_applied_just_before_an_event_counts_for_it(world: Delivering) -> None:
    world.deliver()
    eventually(world.ready, timeout=60, what="the dispatcher ready")
    receiver = world.receiver(name())
    receiver.start()

    world.subscribe(f"o-{receiver.name}", receiver)
    produce(world.settings, rounds(new_people(world.settings, 1), 1))

    arrived(receiver, 1)


def test_a_receiver_that_fails_one_time_in_three_gets_everything_in_order(world: Delivering) -> None:
    receiver = subscriber(world)
    receiver.start("--fail-rate", "0.33")

    world.deliver()
    produce(world.settings, rounds(new_people(world.settings, 10), 6))
    arrived(receiver, 60)

    assert [receiver.summary()[count] for count in ("trous", "inversions", "doublons")] == [0, 0, 0]
    recorded(world, receiver, livree=60)
    assert any(len(one["tentatives"]) > 1 for one in world.deliveries("--abonnement", receiver.name))


def test_a_receiver_that_was_down_gets_everything_in_order_when_it_is_back(world: Delivering) -> None:
    receiver = subscriber(world)
    world.deliver()
    produce(world.settings, rounds(new_people(world.settings, 30), 3))
    eventually(
        lambda: (
            len(world.deliveries("--abonnement", receiver.name)) == 90
            and any(one["tentatives"] for one in world.deliveries("--abonnement", receiver.name))
        ),
        timeout=60,
        what="attempts on a closed port",
    )

    receiver.start()
    arrived(receiver, 90)

    assert [receiver.summary()[count] for count in ("trous", "inversions")] == [0, 0]
    recorded(world, receiver, livree=90)


def test_a_slow_receiver_does_not_delay_another(world: Delivering) -> None:
    slow, quick = subscriber(world), subscriber(world)
    slow.start("--delay", "600")
    quick.start()

    world.deliver(BUS_DELIVER_TIMEOUT="2")
    produce(world.settings, rounds(new_people(world.settings, 100), 3))
    arrived(quick, 300, timeout=60)

    assert slow.bodies() == []
    recorded(world, slow, en_attente=300)


def test_the_list_of_deliveries_has_the_keys_of_the_contract(world: Delivering) -> None:
    receiver = subscriber(world)
    receiver.start()
    world.deliver()
    produce(world.settings, rounds(new_people(world.settings, 1), 1))
    recorded(world, receiver, livree=1)

    (one,) = world.deliveries("--abonnement", receiver.name)

    keys = {"id", "abonnement", "evenement", "type", "sujet", "sequence", "etat", "tentatives", "prochaine"}
    assert keys <= set(one)
    assert set(one["tentatives"][0]) == {"n", "le", "issue", "code", "duree_ms", "cause"}
    line = receiver.lines()[0]
    assert one["id"] == line["webhook_id"]
    assert (one["sujet"], one["sequence"], one["etat"]) == (line["corps"]["subject"], 1, "livree")
