"""A real HTTP server that keeps each delivery as it came: raw headers, raw body, and what it answered."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Delivery:
    """One attempt. Header names in lower case."""

    headers: dict[str, str]
    body: bytes
    status: int


@dataclass
class Capture:
    """Refuses (503) everything until it is open and, during a rotation, whatever is not yet signed with each secret."""

    port: int = 0
    open: bool = False
    signatures: int = 1
    attempts: list[Delivery] = field(default_factory=list)

    def answer(self, headers: dict[str, str], body: bytes) -> int:
        enough = len(headers["webhook-signature"].split(" ")) >= self.signatures
        status = 204 if self.open and enough else 503
        self.attempts.append(Delivery(headers, body, status))
        return status

    def taken(self) -> list[Delivery]:
        return [one for one in self.attempts if one.status == 204]


@contextmanager
def capturing() -> Iterator[Capture]:
    """Listen on loopback for the time of the block."""
    capture = Capture()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            with lock:
                status = capture.answer({name.lower(): value for name, value in self.headers.items()}, body)
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    capture.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield capture
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
