"""Every wrapped key under the newest epoch, batch by batch; whoever works meanwhile waits for milliseconds at most."""

from collections.abc import Callable, Iterator
from typing import Final, LiteralString

import psycopg
from psycopg import sql

from bus import failpoints
from bus.errors import Misconfigured
from bus.sealing import KekRing

TABLES: Final = (("vault", "key"), ("vault", "owned_key"), ("journal", "staged_key"), ("journal", "staged_owned_key"))
"""All that holds wrapped keys. What is staged is not visible yet, and will be, with the epoch it has then."""
BATCH: Final = 500

RotationProgress = Callable[[int, int], None]
"""keys wrapped anew so far, keys to wrap in all"""


def remaining(conn: psycopg.Connection, epoch: int) -> int:
    """Count the keys that are under another epoch."""
    return sum(_count(conn, table, epoch) for table in TABLES)


def sample(conn: psycopg.Connection, epoch: int) -> list[tuple[str, bytes]]:
    """Give the id and the wrapped bytes of one key of each table that is under an epoch."""
    found = (conn.execute(_statement(_ONE, table), (epoch,)).fetchone() for table in TABLES)
    return [row for row in found if row is not None]


def rewrap(conn: psycopg.Connection, ring: KekRing, epoch: int, progress: RotationProgress) -> int:
    """Wrap anew every key that is under another epoch; gives how many were.

    Rows that another transaction holds are left for the next call: an erasure is never waited for, nor undone. Each
    batch is a transaction: a kill at any moment leaves every key under one epoch or the other, whole.

    Raises:
        Misconfigured: the ring lacks an epoch, or is another's.
    """
    total, done = remaining(conn, epoch), 0
    for table in TABLES:
        for count in _batches(conn, ring, epoch, table):
            done += count
            progress(done, max(total, done))
            failpoints.hit("rotate.after_batch")
    return done


def _batches(conn: psycopg.Connection, ring: KekRing, epoch: int, table: tuple[str, str]) -> Iterator[int]:
    last: str | None = ""
    while last is not None:
        with conn.transaction():
            rows = conn.execute(_statement(_TAKE, table), (last, epoch, BATCH)).fetchall()
            fresh = [_anew(ring, epoch, *row) for row in rows]
            failpoints.hit("rotate.mid_batch")
            conn.execute(_statement(_PUT, table), (epoch, [row[0] for row in rows], fresh))
        last = rows[-1][0] if rows else None
        if rows:
            yield len(rows)


def _anew(ring: KekRing, target: int, key_id: str, epoch: int, wrapped: bytes) -> bytes:
    """Wrap a key under another epoch, and make sure that it opens before the old wrapping is given up."""
    key = ring.unwrap(key_id, epoch, bytes(wrapped))
    fresh = ring.wrap(key, target)[1]
    if ring.unwrap(key_id, target, fresh) != key:
        raise Misconfigured("une clé rechiffrée ne s’ouvre pas : rien n’a été changé")
    return fresh


# By key_id, so that no batch looks at the dead versions that the batches before it left.
_TAKE: Final = """
select key_id, epoch, wrapped from {} where key_id > %s and epoch <> %s order by key_id limit %s
   for no key update skip locked
"""
_PUT: Final = """
update {} k set epoch = %s, wrapped = n.wrapped from unnest(%s::text[], %s::bytea[]) as n (key_id, wrapped)
 where k.key_id = n.key_id
"""
_ONE: Final = "select key_id, wrapped from {} where epoch = %s limit 1"
_COUNT: Final = "select count(*) from {} where epoch <> %s"


def _count(conn: psycopg.Connection, table: tuple[str, str], epoch: int) -> int:
    row = conn.execute(_statement(_COUNT, table), (epoch,)).fetchone()
    return int(row[0]) if row else 0


def _statement(text: LiteralString, table: tuple[str, str]) -> sql.Composed:
    return sql.SQL(text).format(sql.Identifier(*table))
