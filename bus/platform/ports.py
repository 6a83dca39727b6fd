"""Ports of the local platform: chosen free once, remembered with the data, so that a restart keeps every address."""

import random
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import orjson

from bus.errors import Misconfigured

HOST: Final = "127.0.0.1"
RANGE: Final = range(20_000, 30_000)
"""Below the ephemeral ports (32768 and up): an outgoing connection never takes a remembered port."""


def choose(path: Path, names: tuple[str, ...], given: Mapping[str, int]) -> dict[str, int]:
    """Give a port per name: the given one, else the remembered one, else a free one; and remember them in ``path``.

    Raises:
        Misconfigured: one of them is served by another program; a readiness probe would talk to a stranger.
    """
    remembered: dict[str, int] = orjson.loads(path.read_bytes()) if path.is_file() else {}
    ports: dict[str, int] = {}
    for name in names:
        taken = {*remembered.values(), *given.values(), *ports.values()}
        ports[name] = given.get(name) or remembered.get(name) or _free(taken)
    for name, port in ports.items():
        if not is_free(port):
            raise Misconfigured(f"le port {port} ({name}) est déjà servi par un autre programme ; donnez-en un autre")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(orjson.dumps({**remembered, **ports}))
    return ports


def is_free(port: int) -> bool:
    """Say whether nobody listens there; a port in TIME_WAIT is free, as it is for the servers we start."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """Give a port on which nobody listens, for a server of the moment; nothing is remembered."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _free(taken: set[int]) -> int:
    for port in random.sample(RANGE, 200):
        if port not in taken and is_free(port):
            return port
    raise Misconfigured("aucun port libre sur 127.0.0.1")
