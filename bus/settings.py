"""What a process is told from outside: ``BUS_*`` variables, else what the running local platform wrote."""

from pathlib import Path
from typing import Any, Literal, Self

import orjson
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

PLATFORM_FILE = "plateforme.json"


class Settings(BaseSettings):
    """One frozen set of settings per process; nothing else reads the environment."""

    model_config = SettingsConfigDict(env_prefix="BUS_", frozen=True, extra="ignore")

    data_dir: Path = Field(default=Path(".bus"), description="dossier de données")
    database_url: str | None = Field(default=None, description="adresse PostgreSQL (libpq) de ce processus")
    kafka_bootstrap: str | None = Field(default=None, description="adresses des brokers Kafka, hôte:port séparés par ,")
    registry_url: str | None = Field(default=None, description="adresse de l’API Confluent du registre de schémas")
    secrets_dir: Path | None = Field(default=None, description="dossier des secrets de ce rôle")
    state_dir: Path | None = Field(default=None, description="dossier de l’état local du rôle stream")
    artifacts_dir: Path | None = Field(default=None, description="dossier des artefacts Java téléchargés")
    metrics_port: int = Field(default=0, ge=0, le=65535, description="port de /metrics, /live et /ready ; 0 = libre")
    log_format: Literal["json", "console"] = Field(default="json", description="forme des journaux")
    autorites: list[str] = Field(default_factory=list, description="autorités servies ; vide = toutes")
    destinations_privees: bool = Field(
        default=False, description="autorise les webhooks vers des adresses privées ou de bouclage (poste local)"
    )

    @classmethod
    def load(cls, data_dir: Path | None = None) -> Self:
        """Give the settings in force: environment first, then the addresses of the running local platform.

        Args:
            data_dir: the ``--data`` option of a command; wins over ``BUS_DATA_DIR``.
        """
        base = cls() if data_dir is None else cls(data_dir=data_dir)
        found = _addresses(base.data_dir / PLATFORM_FILE)
        missing = {name: value for name, value in found.items() if getattr(base, name) is None}
        return base.model_copy(update=missing)


def _addresses(path: Path) -> dict[str, Any]:
    """Read the addresses that a local platform serves; none when no platform has written them."""
    try:
        platform = orjson.loads(path.read_bytes())["plateforme"]
    except (FileNotFoundError, KeyError, orjson.JSONDecodeError):
        return {}
    return {
        "kafka_bootstrap": platform.get("kafka", {}).get("bootstrap_servers"),
        "registry_url": platform.get("registre", {}).get("url"),
        "database_url": platform.get("base", {}).get("dsn"),
    }
