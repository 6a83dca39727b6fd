"""``bus personne``: the rights of a person over what the bus keeps."""

import sys
from pathlib import Path

import click

from bus.errors import Refused
from bus.settings import Settings
from guichet.output import data_option, emit, json_option


@click.group()
def personne() -> None:
    """Les droits d’une personne : effacement."""


@personne.command()
@click.option("--sujet", help="Identifiant de la personne dans le bus ; sinon son NIR est lu sur l’entrée standard.")
@data_option
@json_option
def effacer(sujet: str | None, data_dir: Path | None, *, as_json: bool) -> None:
    """Efface une personne : sa clé est détruite, rien de ce qui est gardé ne se lit plus, elle ne reviendra pas.

    Le NIR se donne sur l’entrée standard, jamais en argument : les arguments se lisent dans la liste des processus.
    """
    from guichet.usecases.personne import Erased, erase_nir, erase_subject

    settings = Settings.load(data_dir)
    proof = erase_subject(settings, sujet) if sujet else erase_nir(settings, _read_nir())
    emit(proof.as_dict(), as_json=as_json, text=lambda: _told(proof.as_dict()))
    if proof.resultat is Erased.UNKNOWN:
        raise Refused("personne inconnue du bus : rien à effacer")


def _read_nir() -> str:
    """Read one line, without echo when somebody types it."""
    if sys.stdin.isatty():
        typed: str = click.prompt("NIR", hide_input=True, err=True)
        return typed.strip()
    return sys.stdin.readline().strip()


def _told(proof: dict[str, object]) -> str:
    words = {
        "effacee": "La personne est effacée : plus rien de ce qui est gardé sur elle ne se lit.",
        "deja_effacee": "La personne était déjà effacée ; ce qui était arrivé depuis est détruit.",
        "inconnue": "Personne inconnue : rien à effacer.",
    }
    counts = [
        f"  {name.replace('_', ' ')} : {value}" for name, value in proof.items() if isinstance(value, int) and value
    ]
    return "\n".join([words[str(proof["resultat"])], *counts])
