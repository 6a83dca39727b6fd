"""The subscriptions of an organisation: applied all or nothing, listed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from avro_schemas.models import EVENT_VERSION
from bus.db import connect
from bus.platform.postgres import database
from bus.settings import Settings
from bus.territory import authority, authority_codes
from consumers.connectors.destination import secret_file, shown
from consumers.faults import Fault
from consumers.subscriptions import in_force
from consumers.subscriptions.document import Known, faults, parse
from consumers.subscriptions.profiles import CASELOAD_ONLY

__all__ = ["Faulty", "SubscriptionsApplied", "apply", "listed"]


@dataclass(frozen=True, slots=True)
class SubscriptionsApplied:
    """What has changed, ids of subscriptions, and what is valid and will all the same send nothing."""

    organisation: str
    crees: Sequence[str]
    modifies: Sequence[str]
    inchanges: Sequence[str]
    termines: Sequence[str]
    avertissements: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Faulty:
    """Everything wrong in the text; nothing was applied."""

    erreurs: Sequence[Fault]


def apply(settings: Settings, text: str) -> SubscriptionsApplied | Faulty:
    """Make a TOML text the whole state of its organisation; what it names no more ends.

    Raises:
        Unavailable: the database does not answer.
    """
    document, wrong = parse(text)
    wrong = wrong or faults(document, Known(EVENT_VERSION, authority_codes()))
    if wrong:
        return Faulty(wrong)
    with database(settings) as found, connect(found, "bus_guichet") as conn:
        applied = in_force.apply(conn, document)
    if isinstance(applied, list):
        return Faulty(applied)
    return SubscriptionsApplied(
        document["organisation"],
        applied.created,
        applied.changed,
        applied.unchanged,
        applied.ended,
        list(_warnings(document, settings.data_dir / "secrets" / "deliver" / "abonnements")),
    )


def _warnings(document: Mapping[str, Any], secrets: Path) -> Iterator[str]:
    """Say what is valid and will all the same send nothing: no caseload known, no secret yet."""
    for entry in document.get("abonnement", []):
        name = secret_file(entry["destination"])
        if name and secrets.is_dir() and not (secrets / name).exists():  # elsewhere, another machine holds them
            yield f"{entry['id']} attend son secret, {name}, dans {secrets}"
        if entry.get("profil") in CASELOAD_ONLY:
            yield (
                f"{entry['id']} ne recevra rien. Le profil {entry['profil']} ne connaît que les personnes"
                " qu’il suit, et le bus ne connaît pas encore ces listes."
            )


def listed(settings: Settings) -> list[dict[str, Any]]:
    """Give the subscriptions that have not ended, under the keys of the command's ``--json``.

    Raises:
        Unavailable: the database does not answer.
    """
    with database(settings) as found, connect(found, "bus_guichet") as conn:
        return [_row(one, datetime.now(UTC)) for one in in_force.listed(conn)]


def _row(one: in_force.Listed, now: datetime) -> dict[str, Any]:
    document = one.document
    return {
        "id": one.id,
        "organisation": one.organisation,
        "version": one.version,
        "etat": _state(one, now),
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


def _state(one: in_force.Listed, now: datetime) -> str:
    if one.stopped:
        return "arrete"
    if datetime.fromisoformat(one.document["fin"]) <= now:
        return "expire"
    return "a_venir" if datetime.fromisoformat(one.document["debut"]) > now else "en_vigueur"
