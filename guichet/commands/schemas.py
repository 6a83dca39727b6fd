"""``bus schemas``: put the contract into the registry, and show what both hold."""

from dataclasses import asdict
from pathlib import Path

import click

from bus.settings import Settings
from guichet.output import data_option, emit, json_option, note, table


@click.group()
def schemas() -> None:
    """Le contrat : schémas des événements et des parties scellées."""


@schemas.command()
@data_option
@json_option
def apply(data_dir: Path | None, *, as_json: bool) -> None:
    """Enregistre tous les schémas dans le registre, en FULL_TRANSITIVE ; sans effet s’ils y sont déjà."""
    from guichet.usecases.schemas import apply as apply_schemas

    done = apply_schemas(Settings.load(data_dir))
    rows = list(map(asdict, done.schemas))
    note(f"Compatibilité du registre : {done.compatibilite}.")
    emit(
        done,
        as_json=as_json,
        text=lambda: f"{table(rows, ['schema', 'version', 'id'])}\n{len(rows)} schémas enregistrés.",
    )


@schemas.command()
@data_option
@json_option
def ls(data_dir: Path | None, *, as_json: bool) -> None:
    """Montre les schémas du contrat, leur responsable, et les versions que tient le registre."""
    from guichet.usecases.schemas import listed

    found = listed(Settings.load(data_dir))
    columns = ["schema", "versions", "registre", "responsable", "doc"]
    emit(found, as_json=as_json, text=lambda: table(list(map(asdict, found.schemas)), columns))
