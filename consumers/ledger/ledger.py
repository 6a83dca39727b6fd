"""The ledger in SQL: what is owed to whom, what was tried, where intake stands.

Every function is one round trip or one transaction over whole batches; nothing here is called once per delivery.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

import psycopg
from psycopg.rows import class_row

from bus.errors import Unavailable
from consumers.ledger.fates import Etat, Why
from consumers.ledger.records import LaneState, Owed, Pending, Place, Results, Wake, Window


def plan_for_growth(conn: psycopg.Connection) -> None:
    """Have each statement planned for the tables as they are now.

    Tables that are empty at start grow by thousands of rows a second, before any statistics: a plan kept from the start
    would go on scanning them whole (measured: 300 ms instead of 0.1 to wake a lane among 200,000 deliveries).
    """
    conn.execute("set plan_cache_mode = force_custom_plan")
    conn.execute("set enable_seqscan = off")
    conn.commit()


def positions(conn: psycopg.Connection, cluster: str) -> dict[Place, int]:
    """Give the next offset to read of each partition that intake has met."""
    rows = conn.execute('select topic, partition, position from ledger."offset" where cluster = %s', (cluster,))
    return {(topic, partition): position for topic, partition, position in rows}


def take(conn: psycopg.Connection, cluster: str, owed: Sequence[Owed], moves: Mapping[Place, tuple[int, int]]) -> None:
    """Write events, deliveries and offsets in the caller's transaction: intake is exactly-once.

    Args:
        conn: in a transaction.
        cluster: id of the Kafka cluster.
        owed: events in order of offsets; one that nobody is owed is not kept.
        moves: for each partition, the position intake believed in and the new one.

    Raises:
        Unavailable: another process has moved a position since: this one has been replaced and must stop.
    """
    kept = [event for event in owed if event.recipients]
    if kept:
        conn.execute(_INSERT_EVENTS, _event_columns(kept))
        conn.execute(_INSERT_DELIVERIES, _delivery_columns(kept))
    for (topic, partition), (believed, position) in moves.items():
        moved = conn.execute(_MOVE, (cluster, topic, partition, position, believed))
        if moved.rowcount != 1:
            raise Unavailable("un autre distributeur a repris la lecture : celui-ci s’arrête")


_INSERT_EVENTS: Final = """
insert into ledger.event
  (event_id, autorite, type, subject_id, flux_id, effective_on, published_at, value)
select * from unnest(%b::uuid[], %b::text[], %b::text[], %b::text[], %b::text[], %b::date[], %b::timestamptz[],
  %b::bytea[])
on conflict do nothing
"""

# Ordered: seq is drawn in the order of intake, and every lane follows seq.
_INSERT_DELIVERIES: Final = """
insert into ledger.delivery (subscription_id, event_id, autorite, type, lane, sujet)
select s, e, a, t, l, p from unnest(%b::text[], %b::uuid[], %b::text[], %b::text[], %b::text[], %b::text[])
  with ordinality as owed(s, e, a, t, l, p, n)
order by n
on conflict (subscription_id, event_id) do nothing
"""

_MOVE: Final = """
insert into ledger."offset" as o (cluster, topic, partition, position) values (%s, %s, %s, %s)
on conflict (cluster, topic, partition) do update set position = excluded.position where o.position = %s
"""


def _event_columns(owed: Sequence[Owed]) -> tuple[list[object], ...]:
    return (
        [event.event_id for event in owed],
        [event.autorite for event in owed],
        [event.type for event in owed],
        [event.subject_id for event in owed],
        [event.flux_id for event in owed],
        [event.effective_on for event in owed],
        [event.published_at for event in owed],
        [event.value for event in owed],
    )


def _delivery_columns(owed: Sequence[Owed]) -> tuple[list[object], ...]:
    pairs = [(event, name, sujet) for event in owed for name, sujet in event.recipients]
    return (
        [name for _, name, _ in pairs],
        [event.event_id for event, _, _ in pairs],
        [event.autorite for event, _, _ in pairs],
        [event.type for event, _, _ in pairs],
        [event.lane for event, _, _ in pairs],
        [sujet for _, _, sujet in pairs],
    )


COLUMNS: Final = """
  d.seq, d.subscription_id, d.event_id, d.autorite, d.type, d.lane, d.sujet, d.sequence, d.attempts, d.tries,
  e.effective_on, e.published_at, e.value, coalesce(l.sequence, 0) as lane_sequence, coalesce(l.gap, '{}') as lane_gap
"""

_WINDOWS: Final = f"""
select {COLUMNS}
from unnest(%b::text[], %b::bigint[], %b::bigint[]) as w(s, a, m)
cross join lateral (
  select * from ledger.delivery
  where subscription_id = w.s and etat = 'en_attente' and seq > w.a
  order by seq limit w.m
) d
join ledger.event e on e.event_id = d.event_id and e.autorite = d.autorite
left join ledger.lane l on l.subscription_id = d.subscription_id and l.lane = d.lane
order by d.subscription_id, d.seq
"""  # noqa: S608 - only our own column list is put in

_LANES: Final = f"""
select {COLUMNS}
from unnest(%b::text[], %b::text[], %b::bigint[]) as w(s, l, u)
join ledger.delivery d on d.lane = w.l and d.subscription_id = w.s and d.etat = 'en_attente' and d.seq <= w.u
join ledger.event e on e.event_id = d.event_id and e.autorite = d.autorite
left join ledger.lane l on l.subscription_id = d.subscription_id and l.lane = d.lane
order by d.subscription_id, d.seq
"""  # noqa: S608 - only our own column list is put in


def windows(conn: psycopg.Connection, wants: Sequence[Window]) -> list[Pending]:
    """Read deliveries to make, by subscription and in order, with their sealed events."""
    return pending(conn, _WINDOWS, _columns(wants, ("subscription_id", "after", "limit"))) if wants else []


def lanes(conn: psycopg.Connection, wants: Sequence[Wake]) -> list[Pending]:
    """Read all that held lanes owe, in order, with their sealed events."""
    return pending(conn, _LANES, _columns(wants, ("subscription_id", "lane", "upto"))) if wants else []


def pending(conn: psycopg.Connection, query: str, columns: Sequence[object]) -> list[Pending]:
    """Read what a query of ``COLUMNS`` gives."""
    with conn.cursor(row_factory=class_row(Pending), binary=True) as cursor:
        return cursor.execute(query, columns).fetchall()


def held(conn: psycopg.Connection) -> list[LaneState]:
    """Give the lanes that wait or are blocked."""
    rows = conn.execute(
        "select subscription_id, lane, sequence, sleeps_until, blocked, gap from ledger.lane"
        " where blocked or sleeps_until is not null"
    )
    return [
        LaneState(name, lane, sequence, sleeps_until, blocked, tuple(gap))
        for name, lane, sequence, sleeps_until, blocked, gap in rows
    ]


def commit(conn: psycopg.Connection, results: Results) -> None:
    """Write the results of many attempts in one transaction."""
    with conn.transaction():
        if results.attempts:
            conn.execute(_INSERT_ATTEMPTS, _columns(results.attempts, _ATTEMPT))
        if results.standings:
            conn.execute(_UPDATE_DELIVERIES, _columns(results.standings.values(), _STANDING))
        if results.lanes:
            lanes = list(results.lanes.values())
            gaps = ["\n".join(lane.gap) for lane in lanes]  # arrays of arrays must be rectangular
            conn.execute(_UPSERT_LANES, (*_columns(lanes, _LANE), gaps))


_ATTEMPT: Final = ("seq", "n", "at", "outcome", "code", "duration_ms", "why")
_STANDING: Final = ("seq", "etat", "sequence", "attempts", "tries", "why")
_LANE: Final = ("subscription_id", "lane", "sequence", "sleeps_until", "blocked")


def _columns(rows: Iterable[object], names: tuple[str, ...]) -> tuple[list[object], ...]:
    kept = list(rows)
    return tuple([getattr(row, name) for row in kept] for name in names)


_INSERT_ATTEMPTS: Final = """
insert into ledger.attempt (seq, n, at, outcome, code, duration_ms, cause)
select * from unnest(%b::bigint[], %b::int[], %b::timestamptz[], %b::text[], %b::int[], %b::int[], %b::text[])
on conflict (seq, n) do nothing
"""

# A delivery withdrawn or parked meanwhile (erasure, age) stays so, unless the receiver has it by now.
_UPDATE_DELIVERIES: Final = """
update ledger.delivery d
set etat = case when d.etat in ('retiree', 'parquee') and r.etat <> 'livree' then d.etat else r.etat end,
    sequence = r.sequence, attempts = r.attempts, tries = r.tries, cause = r.cause,
    ended_at = case when r.etat = 'en_attente' then d.ended_at else now() end
from unnest(%b::bigint[], %b::text[], %b::bigint[], %b::int[], %b::int[], %b::text[])
  as r(seq, etat, sequence, attempts, tries, cause)
where d.seq = r.seq
"""

_UPSERT_LANES: Final = """
insert into ledger.lane as l (subscription_id, lane, sequence, sleeps_until, blocked, gap)
select s, k, n, u, b, string_to_array(g, E'\\n')
from unnest(%b::text[], %b::text[], %b::bigint[], %b::timestamptz[], %b::bool[], %b::text[]) as r(s, k, n, u, b, g)
on conflict (subscription_id, lane) do update
set sequence = excluded.sequence, sleeps_until = excluded.sleeps_until, blocked = excluded.blocked, gap = excluded.gap
"""


def stop(conn: psycopg.Connection, subscription_id: str, version: int) -> None:
    """Remember that the receiver of this version said that it wants nothing more."""
    conn.execute(
        "insert into ledger.stopped (subscription_id, version) values (%s, %s) on conflict do nothing",
        (subscription_id, version),
    )


def withdraw_ended(conn: psycopg.Connection, why: str) -> int:
    """Withdraw what is owed to subscriptions that are no longer in force; gives how many.

    Judged in the same statement, so by the same snapshot: who sees a delivery sees the subscription it was owed to.
    """
    return conn.execute(
        "update ledger.delivery d set etat = 'retiree', cause = %s, ended_at = now()"
        " where d.etat = 'en_attente' and not exists (select from desk.subscription s"
        " where s.subscription_id = d.subscription_id and s.ended_at is null"
        " and (s.document ->> 'fin')::timestamptz > now())",
        (why,),
    ).rowcount


def withdraw_person(conn: psycopg.Connection, subject_id: str) -> int:
    """Withdraw what is owed about an erased person, whose lane it waits in; gives how many."""
    return conn.execute(
        "update ledger.delivery set etat = %s, cause = %s, ended_at = now() where lane = %s and etat = %s",
        (Etat.RETIREE.value, Why.EFFACEE.value, subject_id, Etat.EN_ATTENTE.value),
    ).rowcount


def park_older(conn: psycopg.Connection, than: datetime, why: str) -> int:
    """Park what has waited since before ``than``; gives how many."""
    return conn.execute(
        "update ledger.delivery set etat = 'parquee', cause = %s, ended_at = now()"
        " where etat = 'en_attente' and created_at < %s",
        (why, than),
    ).rowcount


def oldest(conn: psycopg.Connection, names: Sequence[str]) -> dict[str, float]:
    """Give when the first delivery that waits became owed, by subscription, in seconds since 1970."""
    return dict(conn.execute(_OLDEST, (list(names),)).fetchall())


# The first of each in the index: reading all that waits would cost as much as it is late.
_OLDEST: Final = """
select w.s, extract(epoch from d.created_at)::float8
from unnest(%s::text[]) as w(s)
cross join lateral (
  select created_at from ledger.delivery
  where subscription_id = w.s and etat = 'en_attente' order by seq limit 1
) d
"""


def backlog(conn: psycopg.Connection) -> dict[str, int]:
    """Count what is owed and not at an end, by subscription."""
    rows = conn.execute(
        "select subscription_id, count(*) from ledger.delivery where etat = 'en_attente' group by subscription_id"
    )
    return dict(rows.fetchall())
