"""The whole bus on one machine: what ``bus dev`` does."""

import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bus import platform, topics
from bus.errors import Misconfigured, Unavailable
from bus.platform import ports, state, supervisor
from bus.platform.process import Identity
from bus.platform.prometheus import ABSENT, Prometheus
from bus.platform.supervisor import RoleProcess, Supervisor, stopping_on_signals
from bus.registry import Registry, apply_contract
from bus.roles import ROLES
from bus.settings import Settings
from bus.vault import provisioning
from guichet.roles import command, environment

DETACH_TIMEOUT: Final = 180.0
POLL: Final = 0.2
Written = Mapping[str, Any]
"""What a platform says of itself."""
Tell = Callable[[str], None]
"""Hears a French line of progress."""


@dataclass(frozen=True, slots=True)
class StoppedEarly:
    """A platform that stopped instead of becoming ready: its exit code, its last words."""

    code: int
    said: str


def located(data_dir: Path | None) -> Settings:
    """Give the settings with the whole path of the data folder."""
    settings = Settings.load(data_dir)
    return settings.model_copy(update={"data_dir": settings.data_dir.resolve()})


def status(settings: Settings) -> tuple[Written, bool]:
    """Give what really runs, and whether everything is ready."""
    found = state.observe(settings.data_dir)
    return found, state.all_ready(found)


def down(settings: Settings) -> None:
    """Stop the roles, then the platform; gives back the hand at the end.

    Raises:
        Refused: a process that is not ``bus dev up`` has this platform.
    """
    supervisor.down(settings.data_dir)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to start: the ports that were chosen by name, the roles, somebody who reads their metrics."""

    ports: Mapping[str, int]
    roles: bool = True
    observed: bool = False


def up(settings: Settings, wanted: Wanted, tell: Tell) -> None:
    """Start everything and stay until SIGTERM or SIGINT; the data stay.

    Raises:
        Unavailable: a server did not start.
        Refused: another process has this platform.
    """
    with (
        stopping_on_signals(),
        platform.start(
            settings.data_dir, artifacts_dir=settings.artifacts_dir, given_ports=wanted.ports, progress=tell
        ) as running,
    ):
        _prepare(running.settings)
        started = processes(running.settings) if wanted.roles else ()
        tell(_addresses(running.settings))
        observer = Prometheus.prepare(settings.data_dir, started) if wanted.observed else None
        if wanted.observed:
            tell(told_observed(observer.url if observer else None))
        Supervisor(running, started, tell, observer).run()
    tell("arrêté")


def processes(settings: Settings) -> tuple[RoleProcess, ...]:
    """Give every role of the table as a process of a running platform, ports chosen and remembered."""
    numbers = ports.choose(settings.data_dir / "ports.json", tuple(f"metriques_{name}" for name in ROLES), {})
    return tuple(_process(name, settings, numbers[f"metriques_{name}"]) for name in ROLES)


def _process(name: str, settings: Settings, port: int) -> RoleProcess:
    return RoleProcess(name, command(name, settings.data_dir), environment(name, settings, port), port)


def _prepare(settings: Settings) -> None:
    """Have what the roles refuse to start without: topics, schemas, secrets."""
    if settings.kafka_bootstrap is None or settings.registry_url is None:
        raise Misconfigured("la plateforme n’a pas d’adresse")
    topics.apply(settings)
    apply_contract(Registry(settings.registry_url))
    provisioning.create_secrets(settings.data_dir / "secrets")


def _addresses(settings: Settings) -> str:
    return f"Kafka {settings.kafka_bootstrap} · registre {settings.registry_url} · base {settings.database_url}"


def told_observed(url: str | None) -> str:
    """Say in French where Prometheus is, or that it is not there."""
    return f"Prometheus {url}" if url else ABSENT


def detach(settings: Settings, arguments: Sequence[str]) -> Written | StoppedEarly:
    """Start the same command in a session of its own and wait until it is ready.

    Args:
        settings: as ``located`` gives them.
        arguments: those of ``bus``, without the option to detach.

    Returns:
        What the platform wrote of itself, or how it ended instead.

    Raises:
        Unavailable: it was not ready in three minutes.
    """
    log = log_of(settings)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:  # the supervisor that refuses us may be writing in it
        begin = output.tell()
        process = subprocess.Popen(
            [sys.executable, "-m", "guichet", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    return _awaited(settings.data_dir, process, lambda: log.read_bytes()[begin:].decode(errors="replace").strip())


def log_of(settings: Settings) -> Path:
    """Give where a platform that was detached writes."""
    return settings.data_dir / "journaux" / "superviseur.log"


def _awaited(data_dir: Path, process: "subprocess.Popen[bytes]", said: Callable[[], str]) -> Written | StoppedEarly:
    deadline = time.monotonic() + DETACH_TIMEOUT
    while not (_supervised(data_dir, process.pid) and state.all_ready(state.read(data_dir))):
        if process.poll() is not None:
            return StoppedEarly(process.returncode or 3, said())
        if time.monotonic() > deadline:
            process.terminate()
            process.wait()
            raise Unavailable(f"pas prêt après {DETACH_TIMEOUT:.0f} s :\n{said()}")
        time.sleep(POLL)
    return state.read(data_dir)


def _supervised(data_dir: Path, pid: int) -> bool:
    """Say whether our supervisor has the folder and started its roles."""
    identity = Identity.read(supervisor.supervisor_file(data_dir))
    return identity is not None and identity.pid == pid
