"""A real receiver of webhooks at work, as a partner may run one."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from consumers.connectors.webhook.secret_files import parse
from kit.inbox import Inbox, recover
from kit.receiver import Behaviour, Receiver, serve

__all__ = ["Behaviour", "Reception", "receive"]


@dataclass(frozen=True, slots=True)
class Reception:
    """What a receiver listens to, and what it does with it.

    Attributes:
        port: to listen on, of the loopback; 0 takes a free one.
        secret_files: the secrets shared with the sender, one a line.
        out: where to keep what comes, in clear.
        behaviour: how it fails, for tests.
    """

    port: int
    secret_files: Sequence[Path]
    out: Path | None
    behaviour: Behaviour


async def receive(target: Reception, stop: asyncio.Event, listening: Callable[[int], None]) -> dict[str, Any]:
    """Receive webhooks until ``stop``, and give the counts of what came; ``listening`` hears the port once it answers.

    It works in the loop of its caller, who decides what stops it.
    """
    keys = [key for path in target.secret_files for key in parse(path.read_text("ascii"))]
    receiver = Receiver(keys, Inbox(target.out), recover(target.out), target.behaviour)
    await serve(target.port, receiver, stop, listening=listening)
    return dict(receiver.ledger.summary())
