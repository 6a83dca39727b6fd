"""``bus stream``: one worker of the stream stage, until it is told to stop."""

from pathlib import Path

import click

from guichet import roles
from guichet.output import data_option


@click.command()
@data_option
def stream(data_dir: Path | None) -> None:
    """Enrichit chaque événement et l’adresse à l’autorité responsable ; s’arrête proprement sur SIGTERM."""
    roles.run("stream", data_dir)
