"""Batches: for each subscription written to so, one page at a time from the ledger to its receiver and back."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import cast

import psycopg

from consumers.connectors.port import Again, Answer, Batch, BatchWriter, Decision, Stay, Stop, Unwritten
from consumers.dispatch import paging
from consumers.dispatch.gate import Gate
from consumers.dispatch.lanes import Endpoint
from consumers.dispatch.measures import exhausted, measure
from consumers.dispatch.paging import Composed
from consumers.dispatch.recording import PARKED, Sent, request
from consumers.dispatch.sending import Gear
from consumers.ledger import ledger, pages
from consumers.ledger.pages import Page
from consumers.ledger.records import Results
from consumers.payload.departure import Departure, Prepared
from consumers.subscriptions.subscription import Subscription


@dataclass(frozen=True, slots=True)
class Passage:
    """One page on its way for one endpoint, judged by the subscription and the gate of its start."""

    endpoint: Endpoint
    subscription: Subscription
    gate: Gate
    probe: bool
    notice: int


class Writing:
    """Keeps batches moving; lives in the loop, each batch is written in a thread."""

    def __init__(self, gear: Gear) -> None:
        self._gear = gear
        self._stopping = False
        self.in_flight = 0

    def turn(self) -> None:
        """Start a page for every endpoint that may have one; never two for the same."""
        now = time.monotonic()
        for endpoint in self._gear.roster.endpoints.values():
            if endpoint.in_batches and endpoint.wanted() and endpoint.gate.room(now):
                self._start(endpoint)

    def stop(self) -> None:
        """Start nothing more; what is being written goes on."""
        self._stopping = True

    def _start(self, endpoint: Endpoint) -> None:
        gate, subscription = endpoint.gate, endpoint.subscription
        one = Passage(endpoint, subscription, gate, gate.start(), endpoint.begin_loading())
        self.in_flight += 1
        read = partial(pages.page, subscription_id=subscription.id, limit=self._gear.settings.deliver_rows)
        self._gear.clerk.commit_with(read, partial(self._read, one))

    def _read(self, one: Passage, page: Page) -> None:
        if not page.rows:
            self._leave(one, nothing_owed=True)
            return
        owed = paging.candidates(one.subscription, page.rows)
        work = partial(self._gear.preparation.prepare, owed)
        self._gear.threads.submit("preparation", work, partial(self._prepared, one, page, owed))

    def _prepared(self, one: Passage, page: Page, owed: Sequence[Departure], fates: Sequence[Prepared]) -> None:
        if self._stopping or not self._stands(one):
            self._leave(one)
            return
        composed = paging.compose(owed, fates, one.subscription, datetime.now(UTC))
        for standing in composed.results.standings.values():
            if standing.etat == PARKED:
                exhausted(next(each.row for each in owed if each.row.seq == standing.seq))
        if composed.leaving:
            write = partial(_open, page=page, composed=composed)
            self._gear.clerk.commit_with(write, partial(self._write, one, composed))
        else:
            close = partial(pages.close, subscription_id=one.subscription.id, results=composed.results)
            self._gear.clerk.commit_with(close, lambda _: self._leave(one))

    def _stands(self, one: Passage) -> bool:
        """Tell whether the subscription that the bodies were made for is still the one in force."""
        current = self._gear.roster.endpoints.get(one.subscription.id)
        return current is one.endpoint and current.subscription is one.subscription and not current.paused

    def _leave(self, one: Passage, *, nothing_owed: bool = False) -> None:
        """End a turn in which nothing left."""
        one.gate.cancel(probe=one.probe)
        self._end(one, nothing_owed=nothing_owed)

    def _end(self, one: Passage, *, nothing_owed: bool = False) -> None:
        self.in_flight -= 1
        one.endpoint.loaded([], limit=int(nothing_owed), notice=one.notice)
        self._gear.pump()

    def _write(self, one: Passage, composed: Composed, position: int) -> None:
        secrets = one.endpoint.secrets
        requests = (request(each.tried, one.subscription, secrets, each.gap, each.body) for each in composed.leaving)
        batch = Batch(position, tuple(requests))
        work = partial(_attempt, cast("BatchWriter", one.endpoint.connector), batch)
        self._gear.threads.submit("channel", work, partial(self._answered, one, composed))

    def _answered(self, one: Passage, composed: Composed, answered: tuple[Answer, str | None]) -> None:
        answer, refused = answered
        tried = max((each.tried for each in composed.leaving), key=lambda each: each.row.tries)
        head = Sent(tried.lane, tried.row, tried.sequence, tried.at, one.endpoint, one.probe)
        decision = self._gear.clerk.judge(head, one.gate, answer)
        decided = paging.shared_out(composed, decision, refused)
        for each, fate in zip(composed.leaving, decided, strict=True):
            measure(each.tried.row, answer, fate)
        why = one.endpoint.connector.table.why(answer)
        self._record(one, decision, paging.settled(composed, answer, decided, why))

    def _record(self, one: Passage, decision: Decision, results: Results) -> None:
        """Write the results down; a page that is to be tried again stays open, so that it comes again as it is."""
        match decision:
            case Again(delay=delay):
                one.gate.hold(time.monotonic() + delay)
            case Stop():
                self._gear.clerk.stop(one.endpoint)
                self._gear.stopped(one.subscription.id)
            case _:
                pass
        stays = isinstance(decision, Again | Stay | Stop)
        close = partial(pages.close, subscription_id=one.subscription.id, results=results)
        work = partial(ledger.commit, results=results) if stays else close
        self._gear.clerk.commit_with(work, lambda _: self._end(one))


def _open(conn: psycopg.Connection, page: Page, composed: Composed) -> int:
    """Write down what is about to leave, and under which position."""
    if page.position is not None:
        ledger.commit(conn, composed.results)
        return page.position
    leaving = [each.tried.row.seq for each in composed.leaving]
    return pages.open_(conn, composed.subscription.id, composed.results, leaving)


def _attempt(connector: BatchWriter, batch: Batch) -> tuple[Answer, str | None]:
    """Write a batch; gives how it ended, and the id of the delivery that the receiver can never take."""
    started = time.monotonic()
    try:
        reached = connector.write(batch)
    except Unwritten as error:
        return replace(error.answer, duration=time.monotonic() - started), error.refused
    if reached < batch.position:
        raise ValueError(f"{type(connector).__name__}: position {reached} after a batch at {batch.position}")
    return Answer(connector.table.success, None, time.monotonic() - started), None
