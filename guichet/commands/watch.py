"""``bus watch``: show how far the stages are behind and what is in quarantine, until it is told to stop."""

from pathlib import Path

import click

from guichet import roles
from guichet.output import data_option


@click.command()
@data_option
def watch(data_dir: Path | None) -> None:
    """Mesure le retard des étages et la quarantaine, et les expose en métriques ; s’arrête proprement sur SIGTERM."""
    roles.run("watch", data_dir)
