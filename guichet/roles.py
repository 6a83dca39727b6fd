"""What each role is told when the local platform starts it: no more than it needs."""

import os
import sys
from collections.abc import Mapping
from typing import Final

from bus.platform import ports
from bus.platform.postgres import Postgres
from bus.platform.supervisor import Role
from bus.settings import Settings

NAMES: Final = ("ingest", "relay", "stream", "deliver", "watch")
_OWN: Final = frozenset(
    {"BUS_DATABASE_URL", "BUS_SECRETS_DIR", "BUS_STATE_DIR", "BUS_METRICS_PORT", "BUS_DATA_DIR", "BUS_ARTIFACTS_DIR"}
)
"""Variables of ``bus dev up`` itself that a role must not inherit."""


def roles(settings: Settings) -> tuple[Role, ...]:
    """Give the five roles of a running platform, ports chosen and remembered."""
    metrics = tuple(f"metriques_{name}" for name in NAMES)
    numbers = ports.choose(settings.data_dir / "ports.json", metrics, {})
    return tuple(_role(name, settings, numbers[f"metriques_{name}"]) for name in NAMES)


def _role(name: str, settings: Settings, port: int) -> Role:
    inherited = {key: value for key, value in os.environ.items() if key.startswith("BUS_") and key not in _OWN}
    common = {
        "BUS_DESTINATIONS_PRIVEES": "true",  # the receivers of a workstation are on its loopback
        **inherited,
        "BUS_KAFKA_BOOTSTRAP": settings.kafka_bootstrap or "",
        "BUS_KAFKA_SECURITY_PROTOCOL": settings.kafka_security_protocol,
        "BUS_PROFIL": "local",
        "BUS_REGISTRY_URL": settings.registry_url or "",
        "BUS_METRICS_PORT": str(port),
    }
    arguments = ("--watch", str(settings.data_dir / "depot")) if name == "ingest" else ()
    return Role(name, (sys.executable, "-m", "guichet", name, *arguments), {**common, **_private(name, settings)}, port)


def _private(name: str, settings: Settings) -> Mapping[str, str]:
    """Give what this role alone may know.

    Stream and watch have neither the database nor a secret; their data folder is their own, because the addresses that
    settings fall back on, in the platform's folder, hold the database's.
    """
    data = settings.data_dir
    base = Postgres(data)
    match name:
        case "ingest" | "deliver":
            secrets = str(data / "secrets" / name)
            return {
                "BUS_DATA_DIR": str(data),
                "BUS_DATABASE_URL": base.dsn(user=f"bus_{name}"),
                "BUS_SECRETS_DIR": secrets,
            }
        case "relay":
            return {"BUS_DATA_DIR": str(data), "BUS_DATABASE_URL": base.dsn(user="bus_relay")}
        case _:
            return {"BUS_DATA_DIR": str(data / "etat"), "BUS_STATE_DIR": str(data / "etat")}
