"""``bus relay``: publish what the journal owes to the topics."""

from pathlib import Path

import click

from guichet import roles
from guichet.output import data_option


@click.command()
@data_option
def relay(data_dir: Path | None) -> None:
    """Publie les événements du journal, en ordre ; un seul relais est actif, un second attend de prendre la suite."""
    roles.run("relay", data_dir)
