"""Lanes in memory: for each endpoint, which deliveries may start now. No I/O, no clock.

A lane holds the deliveries of one subscription for one subject, in order, one at a time. The window of an endpoint is
filled from the ledger behind a cursor: what lies at or before the cursor is in memory, at an end, or in a held lane.
A held lane (its head waits for a new try, or was parked and blocks) keeps only its key here and is read again when it
wakes, so that memory does not grow with what waits.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from consumers.connectors.port import Connector, Writer
from consumers.dispatch.gate import Gate
from consumers.ledger.records import Pending
from consumers.subscriptions.subscription import Subscription


@dataclass(slots=True)
class Lane:
    """One subject of one subscription. ``unrecorded`` counts results that the ledger does not hold yet."""

    key: str
    sequence: int
    gap: list[str]
    rows: deque[Pending] = field(default_factory=deque)
    last_seq: int = 0
    busy: bool = False
    unrecorded: int = 0


class Endpoint:
    """The receiver of one subscription."""

    def __init__(self, subscription: Subscription, gate: Gate, connector: Connector, *, rows: int) -> None:
        self.subscription = subscription
        self.gate = gate
        self.connector = connector
        self.secrets: tuple[bytes, ...] | None = None
        self.paused = False  # stopped by its receiver, or its secret cannot be read
        self.cursor = 0
        self.lanes: dict[str, Lane] = {}
        self.held: set[str] = set()
        self.in_memory = 0
        self.loading = False
        self._rows = rows
        self._ready: deque[Lane] = deque()
        self._owed = 1  # grows with each notice of new work; the ledger is read until a reading shows that it is done
        self._seen = 0

    @property
    def in_batches(self) -> bool:
        """Whether it is written to in batches: read from the ledger page by page, it keeps no lane here."""
        return isinstance(self.connector, Writer)

    def notify(self) -> None:
        """The ledger holds something new for this endpoint."""
        self._owed += 1

    def wanted(self) -> int:
        """Give how many rows to read after the cursor; 0 when the window is full enough or nothing is left."""
        if self.paused or self.loading or self._seen == self._owed or self.in_memory > self._rows // 2:
            return 0
        return self._rows - self.in_memory

    def begin_loading(self) -> int:
        """Mark a reading as started; the number it gives goes back to ``loaded``."""
        self.loading = True
        return self._owed

    def loaded(self, rows: Sequence[Pending], *, limit: int, notice: int) -> None:
        """Take rows read after the cursor; fewer than ``limit`` means that there were no more at that notice."""
        self.loading = False
        if len(rows) < limit:
            self._seen = notice
        if rows:
            self.cursor = max(self.cursor, rows[-1].seq)
        self._add(row for row in rows if row.lane not in self.held)

    def woken(self, lane: str, rows: Sequence[Pending]) -> None:
        """Take all the rows, up to the cursor, of a lane that was held."""
        self.held.discard(lane)
        self._add(rows)

    def _add(self, rows: Iterable[Pending]) -> None:
        for row in rows:
            lane = self.lanes.get(row.lane)
            if lane is None:
                lane = self.lanes[row.lane] = Lane(row.lane, row.lane_sequence, list(row.lane_gap))
            if row.seq <= lane.last_seq:
                continue
            lane.last_seq = row.seq
            lane.rows.append(row)
            self.in_memory += 1
            if len(lane.rows) == 1 and not lane.busy:
                self._ready.append(lane)

    def take(self, count: int) -> list[Lane]:
        """Give lanes whose head may start, each marked busy; ``release`` or ``finish`` ends that."""
        taken = [self._ready.popleft() for _ in range(min(count, len(self._ready)))]
        for lane in taken:
            lane.busy = True
        return taken

    @property
    def ready(self) -> bool:
        """Whether some lane could start."""
        return bool(self._ready)

    def release(self, lane: Lane, *, probe: bool) -> None:
        """The head stays and may start again as soon as the gate allows: the oldest first.

        After a probe another lane is asked first: a receiver that refuses one person is not down for the others.
        """
        lane.busy = False
        if probe:
            self._ready.append(lane)
        else:
            self._ready.appendleft(lane)

    def finish(self, lane: Lane) -> None:
        """The head is at an end; the next one may start."""
        lane.busy = False
        lane.rows.popleft()
        self.in_memory -= 1
        if lane.rows:
            self._ready.append(lane)

    def drop(self, lane: Lane) -> None:
        """The head was ended by somebody else: nothing to record."""
        self.finish(lane)
        self._forget(lane)

    def hold(self, lane: Lane) -> None:
        """The lane waits or is blocked: its rows are read again when it wakes."""
        lane.busy = False
        self.held.add(lane.key)
        self.in_memory -= len(lane.rows)
        lane.rows.clear()
        lane.last_seq = 0

    def reopen(self, key: str) -> bool:
        """Hold a lane so that it is read anew from its start; false while its head is away or not yet recorded."""
        if self.in_batches:
            self.notify()
            return True
        lane = self.lanes.get(key)
        if lane is not None:
            if lane.busy or lane.unrecorded:
                return False
            self._ready = deque(one for one in self._ready if one is not lane)
            self.hold(lane)
            del self.lanes[key]
        self.held.add(key)
        return True

    def recorded(self, lane: Lane) -> None:
        """The ledger holds one more result of this lane; a lane with nothing left to say is forgotten."""
        lane.unrecorded -= 1
        self._forget(lane)

    def _forget(self, lane: Lane) -> None:
        if not lane.unrecorded and not lane.rows and not lane.busy:
            self.lanes.pop(lane.key, None)
