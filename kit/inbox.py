"""What a receiver keeps before it answers: a file of JSON lines, and the account read back from it.

It is personal data in clear, as at any recipient: the file is readable by its owner only.
"""

import asyncio
import os
from functools import partial
from pathlib import Path

import orjson

from kit.state import Ledger


class Inbox:
    """A file of JSON lines; many deliveries share one fsync, none is answered before it."""

    def __init__(self, path: Path | None) -> None:
        self._loop = asyncio.get_running_loop()
        self._file = None if path is None else _private(path)
        self._lines: list[bytes] = []
        self._waiting: list[asyncio.Future[None]] = []
        self._writing = False

    def keep(self, line: bytes) -> "asyncio.Future[None]":
        """Queue a line; the future is done once it is on disk."""
        done = self._loop.create_future()
        if self._file is None:
            done.set_result(None)
            return done
        self._lines.append(line)
        self._waiting.append(done)
        if not self._writing:
            self._writing = True
            self._loop.call_soon(self._write)
        return done

    def _write(self) -> None:
        lines, self._lines = self._lines, []
        waiting, self._waiting = self._waiting, []
        work = self._loop.run_in_executor(None, partial(_append, self._file, b"".join(lines)))
        work.add_done_callback(partial(self._written, waiting))

    def _written(self, waiting: list["asyncio.Future[None]"], work: "asyncio.Future[None]") -> None:
        self._writing = bool(self._lines)
        error = work.exception()
        for done in waiting:
            if error is not None and not done.done():
                done.set_exception(error)
            elif not done.done():
                done.set_result(None)
        if self._lines:
            self._write()


def _private(path: Path) -> int:
    """Open a file that nobody else may read, even one that was there before."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.fchmod(descriptor, 0o600)
    return descriptor


def _append(descriptor: int | None, octets: bytes) -> None:
    if descriptor is None:
        return
    view = memoryview(octets)
    while view:
        view = view[os.write(descriptor, view) :]
    os.fsync(descriptor)


def told(gap: str | None) -> int:
    """Count the ids of a ``webhook-gap`` header."""
    return len(gap.split(",")) if gap else 0


def recover(path: Path | None) -> Ledger:
    """Read the account back from what was kept, so that a restart recognises copies and goes on counting."""
    ledger = Ledger()
    if path is None or not path.exists():
        return ledger
    with path.open("rb") as lines:
        for line in lines:
            if not line.endswith(b"\n"):
                break  # cut by a crash: its sender got no answer and sends it again
            record = orjson.loads(line)
            ledger.judge(record["webhook_id"], record["corps"], told_missing=told(record["saut"]))
    _cut(path)
    return ledger


def _cut(path: Path) -> None:
    """Remove a last line that a crash has cut, or the next one would be glued to it."""
    octets = path.read_bytes()
    if octets and not octets.endswith(b"\n"):
        with path.open("r+b") as file:
            file.truncate(octets.rfind(b"\n") + 1)
