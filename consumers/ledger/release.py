"""Release: what was parked is owed again, in its order and under the numbers it had; the dispatcher is told.

The dispatcher holds in memory only what lies after its cursor: it finds released deliveries, which lie before, by
their cause, when the revision of the subscriptions has grown.
"""

from dataclasses import dataclass
from typing import Final

import psycopg

from consumers.ledger.fates import Why
from consumers.ledger.ids import delivery_id

CAUSE: Final = Why.RELACHEE.value

_IN_FORCE: Final = """
update desk.subscription set revision = nextval('desk.revision')
where subscription_id = %s and ended_at is null and (document ->> 'fin')::timestamptz > now()
"""

# Waiting begins anew, and so do the tries; the number given stays: the receiver knows it.
_RELEASE: Final = """
update ledger.delivery set etat = 'en_attente', cause = %s, ended_at = null, tries = 0, created_at = now()
where subscription_id = %s and etat = 'parquee'
returning event_id, lane
"""

_OPEN: Final = """
update ledger.lane set blocked = false, sleeps_until = null,
  gap = array(select told from unnest(gap) with ordinality as g(told, n) where told <> all(%s) order by n)
where subscription_id = %s and (blocked or lane = any(%s))
"""


@dataclass(frozen=True, slots=True)
class Released:
    """How many deliveries wait again, in how many lanes."""

    deliveries: int
    lanes: int


def release(conn: psycopg.Connection, subscription_id: str) -> Released | None:
    """Put the parked deliveries of a subscription back in the queue, in one transaction; None when it is not in force.

    A subscription not in force sends nothing: what it was owed would be withdrawn at once.
    """
    with conn.transaction():
        if not conn.execute(_IN_FORCE, (subscription_id,)).rowcount:
            return None
        rows = conn.execute(_RELEASE, (CAUSE, subscription_id)).fetchall()
        told = [delivery_id(event_id, subscription_id) for event_id, _ in rows]
        lanes = sorted({lane for _, lane in rows})
        conn.execute(_OPEN, (told, subscription_id, lanes))
    return Released(len(rows), len(lanes))


def released(conn: psycopg.Connection) -> list[tuple[str, str]]:
    """Give the lanes, by subscription, that hold a released delivery not tried since."""
    rows = conn.execute(
        "select distinct subscription_id, lane from ledger.delivery where etat = 'en_attente' and cause = %s", (CAUSE,)
    )
    return [(name, lane) for name, lane in rows]
