"""A real receiver of webhooks at work, as a partner may run one."""

import asyncio
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import uvloop

from consumers.connectors.webhook.secret_files import parse
from kit.inbox import Inbox, recover
from kit.receiver import Behaviour, Receiver, serve

__all__ = ["Behaviour", "receive"]


def receive(
    port: int, secret_files: Sequence[Path], out: Path | None, behaviour: Behaviour, listening: Callable[[int], None]
) -> dict[str, Any]:
    """Receive webhooks on the loopback until SIGTERM or SIGINT, and give the counts of what came.

    Args:
        port: to listen on; 0 takes a free one.
        secret_files: the secrets shared with the sender, one a line.
        out: where to keep what comes, in clear.
        behaviour: how it fails, for tests.
        listening: hears the port, once it answers.
    """
    keys = [key for path in secret_files for key in parse(path.read_text("ascii"))]
    return uvloop.run(_serve(port, lambda: Receiver(keys, Inbox(out), recover(out), behaviour), listening))


async def _serve(port: int, make: Callable[[], Receiver], listening: Callable[[int], None]) -> dict[str, Any]:
    target, stop, loop = make(), asyncio.Event(), asyncio.get_running_loop()  # made inside the loop that it works in
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await serve(port, target, stop, listening=listening)
    return dict(target.ledger.summary())
