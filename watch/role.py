"""The role ``watch``: shows how far the stages are behind and what is in quarantine, every fifteen seconds."""

import time
from contextlib import ExitStack, closing
from typing import Final

from bus.errors import Unavailable
from bus.role import admit
from bus.settings import Settings
from bus.stopping import StopEvent
from bus.telemetry.logs import get_logger
from watch import lag_metrics, quarantine
from watch.lag_meter import LagMeter

INTERVAL: Final = 15.0  # seconds between two measures
FRESH: Final = 4 * INTERVAL  # an older measure means that this process sees nothing: not ready
_NEVER: Final = float("-inf")

log = get_logger()


class WatchRole:
    """Measures until it is told to stop; see ``bus.role``."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._last = _NEVER
        self._open = ExitStack()

    def prepare(self) -> None:
        """Make the clients."""
        self._lag = self._open.enter_context(closing(LagMeter(self._settings)))
        self._aside = self._open.enter_context(closing(quarantine.QuarantineMeter(self._settings)))

    def ready(self) -> bool:
        """Tell whether the last measure is fresh."""
        return time.monotonic() - self._last < FRESH

    def run(self, stop: StopEvent) -> None:
        """Measure; the broker comes back, and the age of the last measure tells meanwhile.

        Raises:
            Misconfigured: the broker differs from the declared topics, or refuses this process.
        """
        while not stop.is_set():
            try:
                self._measure()
            except Unavailable as error:
                log.warning("lag not measured", error=str(error))
            stop.wait(INTERVAL)

    def stop(self) -> None:
        """Close the clients."""
        self._open.close()

    def _measure(self) -> None:
        if self._last == _NEVER:
            admit("watch", self._settings)
        lag_metrics.publish(self._lag.measure(), self._lag.retentions())
        quarantine.publish(self._aside.measure())
        self._last = time.monotonic()
