"""What a batch lane feeds, and what it promises to it: no Kafka library here."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class Fenced(Exception):
    """The group has moved on without this process: nothing of the running batch may be built upon."""


class Fence(Protocol):
    """Raises ``Fenced`` when the partitions of the running batch may belong to somebody else."""

    async def __call__(self) -> None:
        """Return only while this process is a member of the group."""


class Batches(Protocol):
    """What the lane feeds: one topic, its partitions opened before use and released at each rebalance."""

    topic: str

    def ready(self, partitions: Sequence[int]) -> set[int]:
        """Give those that may be handled now; those missing are being prepared."""

    async def handle(self, batch: Mapping[int, Sequence[Any]], fence: Fence) -> None:
        """Handle records by partition, in order; on return every effect is durable. Raising stops the process."""

    async def release(self) -> None:
        """Give up every partition; no batch is running."""


class BatchLane:
    """The state that the lane shows outside: for readiness and tests."""

    def __init__(self, batches: Batches) -> None:
        self.batches = batches
        self.failure: Exception | None = None
        self.over = asyncio.Event()  # set with failure
        self.complete = False  # every assigned partition is handled

    def fail(self, error: Exception) -> None:
        """Tell the process to stop."""
        self.failure = error
        self.over.set()
