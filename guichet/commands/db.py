"""``bus db``: bring the database to the current schema, read its reports."""

from pathlib import Path
from typing import Final

import click

from bus.settings import Settings
from guichet.output import data_option, emit, json_option

EXIT_CODES: Final = {0: 0, 2: 3}
"""psql's own codes, told as ours: 2 is a server that does not answer; every other failure is a refusal."""


@click.group()
def db() -> None:
    """La base : migrations, vues de rapport."""


@db.command()
@data_option
@json_option
def upgrade(data_dir: Path | None, *, as_json: bool) -> None:
    """Applique les migrations qui manquent ; sans effet si la base est à jour."""
    from guichet.usecases.db import upgrade as upgrade_database

    upgrade_database(Settings.load(data_dir))
    emit({"base": "a_jour"}, as_json=as_json, text="La base est à jour.")


@db.command(context_settings={"ignore_unknown_options": True})
@data_option
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def psql(data_dir: Path | None, arguments: tuple[str, ...]) -> int:
    r"""Ouvre psql sur les vues de rapport, en lecture seule (rôle bus_lecture).

    ARGUMENTS vont à psql tels quels : bus db psql -c "select * from rapport_jour". Dans psql, \d+ rapport_jour
    explique une vue.
    """
    from guichet.usecases.db import psql as run_psql

    return EXIT_CODES.get(run_psql(Settings.load(data_dir), arguments), 1)
