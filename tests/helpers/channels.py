"""What the contract suite needs of each channel: a receiver to write to; and toy channels, one of each shape.

A channel of the registry without a harness here is refused by tests/contract/test_channels.py.
"""

import asyncio
import json
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal

from helpers.deliveries import Delivering

from bus.reasons import Explained
from consumers.connectors.port import (
    Answer,
    Batch,
    BatchWriter,
    Connector,
    Decision,
    Delivered,
    Destination,
    Request,
    Sender,
    Signal,
    Stay,
    Table,
    Unwritten,
    spend,
)
from consumers.connectors.webhook.connector import WebhookSender
from consumers.settings import DeliverSettings


class Harness(ABC):
    """One receiver of one channel, somewhere that the test can look at."""

    def __init__(self, world: Delivering, name: str) -> None:
        self.world = world
        self.name = name

    @staticmethod
    @abstractmethod
    def connector(settings: DeliverSettings) -> Connector:
        """Open the channel, in the loop that delivers."""

    @abstractmethod
    def destination(self) -> dict[str, Any]:
        """Give the table ``[abonnement.destination]``."""

    @abstractmethod
    def bodies(self) -> list[dict[str, Any]]:
        """Give what the receiver holds, in the order in which it came."""

    @abstractmethod
    def repeats(self) -> int:
        """Count what came again and was recognised."""

    def start(self) -> None:  # noqa: B027 - a toy is always there
        """Be there."""

    @abstractmethod
    def hang(self) -> None:
        """Be there, and answer nothing for longer than any deadline."""


class WebhookHarness(Harness):
    def __init__(self, world: Delivering, name: str) -> None:
        super().__init__(world, name)
        self._receiver = world.receiver(name)

    @staticmethod
    def connector(settings: DeliverSettings) -> Connector:
        return WebhookSender(settings)

    def destination(self) -> dict[str, Any]:
        url = f"http://127.0.0.1:{self._receiver.port}/bus"
        return {"genre": "webhook", "url": url, "secret_fichier": f"{self.name}.secret"}

    def start(self) -> None:
        self._receiver.start()

    def hang(self) -> None:
        self._receiver.start("--delay", "600")

    def bodies(self) -> list[dict[str, Any]]:
        return self._receiver.bodies()

    def repeats(self) -> int:
        return int(self._receiver.summary()["doublons"])


class ToyOutcome(Explained):
    DONE = "success", "arrivée", "Rien."
    FAILED = "timeout", "pas arrivée", "Attendez."


def _decide(answer: Answer, tries: int, *, counted: bool, jitter: float, ladder: tuple[float, ...]) -> Decision:
    if answer.outcome is ToyOutcome.DONE:
        return Delivered()
    return spend(tries + 1, limit=len(ladder) + 1, ladder=ladder, jitter=jitter) if counted else Stay()


def _signal(answer: Answer) -> Signal:
    return Signal.ALIVE if answer.outcome is ToyOutcome.DONE else Signal.UNREACHABLE


def _why(answer: Answer) -> str | None:
    return None if answer.outcome is ToyOutcome.DONE else answer.outcome.meaning


TOY: Final = Table(ToyOutcome, ToyOutcome.DONE, _decide, _signal, _why)
DONE: Final = Answer(ToyOutcome.DONE)
FAILED: Final = Answer(ToyOutcome.FAILED)


class Toy(Destination):
    genre: Literal["jouet-unite", "jouet-lot"]
    name: str


@dataclass
class Held:
    """What a toy receiver holds; it fails now and then, and knows by itself what comes again."""

    bodies: list[dict[str, Any]] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    position: int = 0
    repeats: int = 0
    asked: int = 0
    hanging: bool = False

    def fails(self) -> bool:
        self.asked += 1
        return self.asked % 3 == 1


HELD: Final[dict[str, Held]] = {}
"""By name of the destination: what outlives a dispatcher."""


def _held(destination: Destination) -> Held:
    assert isinstance(destination, Toy)
    return HELD[destination.name]


class ToySender(Sender):
    """Keeps each delivery once, by its id."""

    table: ClassVar[Table] = TOY

    def __init__(self, settings: DeliverSettings) -> None:
        self._loop = asyncio.get_running_loop()
        self._timeout = settings.deliver_timeout

    def send(self, request: Request, done: Callable[[Answer], None]) -> None:
        held = _held(request.destination)
        if held.hanging:
            self._loop.call_later(self._timeout, done, FAILED)
        elif held.fails():
            self._loop.call_soon(done, FAILED)
        else:
            self._keep(held, request)
            self._loop.call_soon(done, DONE)

    @staticmethod
    def _keep(held: Held, request: Request) -> None:
        held.repeats += request.delivery_id in held.seen
        if request.delivery_id not in held.seen:
            held.seen.add(request.delivery_id)
            held.bodies.append(json.loads(request.body))


class ToyWriter(BatchWriter):
    """Keeps each batch once, by its position."""

    table: ClassVar[Table] = TOY

    def __init__(self, settings: DeliverSettings) -> None:
        self._timeout = settings.deliver_timeout
        self._closed = threading.Event()

    def write(self, batch: Batch) -> int:
        held = _held(batch.requests[0].destination)
        if held.hanging:
            self._closed.wait(self._timeout)
            raise Unwritten(FAILED)
        if held.position >= batch.position:
            held.repeats += 1
        elif held.fails():
            raise Unwritten(FAILED)
        else:
            held.bodies += [json.loads(request.body) for request in batch.requests]
            held.position = batch.position
        return held.position

    def close(self) -> None:
        self._closed.set()


class ToyHarness(Harness):
    genre: ClassVar[str]

    def __init__(self, world: Delivering, name: str) -> None:
        super().__init__(world, name)
        HELD[name] = Held()

    def destination(self) -> dict[str, Any]:
        return {"genre": self.genre, "name": self.name}

    def hang(self) -> None:
        HELD[self.name].hanging = True

    def bodies(self) -> list[dict[str, Any]]:
        return list(HELD[self.name].bodies)

    def repeats(self) -> int:
        return HELD[self.name].repeats


class ToySenderHarness(ToyHarness):
    genre = "jouet-unite"

    @staticmethod
    def connector(settings: DeliverSettings) -> Connector:
        return ToySender(settings)


class ToyWriterHarness(ToyHarness):
    genre = "jouet-lot"

    @staticmethod
    def connector(settings: DeliverSettings) -> Connector:
        return ToyWriter(settings)


HARNESSES: Final[Mapping[str, type[Harness]]] = {
    "jouet-unite": ToySenderHarness,
    "jouet-lot": ToyWriterHarness,
    "webhook": WebhookHarness,
}
"""By ``genre``: who goes through the contract suite."""


class SilentSender(Sender):
    """Takes everything and never answers."""

    table: ClassVar[Table] = TOY

    def send(self, request: Request, done: Callable[[Answer], None]) -> None:
        """Nothing."""
