"""The id of a delivery, by which every channel, list and receiver names it."""

from uuid import UUID, uuid5


def delivery_id(event_id: UUID, subscription_id: str) -> str:
    """Give the id of a delivery, the same for ever: derived from the event and the subscription."""
    return str(uuid5(event_id, subscription_id))
