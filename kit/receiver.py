"""A real receiver of webhooks: verifies, checks order and completeness, and keeps what it got before it answers.

For demonstrations and tests, and as an example for partners. Nothing of a body is ever logged or printed.
"""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from aiohttp import web

from bus import signature
from bus.failpoints import hit
from kit.inbox import Inbox, told
from kit.state import Judgement, Ledger

_BODY_LIMIT: Final = 1_048_576
_PARTING: Final = 0.5  # seconds that what is being answered still has at the end


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
            verdict = self.ledger.judge(message.signed[0], body, told_missing=told(gap))
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


async def serve(port: int, receiver: Receiver, stop: asyncio.Event, *, listening: Callable[[int], None]) -> None:
    """Answer on loopback until ``stop``; ``listening`` is told the port once connections are accepted."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        if "Transfer-Encoding" in request.headers or (request.content_length or 0) > _BODY_LIMIT:
            return web.Response(status=400)
        headers = {name.lower(): value for name, value in request.headers.items()}
        status, body = await receiver.answer(Message(request.method, headers, await request.read()))
        return web.Response(status=status, body=body)

    runner = web.ServerRunner(web.Server(handle, access_log=None), shutdown_timeout=_PARTING)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        listening(runner.addresses[0][1])
        await stop.wait()
    finally:
        await runner.cleanup()
