"""The HTTP door of a role: metrics and health, on the loopback.

By hand, 25 lines: the server of prometheus_client answers ``/metrics`` alone, and nothing tells readiness.
"""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    generate_latest,
)


class Door:
    """``/metrics``, ``/live``, ``/ready`` on the loopback, in a thread of its own; port 0 takes a free one."""

    def __init__(self, port: int, ready: Callable[[], bool]) -> None:
        self._http = ThreadingHTTPServer(("127.0.0.1", port), _handler(ready))
        self._http.daemon_threads = True
        self.port: int = self._http.server_address[1]
        threading.Thread(target=self._http.serve_forever, name="telemetry", daemon=True).start()

    def close(self) -> None:
        """Stop answering and free the port."""
        self._http.shutdown()
        self._http.server_close()


def _answer(path: str, ready: Callable[[], bool]) -> tuple[int, str, bytes]:
    match path.split("?", maxsplit=1)[0]:
        case "/metrics":
            return 200, CONTENT_TYPE_LATEST, generate_latest(REGISTRY)
        case "/live":
            return 200, "text/plain", b"live\n"
        case "/ready":
            return (200, "text/plain", b"ready\n") if ready() else (503, "text/plain", b"not ready\n")
        case _:
            return 404, "text/plain", b"not found: /metrics /live /ready\n"


def _handler(ready: Callable[[], bool]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, kind, body = _answer(self.path, ready)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is http.server's
            """Say nothing: a scrape every few seconds is no news."""

    return Handler
