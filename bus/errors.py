"""The fates of an error: what the caller must do is its type."""

from bus.reasons import Reason


class BusError(Exception):
    """Root of every error the bus raises on purpose."""


class InvalidEvent(BusError):
    """The event itself is wrong: replaying it changes nothing. Quarantine it.

    ``reason`` is declared in ``bus.reasons`` and ``field`` names a place; neither ever holds a value of the event.
    """

    def __init__(self, reason: Reason, field: str | None = None) -> None:
        super().__init__(f"{reason} ({field})" if field else reason)
        self.reason = reason
        self.field = field


class Unavailable(BusError):
    """A dependency is down: the same work may succeed later. Retry, then stop."""


class Misconfigured(BusError):
    """The process cannot start. Printed at boot, never raised afterwards."""


class Refused(BusError):
    """The user asked for something that the rules forbid; the message says what to do instead."""
