"""How a row of the table of roles becomes a process: this one, or one that the local platform starts."""

import importlib
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

from bus.errors import Misconfigured
from bus.roles import ROLES, RoleRow
from bus.settings import Settings

_OWN: Final = frozenset(
    {"BUS_DATABASE_URL", "BUS_SECRETS_DIR", "BUS_STATE_DIR", "BUS_METRICS_PORT", "BUS_DATA_DIR", "BUS_ARTIFACTS_DIR"}
)
"""Variables of ``bus dev up`` itself that a role must not inherit."""


def run(name: str, data_dir: Path | None, *arguments: Any) -> None:  # noqa: ANN401 - what one class of role takes
    """Be a role until told to stop.

    Args:
        name: in the table.
        data_dir: the option ``--data``.
        arguments: what its class takes after its settings.

    Raises:
        BusError: what stopped it.
    """
    from bus.role import play  # the brokers' client, which a file taken in by hand does without

    row = ROLES[name]
    made = loaded(row.target)
    play(name, loaded(row.settings).load(data_dir), partial(_lent, name, row), lambda ready: made(ready, *arguments))


def loaded(target: str) -> Any:  # noqa: ANN401 - a class that only its name tells
    """Give what ``module:name`` names; loaded late: the stream role must never import what the vault needs."""
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name)


@contextmanager
def _lent(name: str, row: RoleRow, settings: Settings) -> Iterator[Settings]:
    """Lend the secrets and the database of a role; those without a database never load what reaches one."""
    if row.secrets:
        settings = with_secrets(name, settings)
    if row.database is None:
        yield settings
        return
    from bus.platform.postgres import database

    with database(settings) as ready:
        yield ready


def with_secrets(name: str, settings: Settings) -> Settings:
    """Give settings that name the secrets of a role: those configured, else the data folder's.

    Raises:
        Misconfigured: the data folder cannot be written, by a role that draws what is missing.
    """
    if settings.secrets_dir is not None:
        return settings
    folder = settings.data_dir / "secrets"
    if ROLES[name].draws:
        _draw(folder)
    return settings.model_copy(update={"secrets_dir": folder / name})


def _draw(folder: Path) -> None:
    from bus.vault.provisioning import create_secrets

    try:
        create_secrets(folder)
    except OSError as error:
        raise Misconfigured("le dossier de données ne s’écrit pas : choisissez-en un autre avec --data") from error


def command(name: str, data_dir: Path) -> tuple[str, ...]:
    """Give the command of a role on a workstation."""
    watched = ROLES[name].watched
    options = () if watched is None else ("--watch", str(data_dir / watched))
    return sys.executable, "-m", "guichet", name, *options


def environment(name: str, settings: Settings, port: int) -> Mapping[str, str]:
    """Give what a role is told when the local platform starts it: no more than it needs."""
    inherited = {key: value for key, value in os.environ.items() if key.startswith("BUS_") and key not in _OWN}
    return {
        "BUS_DESTINATIONS_PRIVEES": "true",  # the receivers of a workstation are on its loopback
        **inherited,
        "BUS_KAFKA_BOOTSTRAP": settings.kafka_bootstrap or "",
        "BUS_KAFKA_SECURITY_PROTOCOL": settings.kafka_security_protocol,
        "BUS_PROFIL": "local",
        "BUS_REGISTRY_URL": settings.registry_url or "",
        "BUS_METRICS_PORT": str(port),
        **_private(name, settings.data_dir),
    }


def _private(name: str, data: Path) -> Mapping[str, str]:
    """Give what this role alone may know.

    Without a database, its data folder is its own, because the addresses that settings fall back on, in the platform's
    folder, hold the database's.
    """
    row = ROLES[name]
    if row.database is None:
        return {"BUS_DATA_DIR": str(data / "etat"), "BUS_STATE_DIR": str(data / "etat")}
    from bus.platform.postgres import Postgres

    told = {"BUS_DATA_DIR": str(data), "BUS_DATABASE_URL": Postgres(data).dsn(user=row.database)}
    return told | ({"BUS_SECRETS_DIR": str(data / "secrets" / name)} if row.secrets else {})
