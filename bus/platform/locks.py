"""Locks between processes: a file per lock, released by the kernel whatever way its holder dies."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self


class FileLock:
    """A lock on one file, shared by readers or exclusive; the file stays, only the lock goes.

    The holder's pid is written in the file, for the message that a refused process shows.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd: int | None = None

    def try_exclusive(self) -> bool:
        """Take the lock alone, or say that somebody has it."""
        return self._try(fcntl.LOCK_EX | fcntl.LOCK_NB)

    def try_shared(self) -> bool:
        """Take the lock with other readers, or say that somebody has it alone."""
        return self._try(fcntl.LOCK_SH | fcntl.LOCK_NB)

    def exclusive(self) -> None:
        """Take the lock alone, waiting for whoever has it."""
        self._try(fcntl.LOCK_EX)

    def holder(self) -> int | None:
        """Give the pid of the last exclusive holder, if it wrote one."""
        try:
            return int(self.path.read_text())
        except (FileNotFoundError, ValueError):
            return None

    def release(self) -> None:
        """Let the lock go; harmless when it is not held."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _try(self, operation: int) -> bool:
        if self._fd is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._fd, operation)
        except BlockingIOError:
            self.release()
            return False
        if operation & fcntl.LOCK_EX:
            os.ftruncate(self._fd, 0)
            os.pwrite(self._fd, str(os.getpid()).encode(), 0)
        return True

    def __enter__(self) -> Self:
        self.exclusive()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Run a block while no other process runs the same one."""
    with FileLock(path):
        yield
