"""The stream stage: ``evenements`` in; the authorities' topics, quarantine and the changelog of persons out."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bus import access, topics
from bus.codec import Codec
from bus.errors import Misconfigured
from bus.kafka import BusProducer, producer
from bus.registry import Registry
from bus.role import admit
from bus.settings import Settings
from bus.stopping import StopEvent
from bus.telemetry.logs import get_logger
from streams.batches import Fence
from streams.credentials import credentials, fate
from streams.handler import Handler
from streams.identity import logs
from streams.lane import LaneApp
from streams.state import Persons
from streams.store import claim

GROUP: Final = "bus-stream"
SESSION: Final = 6.0  # seconds: how long a dead worker's partitions wait
LINGER_MS: Final = 40  # only while a batch is being decided: each batch ends with a flush, which waits for nobody

log = get_logger()


class PersonBatches:
    """Joins the lane to the handler and to the state of the partitions it holds."""

    topic = topics.EVENEMENTS

    def __init__(self, persons: Persons, handler: Handler) -> None:
        self._persons, self._handler = persons, handler

    def ready(self, partitions: Sequence[int]) -> set[int]:
        """Give the partitions whose state is complete."""
        return self._persons.ready(partitions)

    async def handle(self, batch: Mapping[int, Sequence[Any]], fence: Fence) -> None:
        """Handle records by partition."""
        await self._handler.handle(batch, fence)

    async def release(self) -> None:
        """Close every state."""
        await self._persons.release()


class StreamStage:
    """One worker of the stream stage, from its folder to its Faust application."""

    def __init__(self, settings: Settings) -> None:
        """Take a state folder and make the clients.

        Raises:
            Misconfigured: the broker differs from the declared topics, the registry would take incompatible schemas, an
                address is missing, no folder is free.
            Unavailable: the broker does not answer.
        """
        registry_url = _registry(settings)
        registry = Registry(registry_url)
        admit("stream", settings, registry)
        self._who = access.principal(settings)
        self._folder, self._lock = claim(state_dir(settings))
        self._producer: BusProducer = producer(settings, linger_ms=LINGER_MS)
        self.codec = Codec(Registry(registry_url, self._folder / "schemas"))
        self._persons = Persons(settings, self._folder, logs(settings), self._producer)
        self.app = create_app(settings, self._folder)
        self.app.install(PersonBatches(self._persons, Handler(self._persons, self.codec, self._producer)))

    @property
    def ready(self) -> bool:
        """Tell whether every assigned partition is being handled."""
        return self.app.lane.complete

    async def run(self, told: StopEvent) -> None:
        """Work until told to stop, then commit what is done and leave the group.

        Raises:
            Exception: what stopped the work; nothing of the failed batch is committed.
        """
        self.app.in_worker = True
        try:
            await self.app.start()
            await _first(told.heard(), self.app.lane.over.wait(), self.app.wait_until_stopped())
        finally:
            failure = self.app.lane.failure or self.app.crash_reason
            await self._close()
        if failure is not None:
            raise fate(failure, self._who)

    async def _close(self) -> None:
        try:
            await self.app.stop()
        except Exception as error:  # noqa: BLE001 - the first failure is the one to tell; this one loses nothing
            log.warning("stop was not clean", error=type(error).__name__)
        await self._persons.close()
        os.close(self._lock)


def create_app(settings: Settings, folder: Path) -> LaneApp:
    """Give the Faust application, wired to nothing yet: group membership and commits, no web, no tables, no agents."""
    return LaneApp(
        GROUP,
        broker=[f"kafka://{address}" for address in access.addresses(settings)],
        broker_credentials=credentials(settings),
        store="memory://",
        datadir=folder / "faust",
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=0,
        consumer_auto_offset_reset="earliest",
        broker_session_timeout=SESSION,
        broker_heartbeat_interval=SESSION / 5,
        broker_rebalance_timeout=10.0,
        broker_request_timeout=15.0,
        broker_commit_interval=0.5,
        broker_max_poll_records=5_000,
        consumer_max_fetch_size=4 << 20,
        worker_redirect_stdouts=False,
    )


def state_dir(settings: Settings) -> Path:
    """Give the folder of the local state: ``BUS_STATE_DIR``, else ``etat`` in the data folder."""
    return settings.state_dir or settings.data_dir / "etat"


def _registry(settings: Settings) -> str:
    if settings.registry_url is None:
        raise Misconfigured("bus stream : BUS_REGISTRY_URL est nécessaire (ou bus dev up)")
    return settings.registry_url


async def _first(*waits: Any) -> None:  # noqa: ANN401 - awaitables of asyncio and of Faust
    tasks = [asyncio.ensure_future(one) for one in waits]
    _, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
