"""A real receiver of webhooks: verifies, checks order and completeness, and keeps what it got before it answers.

For demonstrations and tests, and as an example for partners. What it keeps is personal data in clear, as at any
recipient: the file is readable by its owner only, and nothing of a body is ever logged or printed.
"""

import asyncio
import os
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, cast

import orjson

from bus import signature
from bus.failpoints import hit
from kit.state import Judgement, Ledger

_BODY_LIMIT: Final = 1_048_576
_NOT_HTTP: Final = "not an HTTP/1.1 message of known length"
_HEAD_LIMIT: Final = 16_384
_REASONS: Final = {200: "OK", 204: "No Content", 400: "Bad Request", 401: "Unauthorized", 500: "Internal Server Error"}


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How to misbehave, for tests: always answer ``status``, fail a share of requests, be slow (seconds)."""

    status: int | None = None
    fail_rate: float = 0.0
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class Message:
    """One request: path and method, headers in lower case, body."""

    method: str
    headers: dict[str, str]
    body: bytes = field(repr=False)

    @property
    def signed(self) -> tuple[str, str, str]:
        """The three headers of Standard Webhooks."""
        found = (self.headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
        webhook_id, timestamp, entries = found
        return webhook_id, timestamp, entries


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


class Receiver:
    """Decides on each message."""

    def __init__(self, keys: Sequence[bytes], store: Inbox, ledger: Ledger, behaviour: Behaviour) -> None:
        self._keys = keys
        self._store = store
        self._behaviour = behaviour
        self._chance = random.Random(0)  # noqa: S311 - a reproducible misbehaviour
        self.ledger = ledger

    async def answer(self, message: Message) -> tuple[int, bytes]:
        """Give status and body for one message."""
        if message.method == "GET":
            return 200, orjson.dumps(self.ledger.summary())
        if self._behaviour.delay:
            await asyncio.sleep(self._behaviour.delay)
        if self._behaviour.status is not None:
            return self._behaviour.status, b""
        if self._behaviour.fail_rate and self._chance.random() < self._behaviour.fail_rate:
            return 500, b""
        return await self._receive(message), b""

    async def _receive(self, message: Message) -> int:
        if not signature.verify(self._keys, message.signed, message.body, now=time.time()):
            self.ledger.counts["refusees"] += 1
            return 401
        gap = message.headers.get("webhook-gap")
        try:
            body = orjson.loads(message.body)
            verdict = self.ledger.judge(message.signed[0], body, told_missing=_told(gap))
        except (ValueError, KeyError, TypeError):
            self.ledger.counts["refusees"] += 1
            return 400
        await self._store.keep(_line(message, body, verdict))
        hit("receiver.before_answer")
        return 204


def _line(message: Message, body: Any, verdict: Judgement) -> bytes:  # noqa: ANN401 - any JSON
    record = {
        "webhook_id": message.signed[0],
        "recu_le": datetime.now(UTC),
        "tentative": int(message.headers.get("webhook-attempt", "1")),
        "doublon": verdict.duplicate,
        "manquants": verdict.missing,
        "inversion": verdict.late,
        "saut": message.headers.get("webhook-gap"),
        "corps": body,
    }
    return orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)


def _told(gap: str | None) -> int:
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
            ledger.judge(record["webhook_id"], record["corps"], told_missing=_told(record["saut"]))
    _cut(path)
    return ledger


def _cut(path: Path) -> None:
    """Remove a last line that a crash has cut, or the next one would be glued to it."""
    octets = path.read_bytes()
    if octets and not octets.endswith(b"\n"):
        with path.open("r+b") as file:
            file.truncate(octets.rfind(b"\n") + 1)


class Connection(asyncio.Protocol):
    """HTTP/1.1 with keep-alive, one message at a time; written by hand because it must not be what a bench measures."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to answer."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own class, a subclass of nothing

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Forget the peer; a delivery being kept is kept all the same."""
        self._transport = None

    def data_received(self, data: bytes) -> None:
        """Take bytes; start on a message once it is whole and the one before is answered."""
        self._buffer += data
        self._next()

    def _next(self) -> None:
        if self._task is not None or self._transport is None:
            return
        try:
            parsed = parse(self._buffer)
        except ValueError:
            self._write(400, b"", close=True)
            return
        if parsed is not None:
            message, size = parsed
            self._buffer = self._buffer[size:]
            self._task = asyncio.get_running_loop().create_task(self._respond(message))

    async def _respond(self, message: Message) -> None:
        status, body = await self._receiver.answer(message)
        self._task = None
        self._write(status, body, close=message.headers.get("connection", "").lower() == "close")
        self._next()

    def _write(self, status: int, body: bytes, *, close: bool) -> None:
        if self._transport is None:
            return
        length = b"" if status == 204 else b"Content-Length: %d\r\n" % len(body)
        reason = _REASONS.get(status, "Status").encode()
        self._transport.write(b"HTTP/1.1 %d %b\r\n%b\r\n%b" % (status, reason, length, body))
        if close:
            self._transport.close()


def parse(buffer: bytes) -> tuple[Message, int] | None:
    """Give the first whole message and its size in bytes; None while it is incomplete.

    Raises:
        ValueError: not HTTP, too long, or of unknown length.
    """
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        if len(buffer) > _HEAD_LIMIT:
            raise ValueError(_NOT_HTTP)
        return None
    first, *lines = buffer[:end].decode("latin-1").split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    size = end + 4 + _length(first, headers)
    if len(buffer) < size:
        return None
    return Message(first.split(" ", 1)[0], headers, buffer[end + 4 : size]), size


def _length(first: str, headers: dict[str, str]) -> int:
    length = headers.get("content-length", "0")
    known = length.isascii() and length.isdigit() and int(length) <= _BODY_LIMIT
    if len(first.split(" ")) != 3 or "transfer-encoding" in headers or not known:
        raise ValueError(_NOT_HTTP)
    return int(length)


async def serve(port: int, receiver: Receiver, stop: asyncio.Event, *, listening: Callable[[int], None]) -> None:
    """Answer on loopback until ``stop``; ``listening`` is told the port once connections are accepted."""
    server = await asyncio.get_running_loop().create_server(partial(Connection, receiver), "127.0.0.1", port)
    listening(server.sockets[0].getsockname()[1])
    await stop.wait()
    server.close()
