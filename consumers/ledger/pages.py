"""Pages of the ledger: what a subscription is owed, in lane order, for channels in batches and for who pulls.

A page that somebody was shown is *open*: its position and its deliveries are written before anybody sees one of them,
and the same page is given again until its result is recorded. So a repeat after a crash carries the same position,
with the same deliveries or fewer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import psycopg

from consumers.ledger import ledger
from consumers.ledger.records import Pending, Results


@dataclass(frozen=True, slots=True)
class Page:
    """Pending deliveries in order of intake: of each lane, its oldest ones. ``position`` once it is open."""

    rows: list[Pending]
    position: int | None = None


# Lanes that are blocked or asleep are passed over; of the others nothing is skipped, so that each gives a whole prefix.
_NEXT: Final = f"""
select {ledger.COLUMNS}
from (
  select d.* from ledger.delivery d left join ledger.lane h using (subscription_id, lane)
  where d.subscription_id = %b and d.etat = 'en_attente' and not coalesce(h.blocked, false)
    and coalesce(h.sleeps_until, '-infinity') <= now()
  order by d.seq limit %b
) d
join ledger.event e on e.event_id = d.event_id and e.autorite = d.autorite
left join ledger.lane l on l.subscription_id = d.subscription_id and l.lane = d.lane
order by d.seq
"""  # noqa: S608 - only our own column list is put in

_OPEN: Final = f"""
select {ledger.COLUMNS}
from ledger.delivery d
join ledger.event e on e.event_id = d.event_id and e.autorite = d.autorite
left join ledger.lane l on l.subscription_id = d.subscription_id and l.lane = d.lane
where d.seq = any(%b) and d.etat = 'en_attente'
order by d.seq
"""  # noqa: S608 - as above


def page(conn: psycopg.Connection, subscription_id: str, limit: int) -> Page:
    """Give the open page of a subscription, or else the next one; without rows, nothing is owed that may leave."""
    found = conn.execute(
        "select position, seqs from ledger.batch where subscription_id = %s and seqs <> '{}'", (subscription_id,)
    ).fetchone()
    if found is not None and (rows := ledger.pending(conn, _OPEN, (found[1],))):
        return Page(rows, found[0])
    return Page(ledger.pending(conn, _NEXT, (subscription_id, limit)))


def open_(conn: psycopg.Connection, subscription_id: str, results: Results, leaving: Sequence[int]) -> int:
    """Write down that these deliveries, by seq, are about to leave as one page; gives its position.

    ``results`` holds the numbers they were given, and what ended instead of leaving. In the caller's transaction.
    """
    ledger.commit(conn, results)
    row = conn.execute(_ADVANCE, (subscription_id, list(leaving))).fetchone()
    if row is None:
        raise LookupError(subscription_id)
    return int(row[0])


_ADVANCE: Final = """
insert into ledger.batch as b (subscription_id, position, seqs) values (%s, 1, %s)
on conflict (subscription_id) do update set position = b.position + 1, seqs = excluded.seqs
returning position
"""


def close(conn: psycopg.Connection, subscription_id: str, results: Results) -> None:
    """Record how a page ended: the next one is another. In the caller's transaction."""
    ledger.commit(conn, results)
    conn.execute("update ledger.batch set seqs = '{}' where subscription_id = %s", (subscription_id,))
