"""How a role is told to stop: SIGTERM or SIGINT, obeyed between two pieces of work."""

import signal
import threading


def stop_signal() -> threading.Event:
    """Give an event that SIGTERM and SIGINT set from now on; the main thread only."""
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    return stopped
