"""What an attempt adds to the metrics."""

from datetime import UTC, datetime, time
from enum import StrEnum
from functools import cache

from prometheus_client import Counter, Histogram

from bus.measuring import event_type
from bus.telemetry.metrics import ATTEMPT_DURATION, DELIVERIES, DELIVERY_ATTEMPTS, DELIVERY_LATENCY, E2E_LATENCY
from consumers.connectors.port import Answer, Decision, Delivered, Park, Stop
from consumers.ledger.records import Pending


class Ended(StrEnum):
    """The label ``result`` of deliveries: received, given up, refused for good by who wants nothing more."""

    DELIVERED = "delivered"
    EXHAUSTED = "exhausted"
    GONE = "gone"


def measure(row: Pending, answer: Answer, decision: Decision) -> None:
    """Count an attempt, and the end of its delivery if it is one."""
    _attempts(row.subscription_id, answer.outcome.value).inc()
    _durations(row.subscription_id).observe(answer.duration)
    match decision:
        case Delivered():
            _ended(row, Ended.DELIVERED)
            _delays(row)
        case Park():
            exhausted(row)
        case Stop():
            _ended(row, Ended.GONE)
        case _:
            pass


def exhausted(row: Pending) -> None:
    """Count a delivery that is given up."""
    _ended(row, Ended.EXHAUSTED)


def _ended(row: Pending, result: Ended) -> None:
    _deliveries(row.subscription_id, event_type(row.type), result.value).inc()


def _delays(row: Pending) -> None:
    """Observe the time since acceptance and since the business date (its midnight, UTC), in seconds."""
    now = datetime.now(UTC)
    latency, whole = _latencies(event_type(row.type))
    latency.observe((now - row.published_at).total_seconds())
    business = datetime.combine(row.effective_on, time.min, UTC)
    whole.observe(max(0.0, (now - business).total_seconds()))


@cache  # looking a label up costs more than counting
def _attempts(subscriber: str, outcome: str) -> Counter:
    return DELIVERY_ATTEMPTS.labels(subscriber=subscriber, outcome=outcome)


@cache
def _durations(subscriber: str) -> Histogram:
    return ATTEMPT_DURATION.labels(subscriber=subscriber)


@cache
def _deliveries(subscriber: str, event_type: str, result: str) -> Counter:
    return DELIVERIES.labels(subscriber=subscriber, event_type=event_type, result=result)


@cache
def _latencies(event_type: str) -> tuple[Histogram, Histogram]:
    return DELIVERY_LATENCY.labels(event_type=event_type), E2E_LATENCY.labels(event_type=event_type)
