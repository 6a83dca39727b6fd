"""``bus delivery``: what was delivered, what waits, and why."""

from pathlib import Path

import click

from bus.settings import Settings
from guichet.output import data_option, emit, json_option, table
from guichet.usecases import delivery as usecase

ETATS = tuple(etat.value for etat in usecase.Etat)
SCREEN = 200  # lines that somebody can read


@click.group()
def delivery() -> None:
    """Les livraisons : leur état et leurs tentatives."""


@delivery.command()
@click.option("--abonnement", help="Seulement celles de cet abonnement.")
@click.option("--etat", type=click.Choice(ETATS), help="Seulement celles dans cet état.")
@click.option("--limite", type=click.IntRange(1), help="Seulement les plus récentes ; à l’écran 200, en JSON toutes.")
@data_option
@json_option
def ls(abonnement: str | None, etat: str | None, limite: int | None, data_dir: Path | None, *, as_json: bool) -> None:
    """Liste les livraisons, avec chaque tentative et la cause de chaque échec ; jamais de contenu."""
    query = usecase.Query(abonnement, etat, limite or (None if as_json else SCREEN))
    rows = usecase.listed(Settings.load(data_dir), query)
    shown = [row | {"tentatives": len(row["tentatives"])} for row in rows]
    columns = ["id", "abonnement", "type", "sujet", "sequence", "etat", "tentatives", "prochaine", "cause"]
    emit(rows, as_json=as_json, text=lambda: table(shown, columns))


@delivery.command()
@click.option("--abonnement", required=True, help="L’abonnement dont les livraisons sont parquées.")
@data_option
@json_option
def release(abonnement: str, data_dir: Path | None, *, as_json: bool) -> None:
    """Remet en attente les livraisons parquées d’un abonnement, dans leur ordre, et débloque leurs files."""
    done = usecase.release(Settings.load(data_dir), abonnement)
    result = {"abonnement": abonnement, "livraisons": done.deliveries, "files": done.lanes}
    text = f"{done.deliveries} livraison(s) remise(s) en attente dans {done.lanes} file(s)"
    emit(result, as_json=as_json, text=text)
