"""Pull: no connector; a page is read from the ledger, and an acknowledgement is a result like another.

The page that was given is given again, under the same position, until it is acknowledged. The HTTP API of the guichet
will call it, later; until then the contract suite of the channels drives it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg

from consumers.connectors.port import Answer, Delivered
from consumers.dispatch import paging
from consumers.dispatch.measures import measure
from consumers.dispatch.paging import Composed, Offered
from consumers.dispatch.recording import Tried
from consumers.ledger import ledger, pages
from consumers.payload.preparation import Preparation
from consumers.subscriptions.subscription import Subscription


@dataclass(frozen=True, slots=True)
class Pulled:
    """What somebody reads: whole prefixes of lanes in order, and the position to acknowledge."""

    position: int
    deliveries: tuple[Offered, ...]


def page(conn: psycopg.Connection, preparation: Preparation, to: Subscription, limit: int) -> Pulled | None:
    """Give the page that waits for its acknowledgement, else the next one; None when nothing is owed that may leave."""
    while (found := pages.page(conn, to.id, limit)).rows:
        owed = paging.candidates(to, found.rows)
        composed = paging.compose(owed, preparation.prepare(owed), to, datetime.now(UTC))
        leaving = [each.tried.row.seq for each in composed.leaving]
        with conn.transaction():
            if leaving and found.position is None:
                return Pulled(pages.open_(conn, to.id, composed.results, leaving), tuple(composed.leaving))
            if leaving and found.position is not None:
                ledger.commit(conn, composed.results)
                return Pulled(found.position, tuple(composed.leaving))
            pages.close(conn, to.id, composed.results)
    return None


def acknowledge(conn: psycopg.Connection, to: Subscription, position: int, answer: Answer) -> bool:
    """Record that the reader has the page at ``position``; false when that one is not waiting: it was, or never."""
    with conn.transaction():
        found = pages.page(conn, to.id, 0)
        if found.position != position:
            return False
        composed = Composed(to, datetime.now(UTC))
        for row in found.rows:
            tried = Tried(composed.lane(row), row, row.sequence or 0, composed.at)
            composed.untold[row.lane] = []
            composed.leaving.append(Offered(tried, (), b""))
        results = paging.settled(composed, answer, [Delivered()] * len(found.rows), None)
        pages.close(conn, to.id, results)
    for row in found.rows:
        measure(row, answer, Delivered())
    return True
