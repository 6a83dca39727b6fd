"""``bus db upgrade``: bring the database to the current schema."""

from pathlib import Path

import click

from guichet.output import data_option, emit, json_option


@click.group()
def db() -> None:
    """La base : migrations."""


@db.command()
@data_option
@json_option
def upgrade(data_dir: Path | None, *, as_json: bool) -> None:
    """Applique les migrations qui manquent ; sans effet si la base est à jour."""
    from bus.db import migrate
    from bus.platform.postgres import database
    from bus.settings import Settings

    with database(Settings.load(data_dir)) as settings:
        migrate(str(settings.database_url))
        emit({"base": "a_jour"}, as_json=as_json, text="La base est à jour.")
