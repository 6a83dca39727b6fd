"""How a role is told to stop: SIGTERM or SIGINT, obeyed between two pieces of work."""

import asyncio
import os
import select
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class StopNow(BaseException):
    """StopNow to stop, where nothing is lost by leaving at once (``StopEvent.at_once``)."""


class StopEvent(threading.Event):
    """An event that a signal handler may set while the main thread waits on it.

    ``threading.Event`` may not: the handler runs *inside* ``wait``, and when that holds the event's lock at that
    instant, ``set`` waits for it for ever (seen: a role that had to be killed, once in a dozen stops under load). Here
    nothing is locked: a byte in a pipe wakes every ``wait``, now and later.
    """

    def __init__(self) -> None:
        super().__init__()
        self._told = self._at_once = False
        self._read, self._write = os.pipe()

    def set(self) -> None:
        """Tell everybody who waits, now and later."""
        if not self._told:
            self._told = True
            os.write(self._write, b"x")

    def is_set(self) -> bool:
        """Say whether it was told."""
        return self._told

    def wait(self, timeout: float | None = None) -> bool:
        """Wait at most ``timeout`` seconds; says whether it was told."""
        poll = select.poll()  # not select(), which refuses descriptors above 1023
        poll.register(self._read, select.POLLIN)
        poll.poll(None if timeout is None else max(timeout, 0) * 1000)
        return self._told

    async def heard(self) -> None:
        """Wait inside an event loop until it is told."""
        loop, told = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self._read, told.set)
        try:
            await told.wait()
        finally:
            loop.remove_reader(self._read)

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Leave the block by ``StopNow`` as soon as a signal tells to stop, not at its end; the main thread only."""
        self._at_once = True
        try:
            yield
        finally:
            self._at_once = False

    def signalled(self, *_: object) -> None:
        """Be told by a signal: it runs between two lines of the main thread.

        Raises:
            StopNow: inside ``at_once``.
        """
        self.set()
        if self._at_once:
            raise StopNow

    def clear(self) -> None:
        """Refuse: a stop is not taken back."""
        raise NotImplementedError("a stop is not taken back")

    def __del__(self) -> None:
        os.close(self._read)
        os.close(self._write)


def stop_signal() -> StopEvent:
    """Give an event that SIGTERM and SIGINT set from now on; the main thread only."""
    stopped = StopEvent()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stopped.signalled)
    return stopped
