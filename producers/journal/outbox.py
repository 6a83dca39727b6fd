"""The outbox: the one place that writes into it, in turn, and that wakes the relay."""

from typing import Final
from uuid import NAMESPACE_URL, uuid5

import psycopg

from bus.topics import EVENEMENTS

CHANNEL: Final = "journal_outbox"
ERASED: Final = "personne.effacee"
# An erasure may have happened since an event was staged: nothing of an erased subject may come in.
_STAGED: Final = """
insert into journal.outbox (event_id, topic, key, type, version, body, observed_at, source)
select o.event_id, o.topic, o.key, o.type, o.version, o.body, o.observed_at, o.source from journal.staged_outbox o
 where o.key like 'sha256:%' or exists (select from vault.subject s where s.subject_id = o.key)
 order by o.ord
"""
_TOMBSTONE: Final = """
insert into journal.outbox (event_id, topic, key, type, version, body, observed_at)
values (%s, %s, %s, %s, 1, null, now())
"""


def move_staged(conn: psycopg.Connection) -> None:
    """Move the staged events to the outbox, in the order in which they were told."""
    conn.execute(_STAGED)


def tombstone(conn: psycopg.Connection, subject_id: str) -> None:
    """Tell the topics to forget a person: all that was said of them before is said before.

    The caller has its turn in the outbox, and wakes the relay.
    """
    event_id = uuid5(NAMESPACE_URL, f"insertion-bus:{ERASED}:{subject_id}")
    conn.execute(_TOMBSTONE, (event_id, EVENEMENTS, subject_id, ERASED))


def entombed(conn: psycopg.Connection, subject_id: str) -> bool:
    """Tell whether the topics were told to forget a person."""
    query = "select from journal.outbox where key = %s and body is null limit 1"
    return conn.execute(query, (subject_id,)).fetchone() is not None


def wake(conn: psycopg.Connection) -> None:
    """Tell the relay, once the transaction is committed, that there is something to publish."""
    conn.execute(f"notify {CHANNEL}")
