"""`bus deliver` on the real platform: from an authority topic to what real receivers kept."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from confluent_kafka import OFFSET_BEGINNING, TopicPartition
from helpers.deliveries import Delivering, Person, Receiving, delivering, entry, invented_nir, new_people, produce
from helpers.wait import eventually

from bus import kafka, topics
from bus.platform import Platform
from bus.registry import Registry, apply_contract

FAST = {
    "BUS_DELIVER_LADDER": "[0.05, 0.1, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2]",
    "BUS_DELIVER_PROBES": "[0.2, 0.4]",
}


@pytest.fixture
def world(platform: Platform, tmp_path: Path) -> Iterator[Delivering]:
    settings = platform.settings
    topics.apply(settings)
    apply_contract(Registry(str(settings.registry_url)))
    with delivering(settings, tmp_path, **FAST) as found:
        yield found


def name() -> str:
    return f"cd-{uuid.uuid4().hex[:8]}"


def subscriber(world: Delivering, **changes: Any) -> Receiving:
    """Give a subscribed receiver that does not answer yet."""
    one = world.receiver(name(), **changes)
    world.subscribe(f"o-{one.name}", one)
    return one


def arrived(receiver: Receiving, count: int, *, timeout: float = 60) -> None:
    eventually(
        lambda: len(receiver.bodies()) >= count,
        timeout=timeout,
        what=lambda: f"{count} deliveries at {receiver.name}, {len(receiver.bodies())} there",
    )


def recorded(world: Delivering, receiver: Receiving, **states: int) -> None:
    eventually(
        lambda: world.states(receiver.name) == states,
        timeout=60,
        what=lambda: f"{states}, found {world.states(receiver.name)}",
    )


def rounds(people: list[Person], count: int, authority: str = "52") -> list[dict[str, Any]]:
    return [entry(person, authority) for _ in range(count) for person in people]


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


def test_a_410_stops_the_subscription_until_it_is_applied_again_and_nothing_is_lost(world: Delivering) -> None:
    receiver = subscriber(world)
    receiver.start("--status", "410")
    world.deliver()
    produce(world.settings, rounds(new_people(world.settings, 3), 2))

    def state() -> str:
        listed = json.loads(world.bus("subscription", "ls", "--json").stdout)
        return str(next(one["etat"] for one in listed if one["id"] == receiver.name))

    eventually(lambda: state() == "arrete", timeout=60, what="the subscription stopped")
    tried = [one for one in world.deliveries("--abonnement", receiver.name) if one["tentatives"]]
    assert all(len(one["tentatives"]) == 1 and one["tentatives"][0]["code"] == 410 for one in tried)
    assert world.states(receiver.name) == {"en_attente": 6}
    receiver.stop()
    receiver.start()

    world.subscribe(f"o-{receiver.name}", receiver)
    arrived(receiver, 6)

    assert state() == "en_vigueur"
    assert [receiver.summary()[count] for count in ("trous", "inversions")] == [0, 0]


def test_a_delivery_refused_three_times_is_parked_and_blocks_its_lane_alone(world: Delivering) -> None:
    receiver = subscriber(world)
    receiver.start("--status", "400")
    world.deliver()
    people = new_people(world.settings, 4)
    produce(world.settings, rounds(people, 2))
    recorded(world, receiver, en_attente=4, parquee=4)

    receiver.stop()
    receiver.start()
    others = new_people(world.settings, 2)
    produce(world.settings, rounds(others, 1))
    arrived(receiver, 2)

    parked = world.deliveries("--abonnement", receiver.name, "--etat", "parquee")
    assert [len(one["tentatives"]) for one in parked] == [3, 3, 3, 3]
    assert {one["cause"] for one in parked} == {"le récepteur répond 400"}
    assert world.states(receiver.name) == {"en_attente": 4, "parquee": 4, "livree": 2}


def test_with_the_policy_to_skip_the_next_delivery_says_what_is_missing(world: Delivering) -> None:
    receiver = subscriber(world, poison="sauter")
    receiver.start("--status", "422")
    world.deliver()
    people = new_people(world.settings, 2)
    produce(world.settings, rounds(people, 1))
    recorded(world, receiver, parquee=2)

    receiver.stop()
    receiver.start()
    produce(world.settings, rounds(people, 1))
    arrived(receiver, 2)

    parked = {one["id"] for one in world.deliveries("--abonnement", receiver.name, "--etat", "parquee")}
    assert {line["saut"] for line in receiver.lines()} == parked
    assert [body["sequence"] for body in receiver.bodies()] == [2, 2]
    assert receiver.summary()["trous"] == 0


def test_when_a_subscription_ends_what_is_pending_is_withdrawn(world: Delivering) -> None:
    receiver = subscriber(world)
    world.deliver()
    produce(world.settings, rounds(new_people(world.settings, 2), 2))
    recorded(world, receiver, en_attente=4)

    world.subscribe(f"o-{receiver.name}")

    recorded(world, receiver, retiree=4)


def test_an_address_that_is_not_public_is_never_dialled_by_default(world: Delivering) -> None:
    receiver = subscriber(world)
    receiver.start()
    world.deliver(BUS_DESTINATIONS_PRIVEES="false")
    produce(world.settings, rounds(new_people(world.settings, 1), 1))

    def issues() -> set[str]:
        listed = world.deliveries("--abonnement", receiver.name)
        return {attempt["issue"] for one in listed for attempt in one["tentatives"]}

    eventually(lambda: issues() == {"blocked"}, timeout=60, what="an attempt that was blocked")
    assert receiver.bodies() == []


def test_a_record_that_cannot_be_read_goes_to_quarantine_and_the_next_one_passes(world: Delivering) -> None:
    receiver = subscriber(world)
    receiver.start()
    mark = uuid.uuid4().hex.encode()
    producer = kafka.producer(world.settings)
    producer.produce(topics.departement("52"), b"\x00" + mark, "s-x")
    producer.flush()
    produce(world.settings, rounds(new_people(world.settings, 1), 1))

    world.deliver()
    arrived(receiver, 1)

    found = eventually(lambda: _quarantined(world, mark), timeout=30, what="the record in quarantine") or {}
    assert found["etape"] == b"deliver"
    assert found["motif"]
    assert found["topic"] == topics.departement("52").encode()


def _quarantined(world: Delivering, mark: bytes) -> dict[str, bytes] | None:
    """Give the headers of the record that carries the mark."""
    reader = kafka.consumer(world.settings, f"test-{uuid.uuid4().hex}")
    try:
        partitions = reader.list_topics(topics.QUARANTAINE, timeout=10).topics[topics.QUARANTAINE].partitions
        reader.assign([TopicPartition(topics.QUARANTAINE, number, OFFSET_BEGINNING) for number in partitions])
        for message in reader.consume(10_000, 2.0):
            if message.error() is None and mark in (message.value() or b""):
                return dict(message.headers())
        return None
    finally:
        reader.close()


def test_a_second_dispatcher_waits_and_takes_over(world: Delivering) -> None:
    receiver = subscriber(world)
    receiver.start()
    first = world.deliver()
    eventually(world.ready, timeout=60, what="the first one ready")
    world.deliver()
    produce(world.settings, rounds(new_people(world.settings, 2), 1))
    recorded(world, receiver, livree=2)
    assert not world.ready()

    first.kill()
    first.wait(30)
    eventually(world.ready, timeout=60, what="the second one ready")
    produce(world.settings, rounds(new_people(world.settings, 2), 1))

    arrived(receiver, 4)
    assert receiver.summary()["doublons"] == 0


def test_positions_that_kafka_has_forgotten_are_given_again_at_start_though_nothing_comes(world: Delivering) -> None:
    receiver = subscriber(world)
    receiver.start()
    first = world.deliver()
    eventually(world.ready, timeout=60, what="the dispatcher ready")
    produce(world.settings, rounds(new_people(world.settings, 1), 1))
    recorded(world, receiver, livree=1)
    first.terminate()
    first.wait(60)
    reader = kafka.consumer(world.settings, "bus-deliver")
    place = TopicPartition(topics.departement("52"), 0)
    try:
        last = reader.get_watermark_offsets(place, timeout=20)[1]
        kafka.admin(world.settings).delete_consumer_groups(["bus-deliver"])["bus-deliver"].result(20)
        assert reader.committed([place], timeout=20)[0].offset < 0, "forgotten, as after a week without a commit"

        world.deliver()

        eventually(
            lambda: reader.committed([place], timeout=20)[0].offset == last, timeout=60, what="the position given again"
        )
    finally:
        reader.close()


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


def test_a_file_with_errors_changes_nothing_and_says_everything(world: Delivering) -> None:
    good, bad = world.receiver(name()), world.receiver(name(), authority="999", fields='profil = "prefet"')
    file = world.folder / "faux.toml"
    file.write_text(f'organisation = "o-{good.name}"\n{good.toml()}{bad.toml()}', "utf-8")

    done = world.bus("subscription", "apply", str(file), "--json")

    assert done.returncode == 1
    assert [fault["champ"].rsplit(".", 1)[1] for fault in json.loads(done.stdout)["erreurs"]] == [
        "territoire",
        "profil",
    ]
    assert good.name not in world.bus("subscription", "ls").stdout


def test_an_id_belongs_to_the_organisation_that_used_it_first(world: Delivering) -> None:
    receiver = subscriber(world)
    file = world.folder / "voleur.toml"
    file.write_text(f'organisation = "voleur-{receiver.name}"\n{receiver.toml()}', "utf-8")

    done = world.bus("subscription", "apply", str(file))

    assert done.returncode == 1
    assert "autre organisation" in done.stdout


def test_applying_the_same_file_again_changes_nothing(world: Delivering) -> None:
    receiver = subscriber(world)
    with psycopg.connect(str(world.settings.database_url)) as conn:
        count = "select count(*) from desk.subscription where subscription_id = %s"
        world.subscribe(f"o-{receiver.name}", receiver)

        assert conn.execute(count, (receiver.name,)).fetchone() == (1,)
