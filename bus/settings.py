"""What a process is told from outside: ``BUS_*`` variables, else what the running local platform wrote."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

import orjson
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict, SettingsError

from bus import territory
from bus.errors import Misconfigured

PLATFORM_FILE = "plateforme.json"


class Settings(BaseSettings):
    """One frozen set of settings per process; nothing else reads the environment."""

    model_config = SettingsConfigDict(env_prefix="BUS_", frozen=True, extra="ignore")

    data_dir: Path = Field(default=Path(".bus"), description="dossier de données")
    database_url: str | None = Field(default=None, description="adresse PostgreSQL (libpq) de ce processus")
    kafka_bootstrap: str | None = Field(default=None, description="adresses des brokers Kafka, hôte:port séparés par ,")
    kafka_security_protocol: Literal["plaintext", "sasl_plaintext", "sasl_ssl", "ssl"] = Field(
        default="plaintext", description="protocole vers les brokers ; en clair sur la boucle locale seulement"
    )
    kafka_sasl_mechanism: Literal["SCRAM-SHA-512", "SCRAM-SHA-256"] = Field(
        default="SCRAM-SHA-512", description="mécanisme SASL"
    )
    kafka_username: str | None = Field(default=None, description="compte SASL de ce rôle (bus-relay, bus-stream…)")
    kafka_password_file: Path | None = Field(
        default=None, description="fichier du mot de passe SASL ; sinon kafka.mdp dans le dossier des secrets"
    )
    kafka_ca_file: Path | None = Field(default=None, description="autorité de certification des brokers (PEM)")
    kafka_cert_file: Path | None = Field(default=None, description="certificat de ce rôle (PEM), pour ssl")
    kafka_key_file: Path | None = Field(default=None, description="clé privée de ce rôle (PEM), pour ssl")
    profil: Literal["local", "production"] | None = Field(
        default=None,
        description="production : refuse au démarrage un broker imprudent ; vide = production dès que"
        " le broker n’est pas sur la boucle locale",
    )
    registry_url: str | None = Field(default=None, description="adresse de l’API Confluent du registre de schémas")
    secrets_dir: Path | None = Field(default=None, description="dossier des secrets de ce rôle")
    state_dir: Path | None = Field(default=None, description="dossier de l’état local du rôle stream")
    artifacts_dir: Path | None = Field(default=None, description="dossier des artefacts Java téléchargés")
    metrics_port: int = Field(default=0, ge=0, le=65535, description="port de /metrics, /live et /ready ; 0 = libre")
    log_format: Literal["json", "console"] = Field(default="json", description="forme des journaux")
    autorites: Annotated[list[str], NoDecode] = Field(
        default_factory=list, description="autorités servies, séparées par des virgules ; vide = toutes"
    )
    destinations_privees: bool = Field(
        default=False, description="autorise les webhooks vers des adresses privées ou de bouclage (poste local)"
    )

    @field_validator("autorites", mode="before")
    @classmethod
    def _codes(cls, asked: object) -> object:
        """Read ``52,69M`` and give the codes of authorities, whatever the spelling."""
        codes = (
            [code.strip() for code in asked.strip("[] ").replace('"', "").split(",")]
            if isinstance(asked, str)
            else asked
        )
        if not isinstance(codes, (list, tuple)):
            return codes
        named = [str(code) for code in codes if code]
        return list(territory.served(named)) if named else []

    @classmethod
    def load(cls, data_dir: Path | None = None) -> Self:
        """Give the settings in force: environment first, then the addresses of the running local platform.

        Args:
            data_dir: the ``--data`` option of a command; wins over ``BUS_DATA_DIR``.

        Raises:
            Misconfigured: names the variable and what is expected.
        """
        try:
            base = cls() if data_dir is None else cls(data_dir=data_dir)
        except (ValidationError, SettingsError) as error:
            raise Misconfigured(_told(error)) from error
        found = _addresses(base.data_dir / PLATFORM_FILE)
        missing = {name: value for name, value in found.items() if getattr(base, name) is None}
        return base.model_copy(update=missing)


def _told(error: ValidationError | SettingsError) -> str:
    """Say which variable is wrong and why; the value stays untold, it may be a secret's."""
    if isinstance(error, SettingsError):
        return f"réglage illisible : {error}"
    lines = [
        f"BUS_{'_'.join(map(str, one['loc'])).upper()} : {one['msg']}" for one in error.errors(include_input=False)
    ]
    return "réglages refusés : " + " ; ".join(lines)


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
