"""What an attempt adds to the metrics."""

from datetime import UTC, datetime, time

from bus.telemetry import DELIVERIES, DELIVERY_ATTEMPTS, DELIVERY_LATENCY, E2E_LATENCY
from consumers.ledger import Pending
from consumers.outcome import Answer, Decision, Delivered, Park, Stop


def measure(row: Pending, answer: Answer, decision: Decision) -> None:
    """Count an attempt, and the end of its delivery if it is one."""
    DELIVERY_ATTEMPTS.labels(subscriber=row.subscription_id, outcome=answer.outcome.value).inc()
    match decision:
        case Delivered():
            _ended(row, "delivered")
            _delays(row)
        case Park():
            _ended(row, "exhausted")
        case Stop():
            _ended(row, "gone")
        case _:
            pass


def _ended(row: Pending, result: str) -> None:
    DELIVERIES.labels(subscriber=row.subscription_id, event_type=row.type, result=result).inc()


def _delays(row: Pending) -> None:
    """Observe the time since acceptance and since the business date (its midnight, UTC), in seconds."""
    now = datetime.now(UTC)
    DELIVERY_LATENCY.labels(event_type=row.type).observe((now - row.published_at).total_seconds())
    business = datetime.combine(row.effective_on, time.min, UTC)
    E2E_LATENCY.labels(event_type=row.type).observe(max(0.0, (now - business).total_seconds()))
