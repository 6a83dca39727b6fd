"""Toy channels: one of each shape, beside the webhook, for what must hold whatever carries the events."""

from collections.abc import Callable
from typing import ClassVar

from bus.reasons import Explained
from consumers.connectors.port import Answer, Decision, Delivered, Request, Sender, Signal, Table, Wait, spend


class ToyOutcome(Explained):
    DONE = "success", "arrivée", "Rien."
    FAILED = "timeout", "pas arrivée", "Attendez."


def _decide(answer: Answer, tries: int, *, counted: bool, jitter: float, ladder: tuple[float, ...]) -> Decision:
    if answer.outcome is ToyOutcome.DONE:
        return Delivered()
    return spend(tries + 1, limit=len(ladder) + 1, ladder=ladder, jitter=jitter) if counted else Wait()


def _signal(answer: Answer) -> Signal:
    return Signal.ALIVE if answer.outcome is ToyOutcome.DONE else Signal.UNREACHABLE


def _cause(answer: Answer) -> str | None:
    return None if answer.outcome is ToyOutcome.DONE else answer.outcome.meaning


TOY: Table = Table(ToyOutcome, ToyOutcome.DONE, _decide, _signal, _cause)


class SilentSender(Sender):
    """Takes everything and never answers."""

    table: ClassVar[Table] = TOY

    def send(self, request: Request, done: Callable[[Answer], None]) -> None:
        """Nothing."""
