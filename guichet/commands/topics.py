"""``bus topics``: create the declared topics, compare a broker with them, list them."""

from dataclasses import asdict
from pathlib import Path

import click

from bus.settings import Settings
from guichet.commands.acl import acl, compte
from guichet.output import data_option, emit, json_option, table


@click.group()
def topics() -> None:
    """Les topics du bus, déclarés en un seul endroit."""


@topics.command()
@data_option
@json_option
def apply(data_dir: Path | None, *, as_json: bool) -> None:
    """Crée les topics qui manquent ; n’en modifie aucun, et refuse un broker qui diffère."""
    from guichet.usecases.topics import apply as apply_topics

    done = apply_topics(Settings.load(data_dir))
    emit(done, as_json=as_json, text=f"{len(done.crees)} créés, {done.declares} déclarés")


@topics.command()
@click.option(
    "--proprietes",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Lit un server.properties au lieu d’interroger un broker : il dit ce qu’un broker ne montre à personne.",
)
@data_option
@json_option
def check(file: Path | None, data_dir: Path | None, *, as_json: bool) -> None:
    """Compare le broker à la déclaration ; code de sortie 3 et la liste des écarts s’il diffère.

    En production, refuse aussi ce qui pourrait perdre ou montrer un événement.
    """
    from guichet.usecases import topics as usecase

    if file is not None:
        usecase.check_file(file)
        emit({"fichier": str(file), "conforme": True}, as_json=as_json, text=f"{file} : conforme")
        return
    total = usecase.check(Settings.load(data_dir))
    emit({"declares": total, "conforme": True}, as_json=as_json, text=f"{total} topics conformes")


@topics.command()
@json_option
def ls(*, as_json: bool) -> None:
    """Montre les topics déclarés : partitions, conservation, qui y écrit, pour quoi."""
    from guichet.usecases.topics import listed

    rows = list(map(asdict, listed()))
    columns = ["topic", "partitions", "conservation", "ecrit_par", "objet"]
    emit(rows, as_json=as_json, text=lambda: table(rows, columns))


topics.add_command(acl)
topics.add_command(compte)
