"""``bus vault``: the epochs of the keys: look at them, rotate them."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bus.settings import Settings
from guichet.output import data_option, emit, json_option, note, table

if TYPE_CHECKING:
    from guichet.usecases.vault import Rotated, RotationProgress


@click.group()
def vault() -> None:
    """Le coffre des clés : époques, rotation."""


@vault.command()
@data_option
@json_option
def status(data_dir: Path | None, *, as_json: bool) -> None:
    """Montre les époques, qui les tient, et où en est une rotation.

    Code de sortie : 1 quand l’époque en vigueur a plus de 30 jours, quand une rotation n’est pas achevée ou quand un
    lieu tient encore une clé retirée, ou n’a pas confirmé sa destruction.
    """
    from guichet.usecases.vault import status as epochs

    found, finding = epochs(Settings.load(data_dir))
    emit(found, as_json=as_json, text=lambda: _shown(found))
    if finding:
        sys.exit(1)  # click returns its own Exit instead of raising it when it does not stand alone


@vault.command()
@click.option(
    "--age-minimal",
    "days",
    type=click.FloatRange(min=0),
    default=0.0,
    metavar="JOURS",
    help="Ne commence rien si l’époque en vigueur est plus jeune ; une rotation commencée est toujours achevée, sans "
    "qu’une seconde la suive.",
)
@click.option(
    "--attente",
    "patience",
    type=click.FloatRange(min=0),
    default=600.0,
    show_default=True,
    metavar="SECONDES",
    help="Combien de temps attendre qu’un rôle montre qu’il suit.",
)
@click.option(
    "--secrets-deliver",
    "deliver",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Dossier des secrets du rôle deliver s’il est sur cette machine ; sinon portez-y vous-même kek.<époque>.",
)
@data_option
@json_option
def rotate(days: float, patience: float, deliver: Path | None, data_dir: Path | None, *, as_json: bool) -> None:
    """Change l’époque des clés : toutes les clés sont rechiffrées, l’ancienne clé de chiffrement est détruite.

    Aucun rôle ne s’arrête. Interrompue, même par kill -9, la rotation reprend où elle en était : relancez la commande.
    Si des clés étaient déjà sous la nouvelle époque, elle en fait ensuite une seconde, entière : après un effacement et
    une exécution, aucune copie faite avant elle ne s’ouvre avec les clés d’aujourd’hui.
    À lancer au moins tous les 30 jours, là où sont les secrets du rôle ingest ; refaites ensuite la sauvegarde de la
    base : les précédentes n’ouvrent plus aucune clé.
    """
    from guichet.usecases.vault import Telling
    from guichet.usecases.vault import rotate as rotate_keys

    with _progress() as progress:
        telling = Telling(note, progress, patience)
        outcome = rotate_keys(Settings.load(data_dir), deliver, timedelta(days=days), telling)
    emit(outcome, as_json=as_json, text=lambda: _told(outcome))


@vault.command()
@click.argument("lieux", nargs=-1, required=True, metavar="LIEU…")
@data_option
def oublier(lieux: tuple[str, ...], data_dir: Path | None) -> None:
    """Oublie des lieux muets qui n’existent plus : la rotation n’attend plus qu’ils confirment une destruction.

    LIEU est un nom que montre bus vault status, ou un motif avec * (entre apostrophes). À faire seulement si le dossier
    de secrets de ce lieu, clés comprises, est détruit. Code de sortie : 1 si le lieu est inconnu, ou si un rôle y
    tourne.
    """
    from guichet.usecases.vault import forget

    forget(Settings.load(data_dir), lieux, lambda place: note(f"lieu oublié : {place}"))


@contextmanager
def _progress() -> "Iterator[RotationProgress]":
    """Show a bar to somebody who watches; a log gets the lines alone."""
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from rich.console import Console
    from rich.progress import Progress as Bars

    with Bars(console=Console(stderr=True), transient=True) as bars:
        bar = bars.add_task("clés rechiffrées", total=None)
        yield lambda done, total: bars.update(bar, completed=done, total=total)


def _told(outcome: "Rotated") -> str:
    if not outcome.tournee:
        return f"L’époque {outcome.epoque} est assez récente : rien à faire."
    gone = ", ".join(map(str, outcome.epoques_detruites)) or "aucune"
    begun = " (rotation reprise)" if outcome.reprise else ""
    return (
        f"Époque {outcome.epoque} en vigueur{begun} : {outcome.cles_rechiffrees} clés rechiffrées, "
        f"époque(s) détruite(s) : {gone}.\n{_ENTIRE if outcome.entiere else _RESUMED}"
    )


_ENTIRE = "Refaites la sauvegarde de la base : les précédentes n’ouvrent plus aucune clé."
_RESUMED = (
    "Une copie faite pendant l’interruption s’ouvre encore : un effacement fait depuis la mise en vigueur de cette "
    "époque attend la prochaine rotation (bus vault rotate sans --age-minimal). Refaites ensuite la sauvegarde."
)


def _shown(found: Mapping[str, Any]) -> str:
    """Give the state of the epochs as French text."""
    from guichet.usecases.vault import MAX_AGE

    lines = [
        f"époque {found['epoque']} en vigueur depuis {found['age_jours']} jour(s) ; rotation : {found['rotation']}"
    ]
    if found["a_renouveler"]:
        lines.append(f"plus de {MAX_AGE.days} jours : lancez bus vault rotate")
    if found["rotation"] != "repos":
        lines.append(
            f"{found['cles_a_rechiffrer']} clé(s) à rechiffrer : relancez bus vault rotate si elle ne tourne plus"
        )
    lines += [table(found[name], columns) for name, columns in _TABLES.items() if found[name] or name == "epoques"]
    if any(one["epoques_retirees"] and not one["actif"] for one in found["detenteurs"]):
        lines.append("un lieu muet tenait une clé retirée : démarrez-y le rôle, ou bus vault oublier LIEU")
    return "\n".join(lines)


_TABLES = {
    "epoques": ["epoque", "etat", "depuis", "cles"],
    "retirees": ["epoque", "retiree_le", "detruite_le"],
    "detenteurs": ["role", "lieu", "epoques", "epoques_retirees", "vu_il_y_a_s", "actif"],
}
