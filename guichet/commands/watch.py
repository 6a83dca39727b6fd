"""``bus watch``: show how far the stages are behind and what is in quarantine, every fifteen seconds, until stopped."""

import time
from pathlib import Path
from typing import Final

import click

from guichet.output import data_option

INTERVAL: Final = 15.0  # seconds between two measures
FRESH: Final = 4 * INTERVAL  # an older measure means that this process sees nothing: not ready


@click.command()
@data_option
def watch(data_dir: Path | None) -> None:
    """Mesure le retard des étages et la quarantaine, et les expose en métriques ; s’arrête proprement sur SIGTERM."""
    from bus import acl, production
    from bus.errors import Unavailable
    from bus.settings import Settings
    from bus.stopping import stop_signal
    from bus.telemetry.door import serve
    from bus.telemetry.logs import get_logger, setup_logging
    from watch import quarantine
    from watch.lag import LagMeter, publish

    settings = Settings.load(data_dir)
    setup_logging("watch", settings)
    log, stop, last = get_logger(), stop_signal(), [float("-inf")]
    meter, aside = LagMeter(settings), quarantine.QuarantineMeter(settings)
    door = serve(settings.metrics_port, lambda: time.monotonic() - last[0] < FRESH)
    log.info("watch started", metrics_port=door.port)
    try:
        while not stop.is_set():
            try:
                if last[0] == float("-inf"):
                    production.check(settings, acl.topics_of(acl.WATCH))
                publish(meter.measure(), meter.retentions())
                quarantine.publish(aside.measure())
                last[0] = time.monotonic()
            except Unavailable as error:  # the broker comes back; the age of the last measure tells meanwhile
                log.warning("lag not measured", error=str(error))
            stop.wait(INTERVAL)
    finally:
        door.close()
        meter.close()
        aside.close()
    log.info("watch stopped")
