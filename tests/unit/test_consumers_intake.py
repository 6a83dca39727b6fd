"""How intake gathers: large batches while it catches up, small ones afterwards."""

from typing import Any, cast

import pytest
from confluent_kafka import Message

from bus import kafka
from bus.settings import Settings
from consumers.ledger import intake
from consumers.ledger.intake import BATCH, CATCH_UP, Intake, IntakeTools


class Backlog:
    """A consumer before whom so many records wait; it remembers how many it was asked for at once."""

    def __init__(self, waiting: int) -> None:
        self.waiting = waiting
        self.asked: list[int] = []

    def poll(self, _timeout: float) -> object | None:
        return self._give(1)[0] if self.waiting else None

    def consume(self, count: int, _timeout: float) -> list[object]:
        self.asked.append(count + 1)
        return self._give(count)

    def _give(self, count: int) -> list[object]:
        given = min(count, self.waiting)
        self.waiting -= given
        return [object()] * given


def gathering(monkeypatch: pytest.MonkeyPatch, backlog: Backlog) -> tuple[Intake, list[int]]:
    taken: list[int] = []

    def take(_self: Intake, messages: list[Message]) -> None:
        taken.append(len(messages))

    monkeypatch.setattr(kafka, "consumer", lambda *_: backlog)
    monkeypatch.setattr(intake.Intake, "_take", take)
    return Intake(Settings(), cast("IntakeTools", cast("Any", None))), taken


def test_after_a_start_the_backlog_meets_in_large_batches_and_then_batches_are_small(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    backlog = Backlog(CATCH_UP + 7)
    reader, taken = gathering(monkeypatch, backlog)

    reader.step()
    reader.step()
    backlog.waiting = 3
    reader.step()

    assert taken == [CATCH_UP, 7, 3]
    assert backlog.asked == [CATCH_UP, CATCH_UP, BATCH]


def test_silence_long_after_a_start_means_that_nothing_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    backlog = Backlog(0)
    reader, taken = gathering(monkeypatch, backlog)

    reader.step()
    backlog.waiting = 1
    reader.step()

    assert (taken, backlog.asked) == ([1], [BATCH])


def test_positions_are_given_again_every_day_though_nothing_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    backlog = Backlog(0)
    given: list[tuple[str, int]] = []
    monkeypatch.setattr(
        backlog, "commit", lambda offsets, **_: given.extend((one.topic, one.offset) for one in offsets), raising=False
    )
    reader, _ = gathering(monkeypatch, backlog)
    reader._positions = {("departement.52.evenements", 0): 7}
    clock = [0.0]
    monkeypatch.setattr("consumers.ledger.intake.time.monotonic", lambda: clock[0])
    reader._recommit()

    counts = []
    for clock[0] in (86_399.0, 86_401.0, 86_402.0, 2 * 86_402.0):
        reader.step()
        counts.append(len(given))

    assert counts == [1, 2, 2, 3]
    assert set(given) == {("departement.52.evenements", 7)}
