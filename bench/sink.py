"""A bare receiver for T8: ``python -m bench.sink PORT`` answers 204 to every POST, and on SIGTERM prints how many.

T8 measures the dispatcher, and the receiver shares its two cores. Asked one request after the other, 1 kB each, `bus
receiver`, which verifies each signature and keeps each body, takes 430 µs of processor a request; this one, which
reads nothing but lengths, takes 26 µs.
"""

import asyncio
import signal
import sys
from typing import Final, cast

_HEAD: Final = b"\r\n\r\n"
_LENGTH: Final = b"\r\ncontent-length:"
_ANSWER: Final = b"HTTP/1.1 204 No Content\r\n\r\n"


class Sink(asyncio.Protocol):
    """One connection, kept alive; requests may come cut in pieces, or several at once."""

    count = 0

    def __init__(self) -> None:
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to answer."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer each request that is whole."""
        self._rest += data
        while (end := _end(self._rest)) is not None and end <= len(self._rest):
            self._rest = self._rest[end:]
            Sink.count += 1
            self._transport.write(_ANSWER)


def _end(octets: bytes) -> int | None:
    """Give where the first request ends; None while its head is not whole."""
    head = octets.find(_HEAD)
    if head < 0:
        return None
    _, _, length = octets[:head].lower().partition(_LENGTH)
    return head + len(_HEAD) + int(length.partition(b"\r")[0] or 0)


async def _serve(port: int) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    server = await loop.create_server(Sink, "127.0.0.1", port)
    await stop.wait()
    server.close()
    print(Sink.count)


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
