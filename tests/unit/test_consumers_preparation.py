"""Preparation against a vault and a ledger in memory: who may have what, at the moment it leaves."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

import psycopg
import pytest
from helpers.deliveries import Person, entry

from bus.codec import Codec, encode_body
from bus.errors import InvalidEvent
from bus.reasons import Reason
from bus.sealing import DataKey, KekRing, new_key
from bus.vault import keys as vault_keys
from consumers.connectors.webhook.destination import Webhook
from consumers.ledger.records import Pending
from consumers.payload import preparation
from consumers.payload.departure import Body, Departure, Gone, Unreadable, Withdrawn
from consumers.payload.preparation import Preparation
from consumers.subscriptions.profiles import Profile, fields_of
from consumers.subscriptions.subscription import Subscription

PERSON = Person("s-1", new_key())
EVENT = entry(PERSON)
ENTRY = "rsa.droits_devoirs.entree"


class Database:
    """Answers the two questions of preparation; counts them."""

    def __init__(self, *, standing: Iterable[int] = (1, 2, 3), keys: Iterable[DataKey] = (PERSON.key,)) -> None:
        self.standing = set(standing)
        self.keys = {key.key_id: key for key in keys}
        self.asked: list[str] = []

    def execute(self, query: str, values: tuple[list[int]]) -> list[tuple[int]]:
        self.asked.append(query.split(maxsplit=1)[0])
        return [(seq,) for seq in values[0] if seq in self.standing]


class Reading:
    """A codec whose values are bare bodies."""

    def __init__(self) -> None:
        self.decoded = 0

    def decode(self, value: bytes) -> dict[str, Any]:
        from bus.codec import decode_body

        self.decoded += 1
        if value == b"wrong":
            raise InvalidEvent(Reason.AVRO_ILLISIBLE)
        return decode_body(ENTRY, 1, value)


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Database:
    found = Database()

    def keys_by_id(_conn: object, _ring: object, names: Iterable[str]) -> dict[str, DataKey]:
        found.asked.append("keys")
        return {name: found.keys[name] for name in names if name in found.keys}

    monkeypatch.setattr(vault_keys, "keys_by_id", keys_by_id)
    return found


def preparing(database: Database, codec: Reading | None = None) -> Preparation:
    conn = cast("psycopg.Connection", database)
    return Preparation(conn, KekRing({}), cast("Codec", codec or Reading()))


def subscription(name: str = "a", **changes: Any) -> Subscription:
    base = Subscription(
        id=name,
        organisation="o",
        version=1,
        types=("rsa.*",),
        territory=frozenset({"52"}),
        profile=Profile.CD,
        fields=fields_of(Profile.CD),
        begins_at=datetime(2026, 1, 1, tzinfo=UTC),
        ends_at=datetime(2099, 1, 1, tzinfo=UTC),
        poison="bloquer",
        destination=Webhook(url="https://si.example/bus", secret_fichier="a.secret"),  # noqa: S106 - a name
    )
    return replace(base, **changes)


def candidate(seq: int = 1, to: Subscription | None = None, value: bytes | None = None) -> Departure:
    to = to or subscription()
    row = Pending(
        seq=seq,
        subscription_id=to.id,
        event_id=UUID(EVENT["id"]),
        autorite="52",
        type=ENTRY,
        lane=PERSON.subject,
        sujet="p-1",
        sequence=None,
        attempts=0,
        tries=0,
        effective_on=EVENT["date_effet"],
        published_at=EVENT["date_publication"],
        value=encode_body(ENTRY, EVENT) if value is None else value,
        lane_sequence=0,
        lane_gap=[],
    )
    return Departure(to, row, 1)


def kinds(fates: Sequence[object]) -> list[type]:
    return [type(fate) for fate in fates]


def test_two_recipients_with_the_same_view_are_each_judged(database: Database) -> None:
    expired = subscription("b", ends_at=datetime(2026, 6, 1, tzinfo=UTC))

    fates = preparing(database).prepare([candidate(1), candidate(2, expired), candidate(3, subscription("c"))])

    assert kinds(fates) == [Body, Withdrawn, Body]


def test_one_event_for_many_is_decoded_once_and_addressed_to_each(database: Database) -> None:
    codec = Reading()

    fates = preparing(database, codec).prepare([candidate(1), candidate(2, subscription("b"))])

    assert codec.decoded == 1
    assert [json.loads(fate.octets)["abonnement"] for fate in fates if isinstance(fate, Body)] == ["a", "b"]


def test_a_batch_asks_twice_whatever_its_size(database: Database) -> None:
    preparing(database).prepare([candidate(seq) for seq in (1, 2, 3)])

    assert database.asked == ["select", "keys"]


def test_without_the_key_the_delivery_is_withdrawn(database: Database) -> None:
    database.keys.clear()

    assert preparing(database).prepare([candidate()]) == [Withdrawn(preparation.ERASED)]


def test_without_the_key_a_view_that_opens_nothing_still_leaves(database: Database) -> None:
    database.keys.clear()

    fates = preparing(database).prepare([candidate(1, subscription(fields=frozenset({"situation.orientation"})))])

    assert kinds(fates) == [Body]


def test_a_delivery_ended_by_somebody_else_is_left_alone(database: Database) -> None:
    database.standing = {2}

    assert kinds(preparing(database).prepare([candidate(1), candidate(2)])) == [Gone, Body]


def test_bytes_that_are_wrong_are_said_to_be(database: Database) -> None:
    assert preparing(database).prepare([candidate(value=b"wrong")]) == [Unreadable("avro_illisible")]


def test_a_key_destroyed_meanwhile_is_forgotten_after_five_seconds(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1000.0]
    monkeypatch.setattr("consumers.payload.preparation.time.monotonic", lambda: clock[0])
    one = preparing(database)
    one.prepare([candidate()])
    database.keys.clear()

    clock[0] += preparation.KEY_SECONDS + 0.001

    assert one.prepare([candidate()]) == [Withdrawn(preparation.ERASED)]
