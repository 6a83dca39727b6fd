"""`bus deliver` on the real platform: what a receiver or a subscription refuses, and what then waits, parks or ends."""

import json
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from helpers.delivered import FAST, arrived, delivering_apart, name, recorded, rounds, subscriber
from helpers.deliveries import Delivering, new_people, produce
from helpers.wait import eventually

from bus.platform import Platform


@pytest.fixture
def world(platform: Platform, tmp_path: Path) -> Iterator[Delivering]:
    with delivering_apart(platform, tmp_path, **FAST) as found:
        yield found


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
