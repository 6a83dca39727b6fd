"""``bus topics acl`` and ``bus topics compte``: the rights declared in ``bus/acl.py``, the accounts that hold them."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from bus.settings import Settings
from guichet.output import data_option, emit, json_option, table

if TYPE_CHECKING:
    from guichet.usecases.acl import RightRow

subscribers = click.option(
    "--abonne", "slugs", multiple=True, metavar="NOM", help="Un abonné à son propre topic ; répétable."
)


@click.group()
def acl() -> None:
    """Les droits des rôles et des abonnés sur Kafka, déclarés en un seul endroit ; tout le reste est refusé."""


@acl.command()
@subscribers
@json_option
def ls(slugs: tuple[str, ...], *, as_json: bool) -> None:
    """Montre les droits déclarés ; ne demande rien au broker."""
    from guichet.usecases.acl import declared

    rows = list(map(asdict, declared(slugs)))
    emit(rows, as_json=as_json, text=lambda: table(rows, ["compte", "objet", "nom", "droit"]))


@acl.command()
@subscribers
@click.option("--prune", is_flag=True, help="Retire aussi les droits de nos comptes que rien ne déclare.")
@data_option
@json_option
def apply(slugs: tuple[str, ...], data_dir: Path | None, *, prune: bool, as_json: bool) -> None:
    """Accorde les droits qui manquent, avec un compte d’administration ; rien n’est retiré sans --prune.

    Crée aussi le topic de chaque abonné nommé, s’il manque. Les droits des comptes d’autres applications ne sont jamais
    retirés ; ceux qui touchent les topics du bus sont montrés.
    """
    from guichet.usecases.acl import apply as apply_rights

    found = apply_rights(Settings.load(data_dir), slugs, prune=prune)
    done = {
        "accordes": found.granted,
        "retires" if prune else "en_trop": found.extra,
        "autres": found.foreign,
    }
    emit(
        {**done, "topics": found.topics},
        as_json=as_json,
        text=lambda: "\n".join([_told(done), *(f"topic créé : {name}" for name in found.topics)]),
    )


@acl.command()
@click.argument("slug", metavar="NOM")
@data_option
@json_option
def revoke(slug: str, data_dir: Path | None, *, as_json: bool) -> None:
    """Retire tout droit à l’abonné NOM ; ses connexions ouvertes sont refusées aussitôt."""
    from guichet.usecases.acl import revoke as revoke_rights

    gone = revoke_rights(Settings.load(data_dir), slug)
    emit({"retires": gone}, as_json=as_json, text=f"{len(gone)} droits retirés à abonne-{slug}")


@click.command()
@click.argument("name", metavar="COMPTE")
@click.option(
    "--fichier",
    "file",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Son mot de passe ; tiré au sort s’il n’existe pas.",
)
@click.option("--nouveau", "renew", is_flag=True, help="Tire un autre mot de passe et remplace le fichier.")
@data_option
@json_option
def compte(name: str, file: Path, data_dir: Path | None, *, renew: bool, as_json: bool) -> None:
    """Crée le compte SCRAM COMPTE ou change son mot de passe, lu dans un fichier, jamais en argument.

    COMPTE est celui d’un rôle ou abonne-<nom> ; un autre est refusé, surtout celui d’un administrateur.
    """
    from guichet.usecases.acl import set_password

    made = set_password(Settings.load(data_dir), name, file, renew=renew)
    emit(
        made,
        as_json=as_json,
        text=f"{name} : mot de passe {'tiré au sort, écrit dans' if made.tire else 'lu dans'} {file}",
    )


_SHORT: Final = {"accordes": "accordé", "retires": "retiré", "en_trop": "en trop", "autres": "autre compte"}


def _told(done: "Mapping[str, list[RightRow]]") -> str:
    names = {"accordes": "accordés", "retires": "retirés", "en_trop": "en trop (--prune les retire)"}
    names["autres"] = "d’autres comptes sur nos topics ou nos groupes (à vérifier ; jamais retirés ici)"
    lines = [f"{len(rows)} droits {names[name]}" for name, rows in done.items() if rows or name != "autres"]
    shown = [
        f"  {_SHORT[name]} : {row.compte} {row.droit} {row.objet} {row.nom}"
        for name, rows in done.items()
        for row in rows
    ]
    return "\n".join([*lines, *shown])
