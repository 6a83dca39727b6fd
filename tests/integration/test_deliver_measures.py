"""What `bus deliver` shows of its subscribers, scraped from the real process."""

import signal
import urllib.request
import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psycopg
import pytest
from helpers.delivered import delivering_apart
from helpers.deliveries import Delivering, Receiving, entry, new_people, produce
from helpers.wait import eventually
from prometheus_client.parser import text_string_to_metric_families

from bus.platform import Platform
from consumers.connectors.webhook.outcome import Outcome

TYPE = "rsa.droits_devoirs.entree"
FAST = {"BUS_DELIVER_LADDER": "[0.05, 0.1, 0.2]", "BUS_DELIVER_PROBES": "[0.5]", "BUS_DELIVER_DEADLINE": "3"}

Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture
def world(platform: Platform, tmp_path: Path) -> Iterator[Delivering]:
    with delivering_apart(platform, tmp_path, **FAST) as found:
        yield found


def scrape(world: Delivering) -> Series:
    with urllib.request.urlopen(f"http://127.0.0.1:{world.metrics_port}/metrics", timeout=10) as page:
        families = text_string_to_metric_families(page.read().decode())
    return {(one.name, frozenset(one.labels.items())): one.value for family in families for one in family.samples}


def value(world: Delivering, name: str, **labels: str) -> float | None:
    return scrape(world).get((name, frozenset(labels.items())))


def shown(world: Delivering, wanted: float, name: str, **labels: str) -> None:
    eventually(
        lambda: value(world, name, **labels) == wanted,
        timeout=60,
        what=lambda: f"{name} {labels} = {wanted}, found {value(world, name, **labels)}",
    )


def subscriber(world: Delivering) -> Receiving:
    return world.receiver(f"cd-{uuid.uuid4().hex[:8]}")


def in_state(world: Delivering, receiver: Receiving, state: str) -> None:
    shown(world, 1, "bus_subscriber_state", subscriber=receiver.name, state=state)
    found = scrape(world)
    states = [
        labels for name, labels in found if name == "bus_subscriber_state" and ("subscriber", receiver.name) in labels
    ]
    assert sum(found["bus_subscriber_state", labels] for labels in states) == 1, "one state at a time"


def judged(world: Delivering) -> dict[str, float]:
    return {
        one: value(world, "bus_delivery_deadline_total", event_type=TYPE, result=one) or 0 for one in ("met", "missed")
    }


def totals(world: Delivering) -> dict[str, float]:
    with psycopg.connect(str(world.settings.database_url)) as conn:
        rows = conn.execute("select result, total from ledger.deadline where event_type = %s", (TYPE,)).fetchall()
    return {"met": 0.0, "missed": 0.0} | {result: float(total) for result, total in rows}


BOUNDS = {
    "source": 20,
    "event_type": 50,
    "subscriber": 200,
    "outcome": 8,
    "stage": 5,
    "state": 4,
    "result": 20,
    "reason": 30,
}
"""How many values each label may have (operations, conventions)."""


def within_bounds(found: Series) -> None:
    for name, most in BOUNDS.items():
        values = {one for _, labels in found for label, one in labels if label == name}
        assert len(values) <= most, f"{name}: {len(values)}"


def received(receiver: Receiving, count: int) -> bool:
    return len(receiver.bodies()) >= count


def owed(world: Delivering, receiver: Receiving) -> int:
    return sum(world.states(receiver.name).values())


def test_subscribers_are_shown_with_their_state_their_wait_and_their_deadlines(world: Delivering) -> None:
    good, down, secretless = (subscriber(world) for _ in range(3))
    secretless.secret.unlink()
    world.subscribe(f"o-{good.name}", good, down, secretless)
    good.start()
    world.deliver()
    eventually(world.ready, timeout=60, what="deliver ready")
    shown(world, 1, "bus_subscription_info", subscriber=good.name, event_type=TYPE, version="1")
    for outcome in Outcome:
        assert value(world, "bus_delivery_attempts_total", subscriber=good.name, outcome=outcome.value) == 0
    in_state(world, good, "active")
    in_state(world, secretless, "no_secret")

    before, people = totals(world), new_people(world.settings, 6)
    produce(world.settings, [entry(person) for person in people])

    shown(world, 6, "bus_deliveries_total", subscriber=good.name, event_type=TYPE, result="delivered")
    in_state(world, down, "suspended")
    shown(world, 6, "bus_delivery_backlog", subscriber=down.name)
    assert (value(world, "bus_delivery_oldest_pending_timestamp_seconds", subscriber=down.name) or 0) > 1_700_000_000
    shown(world, 0, "bus_delivery_oldest_pending_timestamp_seconds", subscriber=good.name)
    assert value(world, "bus_delivery_attempt_duration_seconds_count", subscriber=good.name) == 6
    eventually(
        lambda: sum(judged(world).values()) >= sum(before.values()) + 6, timeout=60, what=lambda: f"{judged(world)}"
    )
    assert judged(world) == totals(world)
    within_bounds(scrape(world))

    world.subscribe(f"o-{good.name}", down)

    eventually(
        lambda: value(world, "bus_delivery_backlog", subscriber=good.name) is None, timeout=60, what="no series of it"
    )
    assert value(world, "bus_subscription_info", subscriber=good.name, event_type=TYPE, version="1") is None
    assert value(world, "bus_subscriber_state", subscriber=good.name, state="active") is None


def test_deadlines_are_judged_once_each_across_kills(world: Delivering) -> None:
    one = subscriber(world)
    world.subscribe(f"o-{one.name}", one)
    one.start()
    before = totals(world)

    for sent in (4, 8, 12):
        process = world.deliver()
        eventually(world.ready, timeout=60, what="deliver ready")
        produce(world.settings, [entry(person) for person in new_people(world.settings, 4)])
        eventually(partial(received, one, sent), timeout=60, what=f"{sent} deliveries")
        process.send_signal(signal.SIGKILL)
        process.wait(30)
    world.deliver()
    eventually(world.ready, timeout=60, what="deliver ready")

    eventually(
        lambda: sum(judged(world).values()) == sum(before.values()) + 12,
        timeout=60,
        what=lambda: f"12 more than {before}, found {judged(world)}",
    )
    assert owed(world, one) == 12
    assert judged(world) == totals(world)
