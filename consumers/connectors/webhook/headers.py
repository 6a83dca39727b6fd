"""The header lines of one attempt, as a receiver gets them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bus import signature
from bus.kafka import trace_of

GAP: Final = "webhook-gap"


@dataclass(frozen=True, slots=True)
class Attempted:
    """One attempt of one delivery: its lasting id, its event, its number from 1, the ids that will not arrive."""

    webhook_id: str
    event_id: str
    number: int
    gap: Sequence[str] = ()


def lines(one: Attempted, keys: Sequence[bytes], body: bytes, timestamp: int) -> tuple[str, ...]:
    """Give the header lines; the signature covers the id, the time of this attempt and exactly these bytes."""
    entries = " ".join(signature.sign(key, one.webhook_id, timestamp, body) for key in keys)
    told = (
        "Content-Type: application/cloudevents+json",
        f"webhook-id: {one.webhook_id}",
        f"webhook-timestamp: {timestamp}",
        f"webhook-signature: {entries}",
        f"webhook-attempt: {one.number}",
        f"traceparent: {trace_of(one.event_id)}",
        "Accept-Encoding: identity",
        "Expect:",  # an empty one: libcurl asks for nothing before it sends
    )
    return (*told, f"{GAP}: " + ", ".join(one.gap)) if one.gap else told
