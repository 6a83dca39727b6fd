"""Secrets as files: a crash leaves a whole one or none, and what is destroyed comes back from no block of the disk.

A file system that keeps old blocks (snapshots, copy on write, flash memory) makes the overwriting worthless: there, a
folder of secrets belongs on an encrypted volume without snapshots.
"""

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from bus.errors import Misconfigured
from bus.failpoints import hit
from bus.sealing import KekRing, mark

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
        draft.unlink(missing_ok=True)
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

    Raises:
        OSError: the folder, or a file in it, is not this user's to change; ``remains`` then says what is left.
    """
    if matches(folder, epoch, fingerprint):
        with suppress(FileNotFoundError):  # somebody else, who saw the same retired epoch, was first
            path_of(folder, epoch).chmod(0o600)
            path_of(folder, epoch).rename(folder / f".kek.{epoch}.detruite")
            _sync(folder)
            hit("kek.mid_destroy")
    for doomed in folder.glob(f".kek.{epoch}.*"):
        with suppress(FileNotFoundError):
            if doomed.stat().st_nlink == 1 or _is(doomed, fingerprint):
                _overwrite(doomed)
            doomed.unlink()  # else it is a second name of a living key, which a killed drawing left
    _sync(folder)


def remains(folder: Path, epoch: int, fingerprint: bytes) -> bool:
    """Tell whether the key of an epoch is still in a folder, under its name or what was cut short left of it.

    Raises:
        PermissionError: what lies there does not let itself be read.
    """
    return any(_is(file, fingerprint) for file in (path_of(folder, epoch), *folder.glob(f".kek.{epoch}.*")))


def exposed(folder: Path) -> list[Path]:
    """Give the keys that any user of the machine may read; a group may, as mounted secrets need it."""
    if not folder.stat().st_mode & stat.S_IXOTH:
        return []
    return sorted(file for file in folder.glob("kek.*") if _mode(file) & stat.S_IROTH)


def _mode(file: Path) -> int:
    try:
        return file.stat().st_mode
    except FileNotFoundError:  # destroyed since
        return 0


def present(folder: Path) -> set[int]:
    """Give the numbers of which a folder holds anything, whole or cut short."""
    names = (file.name.removeprefix(".").split(".") for file in (*folder.glob("kek.*"), *folder.glob(".kek.*")))
    return {int(parts[1]) for parts in names if parts[1].isdecimal()}


def _is(file: Path, fingerprint: bytes | None) -> bool:
    try:
        return mark(file.read_bytes()) == fingerprint
    except (FileNotFoundError, IsADirectoryError):
        return False


def _overwrite(path: Path) -> None:
    path.chmod(0o600)  # it may have been installed for reading only
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
