"""``bus deliver``: the dispatcher of webhooks, until it is told to stop."""

from pathlib import Path

import click

from guichet.output import data_option


@click.command()
@data_option
def deliver(data_dir: Path | None) -> None:
    """Livre à chaque abonné ce qui lui est dû, en ordre et signé ; s’arrête proprement sur SIGTERM."""
    from bus.platform.postgres import database
    from bus.stopping import stop_signal
    from bus.telemetry.logs import setup_logging
    from consumers.runner import run
    from consumers.settings import DeliverSettings

    settings = DeliverSettings.load(data_dir)
    setup_logging("deliver", settings)
    stop = stop_signal()
    local = settings.data_dir / "secrets" / "deliver"
    with database(settings) as found:
        update = {"database_url": found.database_url, "secrets_dir": settings.secrets_dir or local}
        run(settings.model_copy(update=update), stop)
