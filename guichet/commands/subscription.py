"""``bus subscription``: the desired state of an organisation's subscriptions, applied all or nothing."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bus.errors import Refused
from bus.settings import Settings
from guichet.output import data_option, emit, json_option, note, table

if TYPE_CHECKING:
    from guichet.usecases.subscription import Faulty


@click.group()
def subscription() -> None:
    """Les abonnements : qui reçoit quoi, où, de quand à quand."""


@subscription.command("apply")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@data_option
@json_option
def apply_(file: Path, data_dir: Path | None, *, as_json: bool) -> None:
    """Applique FILE : il est tout l’état voulu de son organisation, ce qu’il ne nomme plus prend fin."""
    from guichet.usecases.subscription import Faulty, apply

    applied = apply(Settings.load(data_dir), _text(file))
    if isinstance(applied, Faulty):
        _refuse(file, applied, as_json=as_json)
        return
    for warning in applied.avertissements:
        note(f"attention : {warning}")
    changes = {
        "crees": applied.crees,
        "modifies": applied.modifies,
        "inchanges": applied.inchanges,
        "termines": applied.termines,
    }
    words = {"crees": "créé", "modifies": "modifié", "inchanges": "inchangé", "termines": "terminé"}
    lines = [f"{words[key]} : {name}" for key, names in changes.items() for name in names]
    text = "\n".join(lines) or f"{applied.organisation} n’a aucun abonnement"
    emit({"organisation": applied.organisation, **changes}, as_json=as_json, text=text)


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(f"{file.name} n’est pas un texte UTF-8") from error


def _refuse(file: Path, found: "Faulty", *, as_json: bool) -> None:
    """Show every fault, and leave with 1: nothing was applied."""
    lines = [f"- {one.champ} : {one.erreur}. {one.remede[:1].upper()}{one.remede[1:]}." for one in found.erreurs]
    emit(found, as_json=as_json, text="\n".join(lines))
    raise Refused(f"{file.name} n’a pas été appliqué : {len(found.erreurs)} erreur(s)")


@subscription.command()
@data_option
@json_option
def ls(data_dir: Path | None, *, as_json: bool) -> None:
    """Liste les abonnements en vigueur."""
    from guichet.usecases.subscription import listed

    rows = listed(Settings.load(data_dir))
    emit(rows, as_json=as_json, text=lambda: table(rows, ["id", "organisation", "territoire", "types", "fin", "etat"]))
