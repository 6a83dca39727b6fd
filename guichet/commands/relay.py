"""``bus relay``: publish what the journal owes to the topics."""

from pathlib import Path

import click

from bus.settings import Settings
from guichet.output import data_option, note


@click.command()
@data_option
def relay(data_dir: Path | None) -> None:
    """Publie les événements du journal, en ordre ; un seul relais est actif, un second attend de prendre la suite."""
    from bus.platform.postgres import database
    from bus.stopping import stop_signal
    from bus.telemetry.door import serve
    from bus.telemetry.logs import setup_logging
    from producers.relay import Relay

    settings = Settings.load(data_dir)
    setup_logging("relay", settings)
    stopped = stop_signal()
    with database(settings) as ready:
        role = Relay(ready)
        server = serve(settings.metrics_port, role.ready)
        note(f"relais : métriques sur http://127.0.0.1:{server.port}/metrics")
        try:
            role.run(stopped)
        finally:
            server.close()
