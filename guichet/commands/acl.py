"""``bus topics acl`` and ``bus topics compte``: the rights declared in ``bus/acl.py``, the accounts that hold them."""

import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from bus.settings import Settings
from guichet.output import data_option, emit, json_option, table

if TYPE_CHECKING:
    from bus.acl import Right

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
    from bus.acl import declared

    rows = _rows(declared(slugs))
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
    from bus import accounts, topics
    from bus.acl import declared, slug_of
    from bus.acl_plan import plan

    settings = Settings.load(data_dir)
    present = accounts.found(settings)
    known = [slug for right in present if (slug := slug_of(right)) is not None]
    todo = plan(present, declared(slugs, known))
    made = topics.apply(settings, tuple(map(topics.abonne, dict.fromkeys(slugs)))) if slugs else []
    accounts.grant(settings, todo.missing)
    if prune:
        accounts.withdraw(settings, todo.extra)
    done = {
        "accordes": _rows(todo.missing),
        "retires" if prune else "en_trop": _rows(todo.extra),
        "autres": _rows(todo.foreign),
    }
    emit(
        {**done, "topics": made},
        as_json=as_json,
        text=lambda: "\n".join([_told(done), *(f"topic créé : {name}" for name in made)]),
    )


@acl.command()
@click.argument("slug", metavar="NOM")
@data_option
@json_option
def revoke(slug: str, data_dir: Path | None, *, as_json: bool) -> None:
    """Retire tout droit à l’abonné NOM ; ses connexions ouvertes sont refusées aussitôt."""
    from bus import accounts
    from bus.acl import partner
    from bus.errors import Refused

    settings, own = Settings.load(data_dir), set(partner(slug))
    gone = [right for right in accounts.found(settings) if right in own or right.principal == f"abonne-{slug}"]
    if not gone:
        raise Refused(f"aucun droit trouvé pour abonne-{slug} : ce nom est-il le bon, et ce compte un administrateur ?")
    accounts.withdraw(settings, gone)
    emit({"retires": _rows(gone)}, as_json=as_json, text=f"{len(gone)} droits retirés à abonne-{slug}")


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
    from pydantic import SecretStr

    from bus import accounts
    from bus.acl import refuse_undeclared

    refuse_undeclared(name)
    settings = Settings.load(data_dir)
    drawn = renew or not file.exists()
    waiting = file.with_name(f"{file.name}.nouveau") if drawn else file
    if drawn:
        _write(waiting, secrets.token_urlsafe(32))
    accounts.set_password(settings, name, SecretStr(_read(waiting)))
    if drawn:
        waiting.replace(file)  # only once the brokers know it: until then the old one is the good one
    emit(
        {"compte": name, "fichier": str(file), "tire": drawn},
        as_json=as_json,
        text=f"{name} : mot de passe {'tiré au sort, écrit dans' if drawn else 'lu dans'} {file}",
    )


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        out.write(f"{text}\n")


def _read(path: Path) -> str:
    from bus.errors import Misconfigured

    try:
        found = path.read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{path} ne se lit pas") from error
    if not found:
        raise Misconfigured(f"{path} est vide")
    return found


def _rows(rights: "Iterable[Right]") -> list[dict[str, Any]]:
    return [
        {
            "compte": one.principal,
            "objet": one.kind,
            "nom": f"{one.name}*" if one.pattern == "prefixed" else one.name,
            "droit": one.operation
            if (one.effect, one.host) == ("ALLOW", "*")
            else f"{one.effect} {one.operation} depuis {one.host}",
        }
        for one in rights
    ]


_SHORT: Final = {"accordes": "accordé", "retires": "retiré", "en_trop": "en trop", "autres": "autre compte"}


def _told(done: dict[str, list[dict[str, Any]]]) -> str:
    names = {"accordes": "accordés", "retires": "retirés", "en_trop": "en trop (--prune les retire)"}
    names["autres"] = "d’autres comptes sur nos topics ou nos groupes (à vérifier ; jamais retirés ici)"
    lines = [f"{len(rows)} droits {names[name]}" for name, rows in done.items() if rows or name != "autres"]
    shown = [
        f"  {_SHORT[name]} : {row['compte']} {row['droit']} {row['objet']} {row['nom']}"
        for name, rows in done.items()
        for row in rows
    ]
    return "\n".join([*lines, *shown])
