"""The header lines of one attempt, as a receiver gets them."""

from typing import Final

from bus import signature
from bus.kafka import trace_of
from consumers.connectors.port import Request

GAP: Final = "webhook-gap"


def lines(one: Request, timestamp: int) -> tuple[str, ...]:
    """Give the header lines; the signature covers the id, the time of this attempt and exactly these bytes."""
    entries = " ".join(signature.sign(key, one.delivery_id, timestamp, one.body) for key in one.secrets)
    told = (
        "Content-Type: application/cloudevents+json",
        f"webhook-id: {one.delivery_id}",
        f"webhook-timestamp: {timestamp}",
        f"webhook-signature: {entries}",
        f"webhook-attempt: {one.attempt}",
        f"traceparent: {trace_of(one.event_id)}",
        "Accept-Encoding: identity",
        "Expect:",  # an empty one: libcurl asks for nothing before it sends
    )
    return (*told, f"{GAP}: " + ", ".join(one.gap)) if one.gap else told
