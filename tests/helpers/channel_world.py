"""A real ledger and a real dispatcher without a broker: what is owed is written by the test, any channel carries it."""

import asyncio
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final, cast

import psycopg
import pytest
from helpers.channels import HARNESSES, Harness, Toy
from helpers.deliveries import Delivering, Person, entry, new_people
from helpers.wait import eventually

from bus.codec import Codec, decode_body, encode_body
from bus.db import connect
from bus.sealing import KekRing
from consumers.connectors import destination
from consumers.connectors.port import Destination
from consumers.dispatch.dispatcher import Connections, Dispatcher
from consumers.ledger import ledger
from consumers.ledger.records import Owed
from consumers.payload.preparation import Preparation
from consumers.settings import DeliverSettings
from consumers.subscriptions import in_force
from consumers.subscriptions.subscription import Subscription

TYPE: Final = "rsa.droits_devoirs.entree"
FAST: Final[Mapping[str, Any]] = {
    "deliver_ladder": (0.05,) * 30, "deliver_probes": (0.1,), "deliver_timeout": 2.0, "deliver_rows": 16,
    "destinations_privees": True,
}  # fmt: skip


class Bare:
    """A codec whose values are bare bodies of one type."""

    def decode(self, value: bytes) -> dict[str, Any]:
        return decode_body(TYPE, 1, value)


def toys_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let subscriptions name toy channels."""
    real = destination.read

    def read(document: Mapping[str, Any]) -> Destination:
        return Toy(**document) if document["genre"].startswith("jouet") else real(document)

    monkeypatch.setattr(destination, "read", read)


@dataclass
class Channelled:
    """Subscriptions, receivers and deliveries of one channel."""

    settings: DeliverSettings
    genre: str
    folder: Path
    delivering: Delivering = field(init=False)

    def __post_init__(self) -> None:
        self.delivering = Delivering(self.settings, self.folder)

    def receiver(self, **changes: Any) -> Harness:
        """Give a subscribed receiver that is not there yet."""
        found = HARNESSES[self.genre](self.delivering, f"cd-{uuid.uuid4().hex[:8]}")
        self.subscribe(found, **changes)
        return found

    def subscribe(self, receiver: Harness, **changes: Any) -> None:
        now = datetime.now(UTC)
        document = {
            "id": receiver.name, "types": ["rsa.*"], "territoire": ["52"], "profil": "cd",
            "debut": now - timedelta(days=999), "fin": now + timedelta(days=9), "destination": receiver.destination(),
        } | changes  # fmt: skip
        with connect(self.settings, "bus_guichet", autocommit=True) as conn:
            in_force.apply(conn, {"organisation": f"o-{receiver.name}", "abonnement": [document]})

    def people(self, count: int) -> list[Person]:
        return new_people(self.settings, count)

    def owe(self, people: Sequence[Person], rounds: int, *receivers: Harness) -> None:
        """Owe so many events about each person to each receiver, round after round."""
        events = [entry(person) for _ in range(rounds) for person in people]
        with connect(self.settings, "bus_deliver", autocommit=True) as conn, conn.transaction():
            ledger.take(conn, "c", [_owed(event, receivers) for event in events], {})

    def states(self, receiver: Harness) -> dict[str, int]:
        return self.delivering.states(receiver.name)

    def issues(self, receiver: Harness) -> list[str]:
        """Give how each attempt ended, oldest first."""
        with psycopg.connect(str(self.settings.database_url)) as conn:
            rows = conn.execute(
                "select a.outcome from ledger.attempt a join ledger.delivery d using (seq)"
                " where d.subscription_id = %s order by seq, n",
                (receiver.name,),
            )
            return [outcome for (outcome,) in rows]

    def forget(self, person: Person) -> None:
        """Destroy the key of a person, as an erasure does."""
        with psycopg.connect(str(self.settings.database_url)) as conn:
            conn.execute("delete from vault.key where subject_id = %s", (person.subject,))

    def reach(self, receiver: Harness, **states: int) -> None:
        eventually(
            lambda: self.states(receiver) == states,
            timeout=40,
            what=lambda: f"{states}, found {self.states(receiver)}",
        )

    @contextmanager
    def dispatching(self) -> Iterator[Callable[[], BaseException | None]]:
        """Run a dispatcher in a thread; what is given waits for its end by itself and gives what ended it."""
        stop, ended = threading.Event(), list[BaseException | None]()
        thread = threading.Thread(target=partial(self._dispatch, stop, ended), name="dispatcher")
        thread.start()

        def died() -> BaseException | None:
            thread.join(40)
            return ended[0]

        try:
            yield died
        finally:
            stop.set()
            thread.join(40)

    def _dispatch(self, stop: threading.Event, ended: list[BaseException | None]) -> None:
        try:
            asyncio.run(self._run(stop))
        except Exception as error:  # noqa: BLE001 - the test looks at it
            ended.append(error)
        else:
            ended.append(None)

    async def _run(self, stop: threading.Event) -> None:
        with ExitStack() as stack:
            owner, watcher = (stack.enter_context(closing(connect(self.settings, "bus_deliver"))) for _ in range(2))
            connections = Connections(owner, watcher, stack.enter_context(self.preparation()))
            connectors = {
                genre: HARNESSES[genre].connector(self.settings) for genre in {self.genre, "webhook", "jouet-lot"}
            }
            await Dispatcher(self.settings, connections, connectors).run(stop)

    @contextmanager
    def preparation(self) -> Iterator[Preparation]:
        ring = KekRing.load(self.settings.secrets_dir)
        with closing(connect(self.settings, "bus_deliver", autocommit=True)) as conn:
            yield Preparation(conn, ring, cast("Codec", Bare()))

    @contextmanager
    def pulling(self, receiver: Harness) -> Iterator[tuple[psycopg.Connection, Preparation, Subscription]]:
        """Give what an answer to somebody who pulls stands on."""
        with connect(self.settings, "bus_deliver", autocommit=True) as conn, self.preparation() as preparation:
            yield conn, preparation, in_force.load(conn).in_force[receiver.name]

    def end_all(self) -> None:
        """End every subscription, so that the next test meets none of them."""
        for one in self.delivering.receivers:
            one.stop()
        with psycopg.connect(str(self.settings.database_url)) as conn:
            conn.execute("update desk.subscription set ended_at = now(), revision = nextval('desk.revision')")


def _owed(event: dict[str, Any], receivers: Sequence[Harness]) -> Owed:
    subject = event["cle_personne"]
    return Owed(
        event_id=uuid.UUID(event["id"]),
        autorite="52",
        type=TYPE,
        subject_id=subject,
        lane=subject,
        flux_id=event["cause"]["flux_id"],
        effective_on=event["date_effet"],
        published_at=event["date_publication"],
        value=encode_body(TYPE, event),
        recipients=tuple((receiver.name, f"p-{subject}") for receiver in receivers),
    )
