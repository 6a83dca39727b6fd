"""A running role and its folder of KEKs: it tells the vault which epochs it holds, and drops those that are retired.

A rotation uses an epoch only once every role has told that it holds it; the files may reach a role's machine by any
way. What a rotation has retired is destroyed here too: on another machine nobody else can.
"""

import hashlib
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import psycopg

from bus import db
from bus.errors import BusError
from bus.sealing import KekRing
from bus.settings import Settings
from bus.telemetry.logs import get_logger
from bus.telemetry.metrics import VAULT_EPOCH
from bus.vault import kek_files

PERIOD: Final = 2.0  # seconds between two looks
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
_log = get_logger()


def place_of(folder: Path) -> str:
    """Name a folder as operators know it, machine and path, then ``#`` and what tells it from its like.

    Containers share names, of machines and of paths; a copy of a folder holds the same files.
    """
    return f"{socket.gethostname()}:{folder.resolve()}#{_own_mark(folder)}"


def mark_of(place: str) -> str:
    """Give the ``#`` part of a place: it stays when the machine is called otherwise."""
    return "#" + place.rpartition("#")[2]


def _own_mark(folder: Path) -> str:
    """Mix what was drawn in the folder with its inode; where nothing can be written, the machine with the inode."""
    found, drawn = folder.stat(), folder / ".lieu"
    try:
        kek_files.draw(drawn)
        seed = drawn.read_bytes()
    except OSError:
        seed = _BOOT.read_bytes() + str(found.st_dev).encode()
    return hashlib.sha256(seed + str(found.st_ino).encode()).hexdigest()[:8]


@contextmanager
def holding(settings: Settings, role: str, ring: KekRing) -> Iterator[None]:
    """Follow the epochs beside the work of a role (its name in the database), in a thread, until the block ends.

    A database that does not answer, or a folder that does not let itself be read, ends nothing: it is tried again.
    """
    if ring.folder is None:
        yield
        return
    stop = threading.Event()
    thread = threading.Thread(target=_follow, args=(settings, role, ring, stop), name="epochs", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _follow(settings: Settings, role: str, ring: KekRing, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            with closing(db.connect(settings, role, autocommit=True)) as conn:
                _while_connected(conn, role, ring, stop)
        except (psycopg.Error, BusError, OSError) as error:
            _log.warning("epochs not followed", error=type(error).__name__)
        stop.wait(PERIOD)


def _while_connected(conn: psycopg.Connection, role: str, ring: KekRing, stop: threading.Event) -> None:
    while not stop.is_set():
        look(conn, role, ring)
        stop.wait(PERIOD)
    _leave(conn, role, ring)


def look(conn: psycopg.Connection, role: str, ring: KekRing) -> None:
    """Read the folder again, destroy what is retired, tell what is held."""
    ring.reload()
    if ring.folder is None:
        return
    left = _destroy_retired(conn, ring.folder)
    ring.reload()
    _tell(conn, role, ring, left)
    row = conn.execute(_SINCE).fetchone()
    VAULT_EPOCH.set(row[0] if row else 0)


_SINCE: Final = """
select extract(epoch from in_force_at)::float8 from vault.epoch where in_force_at is not null
 order by vault.epoch.epoch desc limit 1
"""


def _destroy_retired(conn: psycopg.Connection, folder: Path) -> dict[int, bytes]:
    """Destroy what is retired; gives what is left of it here, in whatever state, with its fingerprint."""
    rows = conn.execute("select epoch, fingerprint from vault.epoch_retired where fingerprint is not null").fetchall()
    here = kek_files.present(folder)
    doomed = {epoch: bytes(mark) for epoch, mark in rows if epoch in here}
    return {epoch: mark for epoch, mark in doomed.items() if not _destroyed(folder, epoch, mark)}


def _destroyed(folder: Path, epoch: int, mark: bytes) -> bool:
    try:
        if kek_files.remains(folder, epoch, mark):
            kek_files.destroy(folder, epoch, mark)
            _log.info("retired key destroyed", epoch=epoch)
        return not kek_files.remains(folder, epoch, mark)
    except OSError:  # a folder that this role may only read: the vault goes on showing that the key is held
        _log.warning("retired key not destroyed", epoch=epoch)
        return False


def _tell(conn: psycopg.Connection, role: str, ring: KekRing, left: Mapping[int, bytes]) -> None:
    where = (role, place_of(ring.folder or Path()))
    held = {epoch: ring.fingerprint(epoch) for epoch in ring.keys} | dict(left)
    with conn.transaction():
        conn.execute(
            "delete from vault.holder where role = %s and place <> %s and right(place, 9) = %s",
            (*where, mark_of(where[1])),
        )
        conn.execute(
            "delete from vault.holder where role = %s and place = %s and epoch <> all(%s::int[])", (*where, list(held))
        )
        conn.cursor().executemany(
            "insert into vault.holder (role, place, epoch, fingerprint) values (%s, %s, %s, %s)"
            " on conflict (role, place, epoch) do update set fingerprint = excluded.fingerprint, seen_at = now(),"
            " left_at = null",
            [(*where, epoch, mark) for epoch, mark in held.items()],
        )


def _leave(conn: psycopg.Connection, role: str, ring: KekRing) -> None:
    """A role that stops holds no switch up, but what it held may lie there still.

    Another process on the same folder tells again within two seconds.
    """
    where = (role, place_of(ring.folder or Path()))
    conn.execute("update vault.holder set left_at = now() where role = %s and place = %s", where)
