"""Every metric of the bus, and the way a role shows them and its health.

Names, kinds and labels are a contract with dashboards and alerts (tests/contract/test_metrics.py). No label ever holds
something about a person.
"""

import logging
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Counter, Gauge, Histogram, generate_latest

from bus.settings import Settings

PROCESSING_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
DELIVERY_BUCKETS: Final = (1, 5, 15, 60, 300, 900, 3600, 14400, 43200, 86400, 259200)
DAY_BUCKETS: Final = (0, 3600, 86400, 3 * 86400, 7 * 86400, 15 * 86400, 30 * 86400, 60 * 86400, 90 * 86400)

INGEST_RECORDS: Final = Counter("bus_ingest_records_total", "Records read from sources, by fate.", ["source", "result"])
INGEST_LAST_SUCCESS: Final = Gauge(
    "bus_ingest_last_success_timestamp_seconds", "When a flux of this source was last accepted.", ["source"]
)
EVENTS_PROCESSED: Final = Counter(
    "bus_events_processed_total", "Events that left a stage, by fate.", ["stage", "event_type", "result"]
)
PROCESSING_DURATION: Final = Histogram(
    "bus_processing_duration_seconds",
    "Time that a stage spends on a batch of events.",
    ["stage"],
    buckets=PROCESSING_BUCKETS,
)
ROUTING_UNROUTABLE: Final = Counter(
    "bus_routing_unroutable_total", "Events that no authority could be found for.", ["reason"]
)
QUARANTINE_MESSAGES: Final = Counter(
    "bus_quarantine_messages_total", "Messages put in quarantine.", ["stage", "reason"]
)
DELIVERY_ATTEMPTS: Final = Counter("bus_delivery_attempts_total", "Webhook attempts.", ["subscriber", "outcome"])
DELIVERIES: Final = Counter(
    "bus_deliveries_total", "Deliveries that reached an end.", ["subscriber", "event_type", "result"]
)
DELIVERY_LATENCY: Final = Histogram(
    "bus_delivery_latency_seconds", "From acceptance to 2xx.", ["event_type"], buckets=DELIVERY_BUCKETS
)
E2E_LATENCY: Final = Histogram(
    "bus_e2e_latency_seconds", "From the business date to 2xx.", ["event_type"], buckets=DELIVERY_BUCKETS
)
DELIVERY_BACKLOG: Final = Gauge("bus_delivery_backlog", "Deliveries owed and not yet at an end.", ["subscriber"])
CONTACT_WAIT: Final = Histogram(
    "bus_contact_wait_seconds", "From an entry to the day its contact is known; 0 when it already was.",
    buckets=DAY_BUCKETS,
)  # fmt: skip
CONTACTS_WAITING: Final = Gauge("bus_contacts_waiting", "Contacts kept for persons whose authority is not known yet.")
CONSUMER_LAG_SECONDS: Final = Gauge(
    "bus_consumer_lag_seconds", "Age of the oldest unread record.", ["consumer_group", "topic", "partition"]
)
CONSUMER_LAG_RECORDS: Final = Gauge(
    "bus_consumer_lag_records", "Records not yet read.", ["consumer_group", "topic", "partition"]
)
LAG_EXPORTER_LAST_SUCCESS: Final = Gauge(
    "bus_lag_exporter_last_success_timestamp_seconds", "When the lag was last measured."
)


def get_logger() -> structlog.stdlib.BoundLogger:
    """Give the logger of this process; events are constants in lower case, values are bound by name."""
    logger: structlog.stdlib.BoundLogger = structlog.get_logger()
    return logger


def setup_logging(role: str, settings: Settings) -> None:
    """Send our logs and the libraries' to stderr in one shape, each line naming the role."""
    last: Any = (
        structlog.processors.JSONRenderer() if settings.log_format == "json" else structlog.dev.ConsoleRenderer()
    )
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last], foreign_pre_chain=shared
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    structlog.contextvars.bind_contextvars(role=role)


class Server:
    """The HTTP door of a role: ``/metrics``, ``/live``, ``/ready``; runs in its own thread."""

    def __init__(self, port: int, ready: Callable[[], bool]) -> None:
        self._http = ThreadingHTTPServer(("127.0.0.1", port), _handler(ready))
        self._http.daemon_threads = True
        self.port: int = self._http.server_address[1]
        threading.Thread(target=self._http.serve_forever, name="telemetry", daemon=True).start()

    def close(self) -> None:
        """Stop answering and free the port."""
        self._http.shutdown()
        self._http.server_close()


def serve(port: int, ready: Callable[[], bool]) -> Server:
    """Open the HTTP door of a role on loopback; port 0 takes a free one, told by ``.port``."""
    return Server(port, ready)


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
