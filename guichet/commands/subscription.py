"""``bus subscription``: the desired state of an organisation's subscriptions, applied all or nothing."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from guichet.output import data_option, emit, json_option, note, table

if TYPE_CHECKING:  # loaded late, like every stage
    from consumers.subscriptions.faults import Fault


@click.group()
def subscription() -> None:
    """Les abonnements : qui reçoit quoi, où, de quand à quand."""


@subscription.command("apply")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@data_option
@json_option
def apply_(file: Path, data_dir: Path | None, *, as_json: bool) -> None:
    """Applique FILE : il est tout l’état voulu de son organisation, ce qu’il ne nomme plus prend fin."""
    from avro_schemas.models import EVENT_VERSION
    from bus.db import connect
    from bus.errors import Refused
    from bus.platform.postgres import database
    from bus.settings import Settings
    from bus.territory import authority_codes
    from consumers.subscriptions import in_force
    from consumers.subscriptions.document import Known, faults, parse

    try:
        document, wrong = parse(file.read_text("utf-8"))
    except UnicodeDecodeError as error:
        raise Refused(f"{file.name} n’est pas un texte UTF-8") from error
    wrong = wrong or faults(document, Known(EVENT_VERSION, authority_codes()))
    if wrong:
        _refuse(file, wrong, as_json=as_json)
    settings = Settings.load(data_dir)
    with database(settings) as found, connect(found, "bus_guichet") as conn:
        applied = in_force.apply(conn, document)
    if isinstance(applied, list):
        _refuse(file, applied, as_json=as_json)
        return
    _warn(document, settings.data_dir / "secrets" / "deliver" / "abonnements")
    result = {
        "organisation": document["organisation"],
        "crees": applied.created,
        "modifies": applied.changed,
        "inchanges": applied.unchanged,
        "termines": applied.ended,
    }
    emit(result, as_json=as_json, text=lambda: _told(result))


def _refuse(file: Path, faults: "Sequence[Fault]", *, as_json: bool) -> None:
    """Show every fault, and leave with 1: nothing was applied."""
    from bus.errors import Refused

    listed = [{"champ": fault.champ, "erreur": fault.erreur, "remede": fault.remede} for fault in faults]
    lines = [f"- {fault.champ} : {fault.erreur}. {fault.remede[:1].upper()}{fault.remede[1:]}." for fault in faults]
    emit({"erreurs": listed}, as_json=as_json, text="\n".join(lines))
    raise Refused(f"{file.name} n’a pas été appliqué : {len(listed)} erreur(s)")


def _warn(document: dict[str, Any], secrets: Path) -> None:
    """Say what is valid and will all the same send nothing: no caseload known, no secret yet."""
    from consumers.subscriptions.profiles import CASELOAD_ONLY

    for entry in document.get("abonnement", []):
        name = entry["destination"].get("secret_fichier")
        if name and secrets.is_dir() and not (secrets / name).exists():  # elsewhere, another machine holds them
            note(f"attention : {entry['id']} attend son secret, {name}, dans {secrets}")
        if entry.get("profil") in CASELOAD_ONLY:
            note(
                f"attention : {entry['id']} ne recevra rien. Le profil {entry['profil']} ne connaît que les personnes"
                " qu’il suit, et le bus ne connaît pas encore ces listes."
            )


def _told(result: dict[str, Any]) -> str:
    words = {"crees": "créé", "modifies": "modifié", "inchanges": "inchangé", "termines": "terminé"}
    lines = [f"{word} : {name}" for key, word in words.items() for name in result[key]]
    return "\n".join(lines) or f"{result['organisation']} n’a aucun abonnement"


@subscription.command()
@data_option
@json_option
def ls(data_dir: Path | None, *, as_json: bool) -> None:
    """Liste les abonnements en vigueur."""
    from bus.db import connect
    from bus.platform.postgres import database
    from bus.settings import Settings
    from consumers.subscriptions import in_force

    with database(Settings.load(data_dir)) as settings, connect(settings, "bus_guichet") as conn:
        rows = [_row(one) for one in in_force.listed(conn)]
    emit(rows, as_json=as_json, text=lambda: table(rows, ["id", "organisation", "territoire", "types", "fin", "etat"]))


def _row(one: Any) -> dict[str, Any]:  # noqa: ANN401 - consumers.subscriptions.in_force.Listed, loaded late
    from datetime import UTC, datetime

    from bus.territory import authority
    from consumers.connectors.destination import shown

    document = one.document
    ended = datetime.fromisoformat(document["fin"]) <= datetime.now(UTC)
    to_come = datetime.fromisoformat(document["debut"]) > datetime.now(UTC)
    etat = "arrete" if one.stopped else "expire" if ended else "a_venir" if to_come else "en_vigueur"
    return {
        "id": one.id,
        "organisation": one.organisation,
        "version": one.version,
        "etat": etat,
        "types": document["types"],
        "territoire": sorted({authority(code, None) for code in document["territoire"]}),
        "profil": document.get("profil"),
        "champs": document.get("champs"),
        "finalite": document["finalite"],
        "base_legale": document["base_legale"],
        "debut": document["debut"],
        "fin": document["fin"],
        "destination": shown(document["destination"]),
        "applique_le": one.applied_at,
    }
