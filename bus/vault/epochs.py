"""The epochs of the vault: which one wraps new keys, which are still alive, who holds them.

The database decides, never the memory of a process: a key is wrapped under the epoch that the transaction itself has
read and holds, so that no rotation can destroy that epoch before the key is visible to it and wrapped anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import psycopg

from bus.errors import Misconfigured, Unavailable
from bus.sealing import DataKey, KekRing, UnknownEpoch

_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class Epoch:
    """An epoch alive; ``in_force_at`` is None while it is being handed out."""

    epoch: int
    fingerprint: bytes | None
    created_at: datetime
    in_force_at: datetime | None


@dataclass(frozen=True, slots=True)
class Retired:
    """An epoch under which nothing is wrapped; ``destroyed_at`` is None while its files may exist."""

    epoch: int
    fingerprint: bytes | None
    in_force_at: datetime | None
    retired_at: datetime
    destroyed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Holder:
    """What one role said last of its folder: fingerprints by epoch, how long ago (seconds), and whether it stopped."""

    role: str
    place: str
    held: dict[int, bytes]
    silence: float
    left: bool = False


@dataclass(frozen=True, slots=True)
class Epochs:
    """All that the vault knows of its epochs, oldest first."""

    alive: tuple[Epoch, ...]
    retired: tuple[Retired, ...]
    holders: tuple[Holder, ...]


def load(conn: psycopg.Connection) -> Epochs:
    """Read it all."""
    alive = conn.execute(
        "select epoch, fingerprint, created_at, in_force_at from vault.epoch order by epoch"
    ).fetchall()
    retired = conn.execute(
        "select epoch, fingerprint, in_force_at, retired_at, destroyed_at from vault.epoch_retired order by epoch"
    ).fetchall()
    holders = conn.execute(
        "select role, place, array_agg(epoch), array_agg(fingerprint),"
        " extract(epoch from clock_timestamp() - max(seen_at))::float8, bool_and(left_at is not null)"
        " from vault.holder group by 1, 2 order by 1, 2"
    ).fetchall()
    return Epochs(
        tuple(Epoch(*row) for row in alive),
        tuple(Retired(*row) for row in retired),
        tuple(
            Holder(role, place, {epoch: bytes(mark) for epoch, mark in zip(held, prints, strict=True)}, silence, left)
            for role, place, held, prints, silence, left in holders
        ),
    )


def wrapping(conn: psycopg.Connection, ring: KekRing) -> int:
    """Give the epoch that wraps new keys, and keep it alive until the caller's transaction ends.

    The key of the folder must be the one that the vault knows under that number; the first use makes it known. A vault
    that nobody has used takes the newest epoch of the folder: the database of a deployment was made anew, its secrets
    were not.

    Raises:
        Misconfigured: the folder holds another key under the number of the epoch.
        Unavailable: rotations follow one another so fast that none can be held.
    """
    for _ in range(_TRIES):
        row = conn.execute(_IN_FORCE).fetchone()
        if row is not None and ring.holds(row[0]):
            if _is_the_vaults(conn, ring, *row):
                return int(row[0])
            continue
        adopted = conn.execute(_ADOPT, (ring.epoch, ring.fingerprint(ring.epoch))).rowcount
        if row is not None and not adopted:
            return int(row[0])  # wrapping under it will say what is missing
    raise Unavailable("l’époque des clés change sans cesse")


def _is_the_vaults(conn: psycopg.Connection, ring: KekRing, epoch: int, mark: bytes | None) -> bool:
    """Compare the ring with what the vault knows; False when somebody else was first to make a key known."""
    if mark is not None:
        if not ring.holds(epoch, bytes(mark)):
            raise foreign(epoch)
        return True
    for key_id, wrapped in conn.execute(_SAMPLE, {"epoch": epoch}).fetchall():
        ring.unwrap(key_id, epoch, bytes(wrapped))
    return conn.execute(_FIRST_USE, (ring.fingerprint(epoch), epoch)).rowcount == 1


def foreign(epoch: int) -> Misconfigured:
    """Say that a folder holds another key than the vault's."""
    return Misconfigured(f"la clé de l’époque {epoch} (kek.{epoch}) n’est pas celle que le coffre connaît")


def hold(conn: psycopg.Connection) -> None:
    """Keep every living epoch alive until the caller's transaction ends: it moves keys that are already wrapped."""
    conn.execute("select from vault.epoch for key share")


def opened(conn: psycopg.Connection, ring: KekRing, query: str, values: Sequence[Any]) -> list[tuple[Any, DataKey]]:
    """Run a query that gives (name, key id, epoch, wrapped), and open each key; gives (name, key).

    Between reading and opening, a rotation may have wrapped a row anew and destroyed the epoch it was read with: then
    the rows are read again. ``conn`` must see what others commit (PostgreSQL's default isolation).

    Raises:
        UnknownEpoch: the folder of secrets lacks an epoch that is alive.
    """
    try:
        return _open(conn, ring, query, values)
    except UnknownEpoch:
        return _open(conn, ring, query, values)


def _open(conn: psycopg.Connection, ring: KekRing, query: str, values: Sequence[Any]) -> list[tuple[Any, DataKey]]:
    rows = conn.execute(query, values).fetchall()
    return [(name, ring.unwrap(key_id, epoch, bytes(wrapped))) for name, key_id, epoch, wrapped in rows]


# A lock on the one row, not on older epochs: a file that is being taken in must not hold up the end of a rotation.
_IN_FORCE: Final = """
select epoch, fingerprint from vault.epoch where in_force_at is not null order by epoch desc limit 1 for key share
"""
_SAMPLE: Final = """
(select key_id, wrapped from vault.key where epoch = %(epoch)s limit 1)
union all (select key_id, wrapped from vault.owned_key where epoch = %(epoch)s limit 1)
"""
_FIRST_USE: Final = "update vault.epoch set fingerprint = %s where epoch = %s and fingerprint is null"
# A number that was retired, or a vault that knows a key, is no vault made anew: the folder is an old one.
_ADOPT: Final = """
insert into vault.epoch (epoch, fingerprint, in_force_at)
select %s, %s, now()
 where not exists (select from vault.key) and not exists (select from vault.owned_key)
   and not exists (select from vault.epoch_retired)
   and not exists (select from vault.epoch where fingerprint is not null)
on conflict do nothing
"""
