"""The epochs of the keys: looked at, rotated; places that exist no more, forgotten."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from bus.db import connect
from bus.errors import Misconfigured
from bus.platform.postgres import Postgres, database
from bus.sealing import KekRing
from bus.settings import Settings
from bus.vault import epoch_report
from bus.vault.rewrapping import RotationProgress
from bus.vault.rotation import Rotated, Rotation, strike_out
from bus.vault.rotation_rules import MAX_AGE
from bus.vault.rotation_site import Folders, Telling

__all__ = ["MAX_AGE", "Rotated", "RotationProgress", "Telling", "forget", "rotate", "status"]


def status(settings: Settings) -> tuple[dict[str, Any], bool]:
    """Give the state of the epochs, under the keys of ``--json``, and whether somebody has something to do.

    Raises:
        Unavailable: the database does not answer.
    """
    with database(settings) as ready, connect(ready, "bus_guichet", autocommit=True) as conn:
        found = epoch_report.report(conn)
    return found, epoch_report.finding(found)


def rotate(settings: Settings, deliver: Path | None, age: timedelta, telling: Telling) -> Rotated:
    """Change the epoch of the keys: every key is wrapped anew, the former KEK is destroyed. No role stops.

    Args:
        settings: of the machine that holds the secrets of the role ingest.
        deliver: folder of the secrets of the role deliver, when it is on this machine.
        age: under which the epoch in force is left as it is; what was begun is always finished.
        telling: hears of the progress, and how long to wait for the roles.

    Raises:
        Refused: a role does not show that it follows; nothing is lost, the next run goes on from there.
        Misconfigured: there is no database or no key here, or a folder cannot be written.
        Unavailable: the database does not answer.
    """
    folders = _folders(settings, deliver)
    _require(settings, folders)
    try:
        with database(settings) as ready, connect(ready, "bus_rotate", autocommit=True) as conn:
            return Rotation(conn, folders, telling).run(age)
    except OSError as error:
        place = error.filename or "un dossier de secrets"
        raise Misconfigured(f"{place} ne se lit ou ne s’écrit pas : rien n’est perdu, relancez ensuite") from error


def forget(settings: Settings, patterns: Sequence[str], forgotten: Callable[[str], None]) -> None:
    """Forget silent places by name or shell pattern; ``forgotten`` hears each name once it is done.

    Raises:
        Refused: no place has that name, or a role runs there; those told before are forgotten.
        Unavailable: the database does not answer.
    """
    with database(settings) as ready, connect(ready, "bus_rotate", autocommit=True) as conn:
        for pattern in patterns:
            for place in strike_out(conn, pattern):
                forgotten(place)


def _require(settings: Settings, folders: Folders) -> None:
    """Refuse what was never started: a rotation there would make an empty database, and no key to rotate."""
    KekRing.load(folders.ingest)
    if settings.database_url is None and not Postgres(settings.data_dir.resolve()).data.exists():
        raise Misconfigured("aucune base : démarrez la plateforme (bus dev up) ou indiquez BUS_DATABASE_URL")


def _folders(settings: Settings, deliver: Path | None) -> Folders:
    """Give the folders on this machine: those named, else those of the data folder."""
    if settings.secrets_dir is not None:
        return Folders(settings.secrets_dir, deliver)
    local = settings.data_dir / "secrets"
    beside = local / "deliver"
    return Folders(local / "ingest", deliver or (beside if beside.is_dir() else None))
