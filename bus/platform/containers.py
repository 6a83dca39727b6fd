"""The same platform in containers, for tests where a Docker daemon answers; the child processes stay the default.

Unlike them, containers keep nothing: each start gives an empty broker, registry and database.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Protocol, Self

from bus import db
from bus.errors import Misconfigured, Unavailable
from bus.platform import ports, probes
from bus.platform.ports import HOST
from bus.settings import Settings

START_TIMEOUT: Final = 180.0
POLL: Final = 0.2


class Backend(StrEnum):
    """What runs the servers."""

    PROCESSES = "processus"
    CONTAINERS = "conteneurs"


class RunningPlatform(Protocol):
    """What tests may do with a platform, whatever runs it."""

    @property
    def settings(self) -> Settings:
        """Give the addresses."""

    def kill(self, name: str) -> None:
        """End ``kafka``, ``registre`` or ``base`` as a crash would."""

    def restart(self, name: str) -> None:
        """Start it again on its data and wait until it serves."""

    def stop(self) -> None:
        """Stop everything."""


@dataclass(frozen=True, slots=True)
class Image:
    """One container: its image, its port inside, its environment."""

    image: str
    port: int
    env: Mapping[str, str]


def chosen(wanted: str | None, *, daemon_answers: Callable[[], bool]) -> Backend:
    """Give the back end to use: child processes unless containers are asked for.

    Raises:
        Misconfigured: an unknown name, or containers without a daemon; never a silent change of back end.
    """
    if not wanted:
        return Backend.PROCESSES
    if wanted not in tuple(Backend):
        raise Misconfigured(f"plateforme inconnue : {wanted} ; {' ou '.join(Backend)}")
    backend = Backend(wanted)
    if backend is Backend.CONTAINERS and not daemon_answers():
        raise Misconfigured("aucun démon Docker ne répond : la plateforme en conteneurs est impossible ici")
    return backend


def daemon_answers() -> bool:
    """Say whether a Docker daemon answers."""
    import docker  # type: ignore[import-untyped, unused-ignore]  # comes with testcontainers, a tool of tests only

    try:
        return bool(docker.from_env(timeout=5).ping())
    except docker.errors.DockerException:
        return False


def images(kafka_port: int) -> dict[str, Image]:
    """Give the three containers; the broker must know the port under which clients see it."""
    kafka = {
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_LISTENERS": "PLAINTEXT://:9092,CONTROLLER://:9093",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://{HOST}:{kafka_port}",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "KAFKA_BROKER_SESSION_TIMEOUT_MS": "3000",
    }
    registry = {
        "APICURIO_STORAGE_KIND": "sql",
        "APICURIO_STORAGE_SQL_KIND": "h2",
        # a file, durable at once: the default is in memory and would forget everything when it is killed
        "APICURIO_DATASOURCE_URL": "jdbc:h2:file:/tmp/h2;WRITE_DELAY=0",
    }
    base = {"POSTGRES_HOST_AUTH_METHOD": "trust", "POSTGRES_DB": "bus"}
    return {
        "kafka": Image("apache/kafka:4.3.1", 9092, kafka),
        "registre": Image("apicurio/apicurio-registry:3.3.3", 8080, registry),
        "base": Image("postgres:18", 5432, base),
    }


def start(data_dir: Path) -> "ContainerPlatform":
    """Start the three containers and give them once they serve and the database is migrated."""
    numbers = ports.choose(data_dir / "ports.json", ("kafka", "registre", "base"), {})
    platform = ContainerPlatform(data_dir, numbers)
    try:
        platform.open()
    except BaseException:
        platform.stop()
        raise
    return platform


class ContainerPlatform:
    """Three running containers; ``settings`` has their addresses."""

    def __init__(self, data_dir: Path, numbers: Mapping[str, int]) -> None:
        self._ports = numbers
        self._containers: dict[str, Any] = {}
        self.settings = Settings(
            data_dir=data_dir,
            kafka_bootstrap=f"{HOST}:{numbers['kafka']}",
            kafka_security_protocol="plaintext",
            profil="local",
            registry_url=f"http://{HOST}:{numbers['registre']}/apis/ccompat/v7",
            database_url=f"postgresql://postgres@{HOST}:{numbers['base']}/bus",
        )

    def open(self) -> None:
        """Start the containers, then wait for each."""
        from testcontainers.core.container import DockerContainer

        for name, image in images(self._ports["kafka"]).items():
            container = DockerContainer(image.image).with_bind_ports(image.port, self._ports[name])
            for key, value in image.env.items():
                container.with_env(key, value)
            self._containers[name] = container
            container.start()
        for name in self._containers:
            self._wait(name)
        db.migrate(str(self.settings.database_url))

    def kill(self, name: str) -> None:
        """End one container as a crash would."""
        self._containers[name].get_wrapped_container().kill()

    def restart(self, name: str) -> None:
        """Start one container again, its files kept, and wait until it serves."""
        self._containers[name].get_wrapped_container().restart()
        self._wait(name)

    def stop(self) -> None:
        """Remove the containers."""
        for container in self._containers.values():
            container.stop()
        self._containers.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _wait(self, name: str) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while not self._ready(name):
            if time.monotonic() > deadline:
                raise Unavailable(f"conteneur pas prêt après {START_TIMEOUT:.0f} s : {name}")
            time.sleep(POLL)

    def _ready(self, name: str) -> bool:
        match name:
            case "kafka":
                return probes.kafka_ready(str(self.settings.kafka_bootstrap))
            case "registre":
                return probes.registry_ready(str(self.settings.registry_url))
            case _:
                return probes.base_ready(str(self.settings.database_url))
