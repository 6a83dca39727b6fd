"""The one place where an ingestion commits: its lock, each batch as it is staged, the verdict all at once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg

from bus.db import LOCK_INGEST, LOCK_OUTBOX
from producers.journal.flux import Tools


def take_lock(conn: psycopg.Connection, on_wait: Callable[[], None] | None) -> None:
    """Wait until no other ingestion is running; held as long as the connection."""
    row = conn.execute("select pg_try_advisory_lock(%s)", (LOCK_INGEST,)).fetchone()
    if row is None or not row[0]:
        if on_wait is not None:
            on_wait()
        conn.execute("select pg_advisory_lock(%s)", (LOCK_INGEST,))
    conn.commit()


@contextmanager
def staging(tools: Tools) -> Iterator[None]:
    """Empty the staging tables, and make look-ups use the indexes that the planner distrusts on young tables."""
    tools.staging.clear()
    tools.conn.execute("set enable_seqscan = off")
    tools.conn.commit()
    try:
        yield
    finally:
        if not tools.conn.closed:
            tools.conn.rollback()
            tools.conn.execute("reset enable_seqscan")
            tools.conn.commit()


def keep_batch(tools: Tools) -> None:
    """Keep what has been staged so far: nobody sees it before the verdict."""
    tools.conn.commit()


def forget_batch(tools: Tools) -> None:
    """Give up what the batch in hand has written, or end a reading."""
    tools.conn.rollback()


def take_turn(conn: psycopg.Connection) -> None:
    """Wait for the turn to write into the outbox, and have it to the end of the transaction."""
    conn.execute("select pg_advisory_xact_lock(%s)", (LOCK_OUTBOX,))


@contextmanager
def verdict(conn: psycopg.Connection) -> Iterator[None]:
    """Do all that a verdict makes visible, or nothing of it, in its turn in the outbox."""
    take_turn(conn)
    yield
    conn.commit()


@contextmanager
def upkeep(conn: psycopg.Connection) -> Iterator[None]:
    """Do one thing beside the flux, whole or not at all."""
    with conn.transaction():
        yield
