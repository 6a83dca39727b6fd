"""The promise "received within 15 minutes of acceptance", judged once per delivery, in the ledger itself.

Deliveries are judged in order of seq, as soon as their time is up; the totals and the mark of the last one judged move
in one transaction. A process killed at any point has judged a delivery wholly or not at all, and the next one goes on
from the totals: nothing is lost, nothing is told twice, and the counter does not even fall back to zero.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Final

import psycopg
from prometheus_client import REGISTRY

from bus.measuring import event_type
from bus.telemetry.metrics import DELIVERY_DEADLINE
from consumers.subscriptions.subscription import routed_types

BATCH: Final = 5_000
ROUNDS: Final = 20  # batches judged at once: what is left waits for the next look

Verdicts = Mapping[tuple[str, str], int]
"""Deliveries by event type and result."""


class Punctuality(StrEnum):
    """The label ``result``."""

    MET = "met"
    MISSED = "missed"


def judge(conn: psycopg.Connection, active: Collection[str], within: float) -> Verdicts:
    """Judge the deliveries whose time is up; gives the totals since the beginning.

    Args:
        conn: outside a transaction.
        active: subscriptions that receive: what is owed to others is judged and told nothing of.
        within: seconds from acceptance.
    """
    for _ in range(ROUNDS):
        if _judge_some(conn, active, within) < BATCH:
            break
    rows = conn.execute("select event_type, result, total from ledger.deadline").fetchall()
    return {(type_, result): total for type_, result, total in rows}


def _judge_some(conn: psycopg.Connection, active: Collection[str], within: float) -> int:
    with conn.transaction():
        [(mark,)] = conn.execute("select seq from ledger.deadline_mark for update").fetchall()
        asked = {"mark": mark, "within": within, "active": list(active), "limit": BATCH}
        rows = conn.execute(_JUDGE, asked).fetchall()
        told: Counter[tuple[str, str]] = Counter()
        for type_, result, count, _ in rows:
            if result is not None:
                told[event_type(type_), result] += count
        for (type_, result), count in told.items():
            conn.execute(_ADD, (type_, result, count))
        if rows:
            conn.execute("update ledger.deadline_mark set seq = %s", (max(row[3] for row in rows),))
    return sum(row[2] for row in rows)


# The first whose time is not up ends the batch: it waits, and what comes after it with it, at most ``within``.
# What had ended before its time without being owed any more (erasure, end of the subscription) was promised nothing.
_JUDGE: Final = """
with head as (
  select d.seq, d.subscription_id, d.type, d.etat, d.ended_at, e.published_at + make_interval(secs => %(within)s) as due
    from ledger.delivery d join ledger.event e on e.event_id = d.event_id and e.autorite = d.autorite
   where d.seq > %(mark)s order by d.seq limit %(limit)s
), ready as (
  select * from head where seq < coalesce((select min(seq) from head where due > now()), 9223372036854775807)
)
select type,
       case when subscription_id <> all (%(active)s) or (etat = 'retiree' and ended_at <= due) then null
            when etat = 'livree' and ended_at <= due then 'met' else 'missed' end,
       count(*), max(seq)
  from ready group by 1, 2
"""

_ADD: Final = """
insert into ledger.deadline as d (event_type, result, total) values (%s, %s, %s)
on conflict (event_type, result) do update set total = d.total + excluded.total
"""


class Deadlines:
    """The counter of a process, brought to the totals of the ledger.

    It appears whole, at the totals: one that grew from 0 under a scrape would tell all history again. A process that
    does not deliver shows none.
    """

    def __init__(self) -> None:
        self._told: Counter[tuple[str, str]] = Counter()
        self._visible = False

    def show(self, totals: Verdicts) -> None:
        """Show the totals; what has never happened is 0."""
        known = {(type_, result.value): 0 for type_ in routed_types() for result in Punctuality}
        for labels, total in (known | dict(totals)).items():
            DELIVERY_DEADLINE.labels(*labels).inc(max(0, total - self._told[labels]))
            self._told[labels] = max(total, self._told[labels])
        if not self._visible:
            REGISTRY.register(DELIVERY_DEADLINE)
            self._visible = True

    def clear(self) -> None:
        """Show nothing any more: another process delivers, or none."""
        if self._visible:
            REGISTRY.unregister(DELIVERY_DEADLINE)
            DELIVERY_DEADLINE.clear()
        self._told.clear()
        self._visible = False


SHOWN: Final = Deadlines()
