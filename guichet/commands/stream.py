"""``bus stream``: one worker of the stream stage, until it is told to stop."""

from pathlib import Path

import click


@click.command()
@click.option("--data", "data_dir", type=click.Path(path_type=Path), help="Dossier de données (BUS_DATA_DIR).")
def stream(data_dir: Path | None) -> None:
    """Enrichit chaque événement et l’adresse à l’autorité responsable ; s’arrête proprement sur SIGTERM."""
    from bus.settings import Settings
    from streams.app import main

    main(Settings.load(data_dir))
