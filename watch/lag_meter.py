"""Measures how far each group is behind, whether it runs or not: a stopped reader must be seen."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import ConfigResource, OffsetSpec, ResourceType

from bus import kafka, topics
from bus.refusals import is_refusal
from bus.settings import Settings
from bus.territory import authority_codes
from watch.first_unread import FirstUnread
from watch.lag import Ages, Lag, LogPart, behind

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


class LagMeter:
    """Measures the lag of the known groups; keeps its clients open between two measures."""

    def __init__(self, settings: Settings, groups: Mapping[str, Sequence[str]] = GROUPS) -> None:
        self._groups = groups
        self._admin = kafka.admin(settings)
        self._askers = {group: kafka.consumer(settings, group) for group in groups}
        self._ages = Ages()
        self._reader = FirstUnread(settings)

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
        self._reader.close()
        for client in self._askers.values():
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

    def _ends(self, places: Iterable[LogPart]) -> dict[LogPart, tuple[int, int]]:
        asked = list(places)
        first, last = (self._offsets(asked, spec) for spec in (OffsetSpec.earliest(), OffsetSpec.latest()))
        return {place: (first[place], last[place]) for place in asked}

    def _offsets(self, places: Sequence[LogPart], spec: Any) -> dict[LogPart, int]:  # noqa: ANN401 - an untyped library
        if not places:
            return {}
        futures = self._admin.list_offsets({TopicPartition(*place): spec for place in places}, request_timeout=PATIENCE)
        return {(tp.topic, tp.partition): at.offset for tp, at in self._admin.answers(futures, PATIENCE).items()}

    def _committed(self, group: str, places: Sequence[LogPart]) -> dict[LogPart, int]:
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
        written = self._reader.written_at(starts)
        now = time.time()
        return [
            replace(lag, seconds=self._ages.of(lag, written.get((lag.topic, lag.partition, lag.next_offset)), now))
            for lag in lags
        ]


def _retention(config: Mapping[str, Any]) -> float | None:
    """Give the seconds that a topic keeps its records for; None when time takes nothing away."""
    milliseconds = int(config["retention.ms"].value)
    return milliseconds / 1000 if "delete" in config["cleanup.policy"].value and milliseconds >= 0 else None
