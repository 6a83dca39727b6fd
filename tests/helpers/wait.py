"""Waiting on a condition, never on the clock alone."""

import socket
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
PAUSE = 0.05  # seconds between two looks


def eventually(probe: Callable[[], T], *, timeout: float, what: str | Callable[[], str]) -> T:
    """Give the first true answer of ``probe``; after ``timeout`` seconds, fail and say what was awaited."""
    deadline = time.monotonic() + timeout
    while not (answer := probe()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s: {what() if callable(what) else what}")
        time.sleep(PAUSE)
    return answer


def listening(port: int) -> bool:
    """Say whether something accepts connections on a local port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
