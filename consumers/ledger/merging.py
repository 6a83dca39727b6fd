"""One order for the records of several partitions: by publication time, never against the order of a partition."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from consumers.ledger.records import Place


class Placed(Protocol):
    """A record of a topic (``confluent_kafka.Message``)."""

    def topic(self) -> str:
        """Give the topic."""

    def partition(self) -> int:
        """Give the partition."""

    def timestamp(self) -> tuple[int, int]:
        """Give the kind of timestamp, and milliseconds since 1970."""


M = TypeVar("M", bound=Placed)


def by_time(messages: Sequence[M]) -> list[M]:
    """Give a batch in the order of the records' timestamps; equal times follow topic, then partition.

    Records of one partition keep their order even where their times do not grow: each counts as late as the latest
    before it. Across two batches nothing is promised.
    """
    latest: dict[Place, int] = {}
    keyed = []
    for message in messages:
        place = (message.topic(), message.partition())
        latest[place] = max(latest.get(place, 0), message.timestamp()[1])
        keyed.append((latest[place], *place, message))
    return [message for *_, message in sorted(keyed, key=lambda entry: entry[:3])]
