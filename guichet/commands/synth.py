"""``bus synth``: invent a world, write its files and their truth."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from guichet.output import emit, json_option, note

if TYPE_CHECKING:
    from guichet.usecases.synth import Invented


@click.command()
@click.option(
    "--authority",
    "authorities",
    multiple=True,
    required=True,
    metavar="CODE",
    help="Autorité (52, 69M, 20R…) ; répétable.",
)
@click.option("--seed", default=1, show_default=True, help="Graine : même graine, mêmes octets.")
@click.option(
    "--households", default=200, show_default=True, type=click.IntRange(1, 1_000_000), help="Foyers par autorité."
)
@click.option("--months", default=2, show_default=True, type=click.IntRange(1, 36), help="Nombre de mois.")
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Dossier à remplir.")
@click.option("--start", default="2026-01", show_default=True, type=click.DateTime(["%Y-%m"]), help="Premier mois.")
@click.option(
    "--dailies", default=22, show_default=True, type=click.IntRange(0, 31), help="Quotidiens par mois, au plus."
)
@click.option(
    "--contacts", default=5, show_default=True, type=click.IntRange(0, 5), help="Fichiers de contact par mois, au plus."
)
@click.option(
    "--anomalies", default=0.03, show_default=True, type=click.FloatRange(0, 1), help="Part de fichiers abîmés."
)
@click.option(
    "--caisses",
    default=0,
    type=click.IntRange(0, 2),
    help="Caisses par autorité : 1, 2, ou 0 pour laisser faire la graine.",
)
@click.option("--force", is_flag=True, help="Remplace les fichiers d’un monde précédent.")
@json_option
def synth(*, out: Path, force: bool, as_json: bool, start: datetime, **asked: Any) -> None:  # noqa: ANN401 - click's options
    """Invente des foyers et écrit leurs fichiers, avec la vérité à côté (verite.json)."""
    from guichet.usecases.synth import invent

    made = invent(asked | {"start": start.date()}, out, note, force=force)
    emit(made, as_json=as_json, text=lambda: _sentence(made))


def _sentence(made: "Invented") -> str:
    events = sum(made.evenements.values())
    return (
        f"{made.fichiers} fichiers, {made.enregistrements} enregistrements, {made.personnes} personnes, "
        f"{events} événements attendus, dans {made.dossier} ({made.secondes:.1f} s)"
    )
