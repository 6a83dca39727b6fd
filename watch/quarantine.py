"""What is in the topic ``quarantaine``, by stage and reason, and since when: read by the watcher, whoever wrote it.

Only headers are looked at; the sealed bytes are of no use to a process without keys. What ingest has put aside lies in
its journal, never on this topic, and ingest shows it itself: nothing is counted twice.
"""

import time
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from confluent_kafka import KafkaException, TopicPartition

from bus import kafka, topics
from bus.measuring import OTHER, REASONS, Rows, Stage, reason
from bus.settings import Settings
from bus.telemetry.metrics import QUARANTINE_HELD, QUARANTINE_OLDEST

PATIENCE: Final = 10.0  # seconds for one question to the broker, and for reading what is new
SILENCE: Final = 2.0  # seconds without a record after which a reading ends
RUN: Final = 1_000  # records of a run: how far the date of the oldest may be off once some of them have expired
_STAGES: Final = (Stage.STREAM, Stage.DELIVER)

Labels = tuple[str, str]
"""Labels ``stage`` and ``reason``."""


@dataclass(slots=True)
class Run:
    """Neighbours of one labels: a flood of a million alike is a thousand of these."""

    labels: Labels
    first: int
    last: int
    written: float  # of the first one, seconds since 1970


class Held:
    """The records of the topic, in order of offsets. Pure."""

    def __init__(self) -> None:
        self._runs: deque[Run] = deque()

    def add(self, labels: Labels, offset: int, written: float) -> None:
        """Take note of a record; offsets grow."""
        last = self._runs[-1] if self._runs else None
        if last and last.labels == labels and last.last + 1 == offset and offset - last.first < RUN:
            last.last = offset
        else:
            self._runs.append(Run(labels, offset, offset, written))

    def expire(self, low: int) -> None:
        """Forget the records before an offset."""
        while self._runs and self._runs[0].last < low:
            self._runs.popleft()
        if self._runs:
            self._runs[0].first = max(self._runs[0].first, low)

    def clear(self) -> None:
        """Forget everything."""
        self._runs.clear()

    def by_labels(self) -> dict[Labels, tuple[int, float]]:
        """Give how many there are of each labels, and when the oldest came."""
        found: dict[Labels, tuple[int, float]] = {}
        for run in self._runs:
            count, oldest = found.get(run.labels, (0, run.written))
            found[run.labels] = (count + run.last - run.first + 1, min(oldest, run.written))
        return found


class QuarantineMeter:
    """Follows the topic from its first record; keeps its client open between two measures."""

    def __init__(self, settings: Settings, topic: str = topics.QUARANTAINE) -> None:
        self._place = (topic, 0)  # declared with one partition
        self._held = Held()
        self._next: int | None = None
        self._reader = kafka.consumer(settings, "bus-watch", **{"max.poll.interval.ms": 86_400_000})

    def measure(self) -> Mapping[Labels, tuple[int, float]]:
        """Give, by labels, how many records the topic holds and when the oldest came (seconds since 1970).

        What cannot be read within ten seconds is read by the next measure.

        Raises:
            Unavailable: the broker does not answer.
            Misconfigured: it refuses this process.
        """
        try:
            low, high = self._reader.get_watermark_offsets(TopicPartition(*self._place), timeout=PATIENCE)
            if self._next is None or self._next > high:  # at start, or the topic was made anew
                self._held.clear()
                self._go_to(low)
            self._read_to(high)
        except KafkaException as error:
            raise self._reader.fate(error) from error
        self._held.expire(low)
        return self._held.by_labels()

    def close(self) -> None:
        """Close the client."""
        self._reader.close()

    def _go_to(self, offset: int) -> None:
        self._next = offset
        self._reader.assign([TopicPartition(*self._place, offset)])

    def _read_to(self, high: int) -> None:
        deadline = time.monotonic() + PATIENCE
        quiet = time.monotonic() + SILENCE
        while self._next is not None and self._next < high and time.monotonic() < min(deadline, quiet):
            messages = self._reader.consume(1_000, timeout=0.5)
            self._note(messages)
            if messages:
                quiet = time.monotonic() + SILENCE

    def _note(self, messages: Iterable[Any]) -> None:
        for message in messages:
            kafka.raise_for(message)
            self._held.add(labels(message.headers()), message.offset(), message.timestamp()[1] / 1000)
            self._next = message.offset() + 1


def labels(headers: Any) -> Labels:  # noqa: ANN401 - of an untyped library
    """Give the labels that the headers of a record in quarantine tell, as labels."""
    stage, motif = (_text(kafka.header(headers, name)) for name in ("etape", "motif"))
    if stage not in _STAGES:
        return OTHER, OTHER
    return stage, reason(Stage(stage), motif)


def _text(value: bytes | None) -> str:
    return (value or b"").decode(errors="replace")


_HELD: Final = Rows(QUARANTINE_HELD)
_OLDEST: Final = Rows(QUARANTINE_OLDEST)


def publish(found: Mapping[Labels, tuple[int, float]]) -> None:
    """Show a measure in the metrics; every known labels is there, at zero when it holds nothing."""
    rows: dict[Labels, tuple[int, float]] = {
        (stage.value, str(known)): (0, 0.0) for stage in _STAGES for known in REASONS[stage]
    }
    rows |= found
    _HELD.show({labels: float(count) for labels, (count, _) in rows.items()})
    _OLDEST.show({labels: oldest for labels, (_, oldest) in rows.items()})
