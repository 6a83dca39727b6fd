"""Secrets as files: a crash leaves a whole one or none, and what is destroyed comes back from no block of the disk.

A file system that keeps old blocks (snapshots, copy on write, flash memory) makes the overwriting worthless: there, a
folder of secrets belongs on an encrypted volume without snapshots.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from bus.errors import Misconfigured
from bus.sealing import KekRing

_SECRET: Final = 32  # bytes


def path_of(folder: Path, epoch: int) -> Path:
    """Give where a folder keeps the key of an epoch."""
    return folder / f"kek.{epoch}"


def draw(path: Path) -> None:
    """Draw a secret, unless the file exists."""
    if not path.exists():
        write(path, os.urandom(_SECRET))


def write(path: Path, secret: bytes) -> None:
    """Write a secret for its owner only, unless the file exists; on disk, name included, when this returns."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)  # a crash leaves a whole secret or none, and of two processes the first one's stays
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    _sync(path.parent)


def copy_missing(source: Path, target: Path) -> None:
    """Give a folder the epochs that another one holds."""
    ring = KekRing.load(source)
    for epoch, secret in ring.keys.items():
        write(path_of(target, epoch), secret)


def hand_out(source: Path, target: Path, epoch: int, fingerprint: bytes | None) -> None:
    """Give a folder the key of an epoch that another one holds, and nothing that only has its number."""
    ring = KekRing.load(source)
    if fingerprint is not None and ring.holds(epoch, fingerprint):
        write(path_of(target, epoch), ring.keys[epoch])


def matches(folder: Path, epoch: int, fingerprint: bytes | None) -> bool:
    """Tell whether a folder holds, on disk and now, the key of an epoch that has this fingerprint."""
    try:
        ring = KekRing.load(folder)
    except Misconfigured:
        return False
    return epoch in ring.keys and ring.fingerprint(epoch) == fingerprint


def destroy(folder: Path, epoch: int, fingerprint: bytes | None) -> None:
    """Destroy the key of an epoch: no name, no content, also where an earlier attempt, or a drawing, was cut short.

    The name goes first: whoever reads the folder meanwhile finds a whole key or none. Another deployment's key of the
    same number stays: the fingerprint tells them apart.
    """
    if matches(folder, epoch, fingerprint):
        with suppress(FileNotFoundError):  # somebody else, who saw the same retired epoch, was first
            path_of(folder, epoch).rename(folder / f".kek.{epoch}.detruite")
            _sync(folder)
    for doomed in folder.glob(f".kek.{epoch}.*"):
        with suppress(FileNotFoundError):
            _overwrite(doomed)
            doomed.unlink()
    _sync(folder)


def _overwrite(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(os.urandom(_SECRET))
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
