"""Received files, kept sealed: frames of 256 KiB, each encrypted under the flux key with its number.

A frame is a length (4 bytes) and a sealed part of kind ``spool`` whose version is the number of the frame; the last one
is empty and of kind ``spool.fin``: a frame moved, left out or cut off is seen.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

import psycopg

from bus.errors import InvalidEvent, Unavailable
from bus.reasons import Reason
from bus.sealing import DataKey, KekRing, new_key, seal, unseal
from bus.vault import epochs
from bus.vault.epochs import opened

CHUNK: Final = 256 * 1024
KEEP_REFUSED: Final = timedelta(days=30)
_FRAME: Final = "spool"
_END: Final = "spool.fin"
_SUFFIX: Final = ".scelle"
_NAME_CHARS: Final = 255
_PENDING_KEYS: Final = """
select s.flux_id, k.key_id, k.epoch, k.wrapped from journal.spool s join vault.owned_key k on k.key_id = s.key_id
 where not s.decided
"""


@dataclass(frozen=True, slots=True)
class Spooled:
    """A sealed copy: its flux id, its key, where it lies, what it was called, the name of its source."""

    flux_id: str
    key: DataKey
    path: Path
    source: str
    file_name: str
    folder: str | None
    received_at: datetime

    def chunks(self) -> Iterator[bytes]:
        """Give the bytes of the file again.

        Raises:
            InvalidEvent: ``scelle_illisible``: altered, or cut off.
        """
        with self.path.open("rb") as file:
            number = 0
            while head := file.read(4):
                number += 1
                sealed = file.read(int.from_bytes(head, "big"))
                if chunk := _open(self.key, number, sealed):
                    yield chunk
                else:
                    return
        raise InvalidEvent(Reason.SCELLE_ILLISIBLE, "spool")


class FileMark(NamedTuple):
    """What changes when a file is written: two equal ones around a reading mean that it held still."""

    size: int
    mtime_ns: int
    inode: int


def display_name(path: Path) -> str:
    """Give the name of a file as text to store and print: what is not UTF-8 is escaped; 255 characters at most."""
    return os.fsencode(path.name).decode("utf-8", "backslashreplace")[:_NAME_CHARS]


def state(path: Path) -> FileMark:
    """Give the state of a file.

    Raises:
        Unavailable: the file has gone.
    """
    try:
        stat = path.stat()
    except OSError as error:
        raise Unavailable(f"le fichier {display_name(path)} ne se lit pas") from error
    return FileMark(stat.st_size, stat.st_mtime_ns, stat.st_ino)


def read(path: Path) -> Iterator[bytes]:
    """Give the bytes of a clear file, in chunks.

    Raises:
        Unavailable: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk
    except OSError as error:
        raise Unavailable(f"le fichier {display_name(path)} ne se lit pas") from error


def identify(chunks: Iterable[bytes]) -> str:
    """Give the flux id of some bytes: their SHA-256."""
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return f"sha256:{digest.hexdigest()}"


def write_sealed(folder: Path, chunks: Iterable[bytes]) -> tuple[str, DataKey, Path]:
    """Seal a file into the spool; gives its flux id, its key (not yet kept anywhere) and its path.

    The copy is on disk when this returns.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    key, digest = new_key(), hashlib.sha256()
    draft = folder / f".{key.key_id}.part"
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        number = 0
        for chunk in chunks:
            digest.update(chunk)
            number += 1
            _frame(file, seal(key, _FRAME, number, chunk))
        _frame(file, seal(key, _END, number + 1, b""))
        file.flush()
        os.fsync(file.fileno())
    path = draft.replace(folder / f"{digest.hexdigest()}{_SUFFIX}")
    return f"sha256:{digest.hexdigest()}", key, path


def register(conn: psycopg.Connection, ring: KekRing, spooled: Spooled) -> None:
    """Keep the key and the name of a sealed copy, in the caller's transaction; a newer copy of the same bytes wins."""
    forget_key(conn, spooled.flux_id)
    epoch, wrapped = ring.wrap(spooled.key, epochs.wrapping(conn, ring))
    conn.execute(
        "insert into vault.owned_key (key_id, owner, epoch, wrapped) values (%s, %s, %s, %s)",
        (spooled.key.key_id, f"flux:{spooled.flux_id}", epoch, wrapped),
    )
    conn.execute(
        "insert into journal.spool (flux_id, key_id, source, file_name, folder, received_at)"
        " values (%s, %s, %s, %s, %s, %s) on conflict (flux_id) do update set key_id = excluded.key_id,"
        " source = excluded.source, file_name = excluded.file_name, folder = excluded.folder, decided = false",
        (
            spooled.flux_id, spooled.key.key_id, spooled.source, spooled.file_name, spooled.folder,
            spooled.received_at,
        ),
    )  # fmt: skip


def held(conn: psycopg.Connection, flux_id: str) -> bool:
    """Tell whether a sealed copy of a flux is kept."""
    return conn.execute("select from journal.spool where flux_id = %s", (flux_id,)).fetchone() is not None


def pending(conn: psycopg.Connection, ring: KekRing, folder: Path) -> list[Spooled]:
    """Give the sealed copies that wait for a verdict, oldest first."""
    keys = dict(opened(conn, ring, _PENDING_KEYS, ()))
    rows = conn.execute(
        "select flux_id, source, file_name, folder, received_at from journal.spool"
        " where not decided order by received_at"
    ).fetchall()
    return [
        Spooled(flux, keys[flux], _path(folder, flux), source, name, where, at)
        for flux, source, name, where, at in rows
        if flux in keys
    ]


def destroy(conn: psycopg.Connection, folder: Path, flux_id: str) -> None:
    """Destroy a sealed copy: its key first, in the caller's transaction, then its bytes."""
    forget_key(conn, flux_id)
    conn.execute("delete from journal.spool_dossier where flux_id = %s", (flux_id,))
    conn.execute("delete from journal.spool where flux_id = %s", (flux_id,))
    _path(folder, flux_id).unlink(missing_ok=True)


def settle(conn: psycopg.Connection, folder: Path, flux_id: str) -> None:
    """Destroy the copy of an accepted flux; that of a refused one stays, to be looked at for 30 days."""
    row = conn.execute("select verdict from journal.flux where flux_id = %s", (flux_id,)).fetchone()
    if row is not None and row[0] == "accepte":
        destroy(conn, folder, flux_id)
    else:
        conn.execute("update journal.spool set decided = true where flux_id = %s", (flux_id,))


def purge(conn: psycopg.Connection, folder: Path, present: datetime) -> int:
    """Destroy the refused files kept for 30 days; gives how many."""
    rows = conn.execute(
        "select flux_id from journal.spool where decided and received_at < %s", (present - KEEP_REFUSED,)
    ).fetchall()
    for (flux_id,) in rows:
        destroy(conn, folder, flux_id)
    return len(rows)


def forget_key(conn: psycopg.Connection, flux_id: str) -> None:
    """Destroy the key of a sealed copy, which makes it unreadable wherever it was copied."""
    conn.execute("delete from vault.owned_key where owner = %s", (f"flux:{flux_id}",))


def _path(folder: Path, flux_id: str) -> Path:
    return folder / f"{flux_id.removeprefix('sha256:')}{_SUFFIX}"


def _frame(file: BinaryIO, sealed: bytes) -> None:
    file.write(len(sealed).to_bytes(4, "big") + sealed)


def _open(key: DataKey, number: int, sealed: bytes) -> bytes:
    """Open one frame; empty bytes for the last one."""
    try:
        return unseal(key, _FRAME, number, sealed)
    except InvalidEvent:
        return unseal(key, _END, number, sealed)
