"""The platform as child processes: start, kill and restart its three servers on one data folder."""

import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, Self

from bus.errors import Misconfigured, Refused, Unavailable
from bus.platform import artifacts, ports, state
from bus.platform.apicurio import SchemaRegistry
from bus.platform.broker import Broker
from bus.platform.locks import FileLock
from bus.platform.postgres import Postgres, usage_lock
from bus.platform.process import Child, Identity, Program
from bus.settings import Settings

START_TIMEOUT: Final = 90.0
COMMAND_TIMEOUT: Final = 30.0
"""Seconds that ``up`` waits for the commands that are using the embedded database."""
SPAWNS: Final = 5
"""Starts of one server before giving up: after kill -9 PostgreSQL's memory is still held for an instant."""
POLL: Final = 0.05
PORTS: Final = ("kafka", "kafka_controleur", "registre", "registre_sante")


class Service(Protocol):
    """What a server must tell so that it can be started."""

    @property
    def name(self) -> str:
        """Name it as ``bus dev status`` does."""

    def prepare(self) -> None:
        """Have its data and configuration; blocking, once more is harmless."""

    def program(self) -> Program:
        """Give its command."""

    def ready(self) -> bool:
        """Say whether it serves."""


def start(
    data_dir: Path,
    *,
    artifacts_dir: Path | None = None,
    given_ports: Mapping[str, int] | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> "Platform":
    """Start Kafka, the registry and PostgreSQL on a data folder and give them once they serve.

    The data are kept: the same folder again gives the same topics, schemas, rows and addresses. Use it as a context, or
    call ``stop``. The servers end with the thread that called this, whatever way it ends.

    Args:
        data_dir: where everything is written; made if absent.
        artifacts_dir: where the Java archives are or will be; BUS_ARTIFACTS_DIR, else ``<data_dir>/artifacts``.
        given_ports: by the names of ``PORTS``; else the remembered ones, else free ones.
        progress: receives one French line per step.

    Raises:
        Refused: another platform uses this folder.
        Misconfigured, Unavailable: a port is served, an artifact is wrong or missing, a server does not start.
    """
    platform = Platform(data_dir.resolve(), artifacts_dir, given_ports or {}, progress)
    try:
        platform.open()
    except BaseException:
        platform.stop()
        raise
    return platform


class Platform:
    """Three running servers; ``settings`` has their addresses."""

    def __init__(
        self,
        data_dir: Path,
        artifacts_dir: Path | None,
        given_ports: Mapping[str, int],
        progress: Callable[[str], None],
    ) -> None:
        self.data_dir = data_dir
        self.settings = Settings(data_dir=data_dir)
        self.artifacts_dir = (artifacts_dir or self.settings.artifacts_dir or data_dir / "artifacts").resolve()
        self.children: dict[str, Child] = {}
        self.services: dict[str, Service] = {}
        self._given_ports = given_ports
        self._progress = progress
        self._lock = FileLock(data_dir / "processus" / "plateforme.verrou")
        self._usage = usage_lock(data_dir)
        self._base = Postgres(data_dir)

    def open(self) -> None:
        """Take the folder, start the servers, write their addresses."""
        self._take_folder()
        installed = artifacts.install(self.artifacts_dir, self._progress)
        numbers = ports.choose(self.data_dir / "ports.json", PORTS, self._given_ports)
        broker = Broker(
            self.data_dir / "kafka", self.log("kafka"), installed, numbers["kafka"], numbers["kafka_controleur"]
        )
        registry = SchemaRegistry(self.data_dir / "registre", installed, numbers["registre"], numbers["registre_sante"])
        self.services = {service.name: service for service in (broker, registry, self._base)}
        self._progress("démarrage de Kafka, du registre et de la base…")
        _Start(self, tuple(self.services.values())).run()
        self.settings = Settings(
            data_dir=self.data_dir,
            artifacts_dir=self.artifacts_dir,
            kafka_bootstrap=broker.bootstrap,
            kafka_security_protocol="plaintext",  # whatever the shell says of another broker
            profil="local",
            registry_url=registry.url,
            database_url=self._base.dsn(),
        )
        state.write(self.data_dir, self.state())

    def state(self) -> state.PlatformState:
        """Give what ``plateforme.json`` says of the servers, all ready."""
        return state.platform_state(self.settings, {name: child.pid for name, child in self.children.items()})

    def log(self, name: str) -> Path:
        """Give the log of a child."""
        return self.data_dir / "journaux" / f"{name}.log"

    def pid_file(self, name: str) -> Path:
        """Give the file that proves a child's process."""
        return self.data_dir / "processus" / f"{name}.pid"

    def spawn(self, program: Program) -> Child:
        """Start a child of this platform; from the thread that will outlive it."""
        child = Child(program, log=self.log(program.name), pid_file=self.pid_file(program.name))
        self.children[program.name] = child
        return child

    def kill(self, name: str) -> None:
        """End one server as a crash would (``kafka``, ``registre`` or ``base``)."""
        self.children[name].kill()

    def restart(self, name: str) -> None:
        """Start one server again on its data and wait until it serves; stop it first if it runs."""
        self.children[name].stop()
        _Start(self, (self.services[name],)).run()
        state.write(self.data_dir, self.state())

    def stop(self) -> None:
        """Stop the servers and give the folder back; nothing of them remains outside it."""
        for child in self.children.values():
            child.ask_to_stop()
        for child in self.children.values():
            child.stop()
        if self.children:
            self._base.forget()
            state.remove(self.data_dir)
        self.children.clear()
        self._usage.release()
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _take_folder(self) -> None:
        try:
            alone = self._lock.try_exclusive()
        except OSError as error:
            raise Misconfigured(f"{self.data_dir} ne s’écrit pas ; choisissez un autre dossier (--data)") from error
        if not alone:
            raise Refused(
                f"une plateforme utilise déjà {self.data_dir} (processus {self._lock.holder()}) : bus dev down"
            )
        deadline = time.monotonic() + COMMAND_TIMEOUT
        while not self._usage.try_exclusive():
            if time.monotonic() > deadline:
                raise Refused(f"une commande utilise la base de {self.data_dir} ; réessayez quand elle aura fini")
            time.sleep(POLL)
        stop_children(self.data_dir, self._progress)


def stop_children(data_dir: Path, progress: Callable[[str], None]) -> None:
    """End what a platform killed at once has left: two brokers on the same data would destroy them.

    Call it with the folder's lock. A pid file that does not prove a living process is only removed.
    """
    for pid_file in sorted((data_dir / "processus").glob("*.pid")):
        identity = Identity.read(pid_file)
        if identity is not None and identity.pid != os.getpid():
            progress(f"arrêt d’un processus laissé par une plateforme tuée : {pid_file.stem} ({identity.pid})")
            identity.stop()
        pid_file.unlink(missing_ok=True)


@dataclass(slots=True)
class _Progress:
    """Where one server is on its way up: preparing, then starting, then provisioning, then ready."""

    service: Service
    preparing: "Future[None]"
    provisioning: "Future[None] | None" = None
    spawns: int = 0


class _Start:
    """Bring servers up side by side. Only the calling thread starts children: they end with the thread that did."""

    def __init__(self, platform: Platform, services: tuple[Service, ...]) -> None:
        self._platform = platform
        self._services = services

    def run(self) -> None:
        """Return when all serve."""
        deadline = time.monotonic() + START_TIMEOUT
        with ThreadPoolExecutor(len(self._services), "plateforme") as pool:
            pending = [_Progress(service, pool.submit(service.prepare)) for service in self._services]
            while pending := [one for one in pending if not self._advance(one, pool)]:
                if time.monotonic() > deadline:
                    names = ", ".join(one.service.name for one in pending)
                    raise Unavailable(f"pas prêt après {START_TIMEOUT:.0f} s : {names}")
                time.sleep(POLL)

    def _advance(self, one: _Progress, pool: ThreadPoolExecutor) -> bool:
        """Move one server a step; says whether it is ready."""
        if one.provisioning is not None:
            return one.provisioning.done() and one.provisioning.result() is None
        if not one.preparing.done():
            return False
        one.preparing.result()
        child = self._platform.children.get(one.service.name)
        if one.spawns == 0 or child is None or child.poll() is not None:
            self._spawn(one, child)
        elif one.service.ready():
            one.provisioning = pool.submit(getattr(one.service, "provision", lambda: None))
        return False

    def _spawn(self, one: _Progress, before: Child | None) -> None:
        if one.spawns == SPAWNS and before is not None:
            raise Misconfigured(f"{one.service.name} ne démarre pas ({before.log}) :\n{before.last_words()}")
        one.spawns += 1
        self._platform.spawn(one.service.program())
