"""How far each group is behind, in records and in seconds, whether it runs or not: a stopped reader must be seen.

The age of a lag is the age of the first record that the group has not read: exact, and it asks nothing of the reader.
Scrapes get the last measure; nothing is read from the broker while one waits.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import ConfigResource, OffsetSpec, ResourceType

from bus import kafka, topics
from bus.refusals import is_refusal
from bus.settings import Settings
from bus.telemetry.logs import get_logger
from bus.telemetry.metrics import (
    CONSUMER_COMMITTED,
    CONSUMER_LAG_RECORDS,
    CONSUMER_LAG_SECONDS,
    CONSUMER_LOST,
    LAG_EXPORTER_LAST_SUCCESS,
    TOPIC_RETENTION,
)
from bus.territory import authority_codes

GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "bus-stream": (topics.EVENEMENTS,),
    "bus-deliver": tuple(topics.departement(code) for code in authority_codes()),
}
PATIENCE: Final = 10.0  # seconds for one question to the broker

RETRY: Final = 0.2
_COORDINATOR: Final = frozenset(
    {
        KafkaError.NOT_COORDINATOR,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    }
)
"""What a broker says of a group whose coordinator is young or moving: the next question finds it."""

Place = tuple[str, int]
"""A topic and one of its partitions."""

log = get_logger()


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


def behind(group: str, place: Place, committed: int | None, ends: tuple[int, int]) -> Lag:
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


class LagMeter:
    """Measures the lag of the known groups; keeps its clients open between two measures."""

    def __init__(self, settings: Settings, groups: Mapping[str, Sequence[str]] = GROUPS) -> None:
        self._groups = groups
        self._admin = kafka.admin(settings)
        self._askers = {group: kafka.consumer(settings, group) for group in groups}
        self._ages = Ages()
        self._reader = kafka.consumer(
            settings, "bus-watch", **{"fetch.wait.max.ms": 50, "max.poll.interval.ms": 86_400_000}
        )

    def measure(self) -> list[Lag]:
        """Give one lag per group and partition.

        Raises:
            Unavailable: the broker does not answer.
            Misconfigured: it refuses this process.
        """
        try:
            return self._measure()
        except KafkaException as error:
            self._admin.raise_failure()
            raise self._admin.fate(error) from error

    def retentions(self) -> dict[str, float]:
        """Give how long the broker keeps the records of each topic that a group reads, in seconds.

        A topic that keeps everything, or the last record of each key, has none.

        Raises:
            Unavailable, Misconfigured: as ``measure``.
        """
        known = self._admin.metadata(PATIENCE).topics
        names = sorted({name for some in self._groups.values() for name in some if name in known})
        if not names:
            return {}
        asked = self._admin.describe_configs([ConfigResource(ResourceType.TOPIC, name) for name in names])
        found = {one.name: _retention(config) for one, config in self._admin.answers(asked, PATIENCE).items()}
        return {name: seconds for name, seconds in found.items() if seconds is not None}

    def close(self) -> None:
        """Close the clients."""
        for client in (self._reader, *self._askers.values()):
            client.close()

    def _measure(self) -> list[Lag]:
        known = self._admin.metadata(PATIENCE).topics
        places = {
            group: [(name, part) for name in names if name in known for part in sorted(known[name].partitions)]
            for group, names in self._groups.items()
        }
        ends = self._ends({place for some in places.values() for place in some})
        found: list[Lag] = []
        for group, some in places.items():
            committed = self._committed(group, some) if some else {}
            found += [behind(group, place, committed.get(place), ends[place]) for place in some]
        return self._dated(found)

    def _ends(self, places: Iterable[Place]) -> dict[Place, tuple[int, int]]:
        asked = list(places)
        first, last = (self._offsets(asked, spec) for spec in (OffsetSpec.earliest(), OffsetSpec.latest()))
        return {place: (first[place], last[place]) for place in asked}

    def _offsets(self, places: Sequence[Place], spec: Any) -> dict[Place, int]:  # noqa: ANN401 - an untyped library
        if not places:
            return {}
        futures = self._admin.list_offsets({TopicPartition(*place): spec for place in places}, request_timeout=PATIENCE)
        return {(tp.topic, tp.partition): at.offset for tp, at in self._admin.answers(futures, PATIENCE).items()}

    def _committed(self, group: str, places: Sequence[Place]) -> dict[Place, int]:
        """Ask as a consumer of the group that never joins it.

        The admin request for it ends the process when the coordinator moves or is not there yet (librdkafka 5040).
        """
        rows = self._ask(group, [TopicPartition(*place) for place in places])
        for refused in (tp.error for tp in rows if tp.error is not None and is_refusal(tp.error)):
            raise KafkaException(refused)
        return {(tp.topic, tp.partition): tp.offset for tp in rows if tp.error is None and tp.offset >= 0}

    def _ask(self, group: str, places: list[TopicPartition]) -> list[TopicPartition]:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                found: list[TopicPartition] = self._askers[group].committed(places, timeout=PATIENCE)
            except KafkaException as error:
                if error.args[0].code() not in _COORDINATOR or time.monotonic() > deadline:
                    raise
                time.sleep(RETRY)
            else:
                return found

    def _dated(self, lags: list[Lag]) -> list[Lag]:
        """Read the first unread record of every partition that has one, all groups that stand there at once."""
        starts = {(lag.topic, lag.partition, lag.next_offset) for lag in lags if lag.records}
        written = self._written_at(starts)
        now = time.time()
        return [
            replace(lag, seconds=self._ages.of(lag, written.get((lag.topic, lag.partition, lag.next_offset)), now))
            for lag in lags
        ]

    def _written_at(self, starts: set[tuple[str, int, int]]) -> dict[tuple[str, int, int], float]:
        """Give when the record at each place was written; one group's places never repeat a partition, two may."""
        found: dict[tuple[str, int, int], float] = {}
        rest = set(starts)
        while rest:
            turn = {(topic, part): (topic, part, offset) for topic, part, offset in sorted(rest)}
            rest -= set(turn.values())
            found |= self._read_first(turn)
        return found

    def _read_first(self, turn: Mapping[Place, tuple[str, int, int]]) -> dict[tuple[str, int, int], float]:
        self._reader.assign([TopicPartition(*start) for start in turn.values()])
        found: dict[tuple[str, int, int], float] = {}
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


class Ages:
    """Since when each group is behind, kept for when the broker is too slow to say."""

    def __init__(self) -> None:
        self._since: dict[tuple[str, Place], float] = {}

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
        self._told: dict[tuple[str, Place], int] = {}  # the first offset not yet told

    def new(self, lag: Lag) -> int:
        """Give how many records have expired unread since the last measure."""
        if not lag.expired:
            return 0
        key = (lag.group, (lag.topic, lag.partition))
        since = max(lag.committed, self._told.get(key, lag.committed))
        self._told[key] = lag.next_offset
        return max(0, lag.next_offset - since)


_LOSSES: Final = Losses()


def publish(lags: Iterable[Lag], retentions: Mapping[str, float] | None = None) -> None:
    """Show a measure in the metrics; retentions in seconds, by topic."""
    for topic, seconds in (retentions or {}).items():
        TOPIC_RETENTION.labels(topic).set(seconds)
    for lag in lags:
        labels = (lag.group, lag.topic, str(lag.partition))
        CONSUMER_COMMITTED.labels(*labels).set(lag.committed)
        CONSUMER_LOST.labels(lag.group, lag.topic).inc(_LOSSES.new(lag))
        CONSUMER_LAG_RECORDS.labels(*labels).set(lag.records)
        CONSUMER_LAG_SECONDS.labels(*labels).set(lag.seconds)
        if lag.expired:
            log.error("records expired unread", group=lag.group, topic=lag.topic, records=lag.expired)
    LAG_EXPORTER_LAST_SUCCESS.set_to_current_time()


def _seconds(message: Any) -> float:  # noqa: ANN401 - an untyped library
    kind, milliseconds = message.timestamp()
    return time.time() if kind == TIMESTAMP_NOT_AVAILABLE else milliseconds / 1000


def _retention(config: Mapping[str, Any]) -> float | None:
    """Give the seconds that a topic keeps its records for; None when time takes nothing away."""
    milliseconds = int(config["retention.ms"].value)
    return milliseconds / 1000 if "delete" in config["cleanup.policy"].value and milliseconds >= 0 else None
