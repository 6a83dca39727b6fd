"""Threads for what blocks, by what they do; their results come back to the loop, and a failure ends the run."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

import psycopg

from bus.errors import Unavailable

_T = TypeVar("_T")


class Threads:
    """Named threads beside one loop. ``failure`` is done as soon as anything, anywhere, went wrong."""

    def __init__(self, loop: asyncio.AbstractEventLoop, **workers: int) -> None:
        self._loop = loop
        self._pools = {name: ThreadPoolExecutor(count, name) for name, count in workers.items()}
        self.failure: asyncio.Future[None] = loop.create_future()
        loop.set_exception_handler(self._crashed)

    async def call(self, thread: str, work: Callable[[], _T]) -> _T:
        """Run ``work`` in a thread and wait for it.

        Raises:
            Unavailable: the database does not answer any more.
        """
        try:
            return await self._loop.run_in_executor(self._pools[thread], work)
        except psycopg.OperationalError as error:
            raise Unavailable("la base PostgreSQL ne répond plus") from error

    def submit(self, thread: str, work: Callable[[], _T], then: Callable[[_T], None] | None = None) -> None:
        """Run ``work`` in a thread, then ``then`` in the loop; both in the order of the calls, for one worker."""
        future = self._loop.run_in_executor(self._pools[thread], work)
        future.add_done_callback(partial(self._done, then))

    def later(self, seconds: float, work: Callable[[], None]) -> None:
        """Run ``work`` in the loop after a while."""
        self._loop.call_later(seconds, work)

    def fail(self, error: BaseException) -> None:
        """End the run; the first reason counts."""
        if not self.failure.done():
            self.failure.set_exception(error)

    def close(self) -> None:
        """Wait for what runs, drop what waits."""
        for pool in self._pools.values():
            pool.shutdown(wait=True, cancel_futures=True)
        if self.failure.done():
            self.failure.exception()  # looked at: asyncio would report it as forgotten
        self._loop.set_exception_handler(None)

    def _done(self, then: Callable[[Any], None] | None, future: "asyncio.Future[Any]") -> None:
        if future.cancelled() or self.failure.done():
            return
        error = future.exception()
        if isinstance(error, psycopg.OperationalError):
            self.fail(Unavailable("la base PostgreSQL ne répond plus"))
        elif error is not None:
            self.fail(error)
        elif then is not None:
            then(future.result())

    def _crashed(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """A bug in a callback ends the run: asyncio alone would log it and go on without the delivery."""
        error = context.get("exception")
        if error is None:
            loop.default_exception_handler(context)
        else:
            self.fail(error)
