"""The port of a channel: what delivery asks of whatever carries events to a recipient.

A channel gets bodies that are already projected for a subscription in force: never a sealed part, never the key of a
person. Two shapes write: one delivery at a time, or batches in lane order. Pull has no connector: it is read from the
ledger (``consumers.dispatch.paging``). No I/O here.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, Protocol, TypeAlias

from pydantic import BaseModel, ConfigDict

from bus.errors import BusError
from bus.reasons import Explained
from consumers.faults import Catalogue
from consumers.schedule import RETRY_AFTER_CAP


class Destination(BaseModel):
    """Where a subscription is delivered: the table ``[abonnement.destination]``. Each channel adds its own keys.

    ``shown`` names the keys that lists may show: a key that a channel forgets is hidden. ``secret_file`` names the key
    that holds the name of a file of secrets, in the folder ``abonnements``; None for a channel without one.
    ``wrong`` lists what may be wrong with the channel's own keys; ``told``, by key, what one that is absent or of
    another type is told (``Wrong.VALEUR`` where a channel says nothing).
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    shown: ClassVar[frozenset[str]] = frozenset({"genre"})
    secret_file: ClassVar[str | None] = None
    wrong: ClassVar[tuple[Catalogue, ...]] = ()
    told: ClassVar[Mapping[str, Catalogue]] = {}

    genre: str


@dataclass(frozen=True, slots=True)
class Request:
    """One delivery about to leave: for whom, under which lasting id, the number of this try, the bytes.

    ``secrets`` is what ``Connector.secrets`` read for this subscription; ``gap`` names deliveries that will not arrive.
    """

    subscription_id: str
    destination: Destination
    secrets: tuple[bytes, ...] = field(repr=False)
    delivery_id: str
    event_id: str
    attempt: int
    gap: tuple[str, ...]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Batch:
    """Whole prefixes of lanes of one subscription, in order; never empty.

    ``position`` grows with every batch of the subscription. The same position comes again after a crash, with the same
    deliveries or fewer (some were withdrawn meanwhile): a receiver that stands there has them all.
    """

    position: int
    requests: tuple[Request, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """One attempt, ended. Seconds; ``code`` is the channel's own number, for people who read the list of attempts."""

    outcome: Explained
    code: int | None = None
    duration: float = 0.0
    retry_after: float = 0.0


@dataclass(frozen=True, slots=True)
class Delivered:
    """The receiver has it."""


@dataclass(frozen=True, slots=True)
class Again:
    """The head of the lane stays and is tried again after ``delay`` seconds; ``tries`` is what it has spent."""

    delay: float
    tries: int


@dataclass(frozen=True, slots=True)
class Stay:
    """The head stays until the receiver is better, as the gate of the endpoint decides; nothing is spent."""


@dataclass(frozen=True, slots=True)
class Park:
    """No more tries: the delivery is shown as parked, and the lane follows its policy."""


@dataclass(frozen=True, slots=True)
class Stop:
    """The receiver wants nothing more; the subscription stops, what it is owed stays."""


Decision: TypeAlias = Delivered | Again | Stay | Park | Stop


class Signal(StrEnum):
    """What an answer says of the endpoint, beyond the one delivery."""

    ALIVE = "alive"
    BUSY = "busy"  # alive, asks for less
    FAILING = "failing"
    UNREACHABLE = "unreachable"  # failing, and nobody answered
    REFUSED = "refused"  # the credentials or the partner's set-up
    MISSING = "missing"  # nobody there: one lane proves nothing, three do


def spend(tries: int, *, limit: int, ladder: tuple[float, ...], jitter: float, asked: float = 0.0) -> Again | Park:
    """Spend one try more.

    Args:
        tries: spent, this one included.
        limit: tries that such a failure may have; a channel gives ``len(ladder) + 1`` to what may pass.
        ladder: seconds before each new try.
        jitter: factor of the wait, drawn by the caller in [0.8, 1.2].
        asked: seconds that the receiver asked to wait.
    """
    if tries >= limit:
        return Park()
    return Again(max(ladder[min(tries, len(ladder)) - 1] * jitter, min(asked, RETRY_AFTER_CAP)), tries)


class Decide(Protocol):
    """Decides the fate of a delivery after an attempt. Pure."""

    def __call__(
        self, answer: Answer, tries: int, *, counted: bool, jitter: float, ladder: tuple[float, ...]
    ) -> Decision:
        """``tries`` were spent before; ``counted`` is false for a probe and while the breaker is open."""


@dataclass(frozen=True, slots=True)
class Table:
    """The outcome table of a channel: what may happen, what each means. ``success`` is the one that delivers.

    ``outcomes`` are the label ``outcome`` of ``bus_delivery_attempts_total``; ``why`` says in French why an attempt
    failed, nothing of what the receiver said but its code.
    """

    outcomes: type[Explained]
    success: Explained
    decide: Decide
    signal: Callable[[Answer], Signal]
    why: Callable[[Answer], str | None]


class Connector(ABC):
    """One channel at work, for all its subscriptions; lives in the loop of the dispatcher."""

    table: ClassVar[Table]

    def secrets(self, subscription_id: str, destination: Destination) -> tuple[bytes, ...] | None:  # noqa: ARG002
        """Read what the channel signs or logs in with, current first; None while it is missing: everything waits.

        Asked every second for each subscription.
        """
        return ()

    def close(self) -> None:  # noqa: B027 - most channels hold nothing
        """Drop what is in flight, without answers."""


class Sender(Connector):
    """Carries one delivery at a time: never two in flight in one lane."""

    @abstractmethod
    def send(self, request: Request, done: Callable[[Answer], None]) -> None:
        """Start one attempt; ``done`` is called once, later, from the loop."""


class BatchWriter(Connector):
    """Carries batches: never two in flight for one subscription."""

    @abstractmethod
    def write(self, batch: Batch) -> int:
        """Write a whole batch or nothing of it; gives the position at which the receiver stands, the batch's at least.

        Called in a thread: it may block, as long as a try may last. A receiver that stands at the batch's position or
        beyond has it already: then nothing is written.

        Raises:
            Unwritten: the receiver has nothing of it.
        """


class Unwritten(BusError):
    """A batch that the receiver does not have.

    ``refused`` is the id of the one delivery that it can never take, when it is one that stops the others.
    """

    def __init__(self, answer: Answer, refused: str | None = None) -> None:
        super().__init__(str(answer.outcome))
        self.answer = answer
        self.refused = refused
