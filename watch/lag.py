"""How far a group is behind, in records and in seconds, and what it has lost; pure.

The age of a lag is the age of the first record that the group has not read: exact, and it asks nothing of the reader.
"""

from dataclasses import dataclass

LogPart = tuple[str, int]
"""A topic and one of its partitions."""


@dataclass(frozen=True, slots=True)
class Lag:
    """What one group has not read of one partition; ``expired`` records are gone and never will be."""

    group: str
    topic: str
    partition: int
    next_offset: int
    records: int
    expired: int = 0
    seconds: float = 0.0
    committed: int = 0


def behind(group: str, place: LogPart, committed: int | None, ends: tuple[int, int]) -> Lag:
    """Give the lag of a group on a partition.

    Args:
        group: its name.
        place: topic and partition.
        committed: next offset that it will read, None when it has never committed: it starts at the beginning.
        ends: first offset that the broker still has, and the next one it will give.
    """
    low, high = ends
    start = low if committed is None else min(max(committed, low), high)
    expired = 0 if committed is None else max(0, low - committed)
    return Lag(group, *place, next_offset=start, records=high - start, expired=expired, committed=committed or 0)


class Ages:
    """Since when each group is behind, kept for when the broker is too slow to say."""

    def __init__(self) -> None:
        self._since: dict[tuple[str, LogPart], float] = {}

    def of(self, lag: Lag, written: float | None, now: float) -> float:
        """Give the age of a lag in seconds.

        A record that could not be read in time keeps the age growing from the last one read: it never resolves an alert
        that still holds. Behind and never read, the age starts now.

        Args:
            lag: of a group on a partition.
            written: when its first unread record was written, None when it was not read in time.
            now: seconds since 1970.
        """
        key = (lag.group, (lag.topic, lag.partition))
        if not lag.records:
            self._since.pop(key, None)
            return 0.0
        since = self._since[key] = self._since.get(key, now) if written is None else written
        return max(0.0, now - since)


class Losses:
    """How many records each group has lost, each told once however long the group stays away."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, LogPart], int] = {}  # the first offset not yet told

    def new(self, lag: Lag) -> int:
        """Give how many records have expired unread since the last measure."""
        if not lag.expired:
            return 0
        key = (lag.group, (lag.topic, lag.partition))
        since = max(lag.committed, self._told.get(key, lag.committed))
        self._told[key] = lag.next_offset
        return max(0, lag.next_offset - since)
