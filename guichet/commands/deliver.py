"""``bus deliver``: the dispatcher of webhooks, until it is told to stop."""

from pathlib import Path

import click

from guichet import roles
from guichet.output import data_option


@click.command()
@data_option
def deliver(data_dir: Path | None) -> None:
    """Livre à chaque abonné ce qui lui est dû, en ordre et signé ; s’arrête proprement sur SIGTERM."""
    roles.run("deliver", data_dir)
