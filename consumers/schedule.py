"""When to try again: the published schedule of retries, and of the probes of a receiver that is down."""

from typing import Final

_MINUTE: Final = 60.0
_HOUR: Final = 3600.0

# Seconds before try 2, 3, …: twelve tries of the published schedule, then two more of 24 h.
LADDER: Final = (
    5.0, 30.0, 2 * _MINUTE, 10 * _MINUTE, 30 * _MINUTE, 2 * _HOUR, 5 * _HOUR, 10 * _HOUR, 14 * _HOUR, 20 * _HOUR,
    24 * _HOUR, 24 * _HOUR, 24 * _HOUR,
)  # fmt: skip
DETERMINISTIC_TRIES: Final = 3
RETRY_AFTER_CAP: Final = 24 * _HOUR

# Seconds before each probe, further and further apart up to one an hour.
PROBES: Final = (5.0, 30.0, 2 * _MINUTE, 10 * _MINUTE, 30 * _MINUTE, _HOUR)
