"""When the first record that a group has not read was written, asked of the broker itself."""

import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, TopicPartition

from bus import kafka
from bus.settings import Settings
from watch.lag import LogPart

PATIENCE: Final = 10.0  # seconds for one reading

Start = tuple[str, int, int]
"""A topic, one of its partitions, an offset."""


class FirstUnread:
    """Reads single records by hand; keeps its client open between two readings."""

    def __init__(self, settings: Settings) -> None:
        self._reader = kafka.consumer(
            settings, "bus-watch", **{"fetch.wait.max.ms": 50, "max.poll.interval.ms": 86_400_000}
        )

    def close(self) -> None:
        """Close the client."""
        self._reader.close()

    def written_at(self, starts: Iterable[Start]) -> dict[Start, float]:
        """Give when the record at each place was written; one group's places never repeat a partition, two may."""
        found: dict[Start, float] = {}
        rest = set(starts)
        while rest:
            turn = {(topic, part): (topic, part, offset) for topic, part, offset in sorted(rest)}
            rest -= set(turn.values())
            found |= self._read_first(turn)
        return found

    def _read_first(self, turn: Mapping[LogPart, Start]) -> dict[Start, float]:
        self._reader.assign([TopicPartition(*start) for start in turn.values()])
        found: dict[Start, float] = {}
        deadline = time.monotonic() + PATIENCE
        try:
            while len(found) < len(turn) and time.monotonic() < deadline:
                for message in self._reader.consume(len(turn), timeout=0.5):
                    kafka.raise_for(message)
                    place = (message.topic(), message.partition())
                    if turn[place] not in found:
                        found[turn[place]] = _seconds(message)
                        self._reader.incremental_unassign([TopicPartition(*place)])
        finally:
            self._reader.unassign()
        return found


def _seconds(message: Any) -> float:  # noqa: ANN401 - an untyped library
    kind, milliseconds = message.timestamp()
    return time.time() if kind == TIMESTAMP_NOT_AVAILABLE else milliseconds / 1000
