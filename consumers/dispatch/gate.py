"""The gate of one endpoint: how many attempts may be in flight, and whether any may start. Pure: time is an argument.

Closed, it lets a window through that grows by one per round of successes and halves when the receiver suffers. Open, it
lets nothing through but one probe at a time, further and further apart up to one an hour. A receiver that asks to wait
holds the whole endpoint.
"""

from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, assert_never

from consumers.connectors.port import Signal
from consumers.schedule import PROBES, RETRY_AFTER_CAP

_MISSING_LANES: Final = 3  # nobody there on so many lanes, no success between: the address is wrong, not one person


@dataclass(frozen=True, slots=True)
class Rules:
    """The numbers of a gate; times in seconds. Tests shrink them."""

    first_window: float = 4.0
    max_window: float = 64.0
    samples: int = 10
    failing_share: float = 0.5
    span: float = 30.0
    unreachable_in_a_row: int = 5
    probes: tuple[float, ...] = PROBES


class Position(StrEnum):
    """Of the breaker."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"  # one probe is in flight


class Gate:
    """Counts attempts in flight and learns from answers."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self.window = rules.first_window
        self.in_flight = 0
        self.position = Position.CLOSED
        self.opens_at = 0.0  # before that time nothing starts
        self._probes = 0
        self._unreachable = 0
        self._samples: deque[tuple[float, bool]] = deque()
        self._failures = 0
        self._missing: set[str] = set()

    @property
    def closed(self) -> bool:
        """Whether attempts count."""
        return self.position is Position.CLOSED

    def room(self, now: float) -> int:
        """Give how many attempts may start now."""
        if now < self.opens_at:
            return 0
        match self.position:
            case Position.CLOSED:
                return max(0, int(self.window) - self.in_flight)
            case Position.OPEN:
                return 1
            case Position.HALF_OPEN:
                return 0
            case _:
                assert_never(self.position)

    def start(self) -> bool:
        """Count one attempt as started; gives true when it is a probe."""
        self.in_flight += 1
        if self.position is not Position.OPEN:
            return False
        self.position = Position.HALF_OPEN
        return True

    def cancel(self, *, probe: bool) -> None:
        """Forget an attempt that never left."""
        self.in_flight -= 1
        if probe and self.position is Position.HALF_OPEN:
            self.position = Position.OPEN

    def end(self, signal: Signal, now: float, *, lane: str, probe: bool, retry_after: float) -> None:
        """Learn from an answer. ``retry_after`` in seconds, capped at 24 h."""
        self.in_flight -= 1
        if retry_after > 0:
            self.hold(now + min(retry_after, RETRY_AFTER_CAP))
        if probe:
            self._probed(signal, now)
        elif self.position is Position.CLOSED:
            self._learn(signal, now, lane)

    def hold(self, until: float) -> None:
        """Let nothing start before that time."""
        self.opens_at = max(self.opens_at, until)

    def _probed(self, signal: Signal, now: float) -> None:
        if signal in (Signal.ALIVE, Signal.BUSY):
            self._close()
        else:
            self._open(now)

    def _learn(self, signal: Signal, now: float, lane: str) -> None:
        failing = signal in (Signal.FAILING, Signal.UNREACHABLE)
        self._unreachable = self._unreachable + 1 if signal is Signal.UNREACHABLE else 0
        if failing or signal is Signal.BUSY:
            self.window = max(1.0, self.window / 2)
        elif signal is Signal.ALIVE:
            self.window = min(self._rules.max_window, self.window + 1 / self.window)
            self._missing.clear()
        elif signal is Signal.MISSING:
            self._missing.add(lane)
        self._sample(now, failing=failing)
        if signal is Signal.REFUSED or len(self._missing) >= _MISSING_LANES or self._suffers():
            self._open(now)

    def _sample(self, now: float, *, failing: bool) -> None:
        self._samples.append((now, failing))
        self._failures += failing
        while self._samples[0][0] < now - self._rules.span:
            self._failures -= self._samples.popleft()[1]

    def _suffers(self) -> bool:
        count = len(self._samples)
        many = count >= self._rules.samples and self._failures >= count * self._rules.failing_share
        return many or self._unreachable >= self._rules.unreachable_in_a_row

    def _open(self, now: float) -> None:
        waits = self._rules.probes
        self.position = Position.OPEN
        self.opens_at = max(self.opens_at, now + waits[min(self._probes, len(waits) - 1)])
        self._probes += 1

    def _close(self) -> None:
        self.position = Position.CLOSED
        self.window = self._rules.first_window
        self._probes = self._unreachable = self._failures = 0
        self._samples.clear()
        self._missing.clear()
