"""A batch lane for Faust: one topic's records reach one handler by whole fetches, past Faust's per-message machinery.

Membership, assignment, heartbeats, commits on a timer and shutdown stay Faust's. The lane adds, at least once and in
partition order: an offset is committed only after ``handle`` has returned for it; no partition is given up while a
batch runs; what was fetched before a revocation is never handled after it.

Written against the internals of faust-streaming 0.15.3: ``install`` refuses any other version.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

import faust
from aiokafka.errors import (  # type: ignore[import-untyped] # aiokafka ships no types
    CommitFailedError,
    IllegalStateError,
    KafkaError,
)
from aiokafka.structs import OffsetAndMetadata  # type: ignore[import-untyped] # aiokafka ships no types
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from bus.errors import Misconfigured
from bus.telemetry.logs import get_logger
from streams.batches import Batches, BatchLane, Fenced

FAUST: Final = "0.15.3"
OVERRIDDEN: Final = ("_drain_messages", "force_commit", "on_partitions_revoked", "on_stop", "verify_event_path")
USED: Final = ("_getmany", "_get_active_partitions", "stop_flow", "wait_first", "crash", "assignment")
FETCH_TIMEOUT: Final = 0.2  # seconds
IDLE: Final = 0.02  # seconds

log = get_logger()


class LaneConsumer(driver.Consumer):
    """Faust's Kafka consumer, for an application whose only topic is the lane's."""

    def on_init(self) -> None:
        """Prepare the state of the lane."""
        super().on_init()
        self._lane: BatchLane = self.app.lane
        self._busy = asyncio.Lock()  # held from handle to mark done, by commit and by revoke: never around a fetch
        self._epoch = 0  # one more at each revocation
        self._done: dict[TP, int] = {}  # next offset to commit, current assignment only

    async def _drain_messages(self, fetcher: Any) -> None:  # noqa: ANN401 - a Faust service
        try:
            while not (self._stopped.is_set() or fetcher._stopped.is_set()):  # noqa: SLF001 - as Faust's own loop
                if self.flow_active:
                    await self._turn()
                else:
                    await self.wait_first(self.can_resume_flow.wait(), self._stopped.wait(), fetcher._stopped.wait())  # noqa: SLF001
        except self.consumer_stopped_errors:
            if not self.app.should_stop:
                raise
        except asyncio.CancelledError:
            if not self.app.should_stop:
                raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the process stops: nothing of this batch is committed
            self._lane.fail(error)

    async def _turn(self) -> None:
        """Fetch once, handle what came unless a revocation has passed meanwhile."""
        epoch, assigned = self._epoch, self._get_active_partitions()
        ready = self._lane.batches.ready([tp.partition for tp in assigned])
        self._lane.complete = len(ready) == len(assigned) and bool(assigned or self.app.unassigned)
        active = {tp for tp in assigned if tp.partition in ready}
        if not active:
            await asyncio.sleep(IDLE)
            return
        # Not under the lock: once a rebalance has begun this call ignores its timeout and returns only after the next
        # assignment, so a revocation that waited for it would hang until the group throws the process out.
        records = await self._getmany(active, FETCH_TIMEOUT if len(ready) == len(assigned) else IDLE)
        if not records:
            return
        batch = {TP(*tp): rows for tp, rows in records.items() if rows}
        async with self._busy:
            kept = epoch == self._epoch and await self._to_the_end(batch)
        if not kept:
            await self._rewind(batch)
        await asyncio.sleep(0)  # let a waiting commit or revocation take the lock

    async def _to_the_end(self, batch: Mapping[TP, Sequence[Any]]) -> bool:
        """Handle a batch, finishing even when this loop is cancelled; False when the group has moved on meanwhile.

        A stop cancels this loop at once; half-done effects would only be duplicates after the restart, but a clean stop
        makes none.
        """
        task = asyncio.ensure_future(self._handle(batch))
        cancelled: asyncio.CancelledError | None = None
        while not task.done():
            try:
                await asyncio.shield(task)
            except asyncio.CancelledError as stop:
                cancelled = stop
            except Exception:  # noqa: BLE001, S110 - raised again by result()
                pass
        kept = task.result()
        if cancelled is not None:
            raise cancelled
        return kept

    async def _handle(self, batch: Mapping[TP, Sequence[Any]]) -> bool:
        started = time.monotonic()

        async def fence() -> None:
            """Within half a session the group cannot have dropped us; later, only the coordinator knows."""
            if time.monotonic() - started > self.app.conf.broker_session_timeout / 2:
                first = {tp: rows[0].offset for tp, rows in batch.items()}
                if not await self._confirm(first):
                    raise Fenced

        try:
            await self._lane.batches.handle({tp.partition: rows for tp, rows in batch.items()}, fence)
        except Fenced:
            log.warning("batch dropped: the group has moved on", records=sum(map(len, batch.values())))
            return False
        self._done.update({tp: rows[-1].offset + 1 for tp, rows in batch.items()})
        return True

    async def _rewind(self, tps: Mapping[TP, object]) -> None:
        """Go back to the committed offsets: the records were dropped and the position has moved past them.

        Faust's ``perform_seek`` is not enough: aiokafka does not move where nothing, or offset 0, is committed.
        """
        consumer = self._thread._ensure_consumer()  # noqa: SLF001 - Faust gives no other access

        async def run() -> None:
            for tp in tps:
                if tp not in consumer.assignment():
                    continue
                offset = self._done.get(tp) or await consumer.committed(tp)
                if offset:
                    consumer.seek(tp, offset)
                else:
                    await consumer.seek_to_beginning(tp)

        try:
            await self._thread.call_thread(run)
        except (KafkaError, IllegalStateError) as error:  # a further rebalance: the new assignment starts at committed
            log.warning("rewind given up", error=type(error).__name__)

    async def force_commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:  # noqa: ANN401, ARG002, FBT001, FBT002 - Faust's signature
        """Commit what is done; Faust calls this on its timer, at a rebalance and at the end."""
        async with self._busy:
            return await self._commit_done()

    async def _commit_done(self) -> bool:
        """Lock held. Commit; only what the broker has accepted is remembered as committed."""
        assigned = self.assignment()
        offsets = {tp: o for tp, o in self._done.items() if tp in assigned and o != self._committed_offset.get(tp)}
        return bool(offsets) and await self._confirm(offsets)

    async def _confirm(self, offsets: Mapping[TP, int]) -> bool:
        """Commit offsets as a member of the present generation; False when the group has moved on."""
        consumer = self._thread._ensure_consumer()  # noqa: SLF001 - Faust gives no other access
        try:
            rows = {driver.ensure_aiokafka_TP(tp): OffsetAndMetadata(offset, "") for tp, offset in offsets.items()}
            await self._thread.call_thread(consumer.commit, rows)
        except (CommitFailedError, IllegalStateError, KafkaError) as error:
            log.warning("commit refused", error=type(error).__name__)
            return False
        self._committed_offset.update(offsets)
        return True

    async def on_partitions_revoked(self, revoked: Any) -> None:  # noqa: ANN401 - Faust's signature
        """Let the running batch end, commit it, give the partitions up, then let Faust do its part.

        Faust forgets what it has done before its own last commit; and the eager protocol revokes everything.
        """
        self._epoch += 1
        self._lane.complete = False
        self.stop_flow()  # Faust resumes it after the next assignment
        async with self._busy:
            await self._commit_done()
            self._done.clear()
            await self._lane.batches.release()
        await super().on_partitions_revoked(revoked)

    async def on_stop(self) -> None:
        """Commit and give everything up."""
        self.stop_flow()
        async with self._busy:
            await self._commit_done()
            self._done.clear()
            await self._lane.batches.release()
        await super().on_stop()

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Raise no alarm: Faust's idle checks watch streams that the lane does not use."""


class LaneTransport(driver.Transport):
    """Faust's Kafka transport with the lane's consumer."""

    Consumer = LaneConsumer


class LaneApp(faust.App):
    """A Faust application whose only topic goes through a lane."""

    lane: BatchLane

    def install(self, batches: Batches) -> None:
        """Send a topic's records to ``batches``; call before start.

        Raises:
            Misconfigured: this Faust is not the one the lane was written against.
        """
        missing = [name for name in (*OVERRIDDEN, *USED) if not hasattr(driver.Consumer, name)]
        if faust.__version__ != FAUST or missing:
            raise Misconfigured(f"faust-streaming {FAUST} attendu, trouvé {faust.__version__} {missing}")
        self.lane = BatchLane(batches)
        self.transport = LaneTransport(self.conf.broker_consumer, self)
        self.topics.add(self.topic(batches.topic, key_serializer="raw", value_serializer="raw"))
