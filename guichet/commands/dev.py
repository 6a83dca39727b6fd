"""``bus dev``: the whole bus on one machine: start, look, stop."""

import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from bus.errors import Misconfigured, Unavailable
from bus.settings import Settings
from guichet.output import data_option, emit, json_option, note, table

if TYPE_CHECKING:
    from bus.platform import Platform

DETACH_TIMEOUT: Final = 180.0
POLL: Final = 0.2


@click.group()
def dev() -> None:
    """La plateforme locale : Kafka, registre de schémas, PostgreSQL et tous les rôles du bus."""


@dev.command()
@data_option
@click.option("--platform-only", is_flag=True, help="Kafka, registre et base, sans les rôles.")
@click.option("-d", "--detach", is_flag=True, help="Rend la main quand tout est prêt.")
@click.option("--observe", is_flag=True, help="Démarre aussi Prometheus, s’il est installé, avec nos alertes.")
@click.option("--kafka-port", type=click.IntRange(1, 65535), help="Port du broker ; libre et gardé par défaut.")
@click.option("--registry-port", type=click.IntRange(1, 65535), help="Port du registre ; libre et gardé par défaut.")
def up(  # noqa: PLR0913 - one parameter per option
    data_dir: Path | None,
    kafka_port: int | None,
    registry_port: int | None,
    *,
    platform_only: bool,
    detach: bool,
    observe: bool,
) -> None:
    """Démarre tout et y reste ; Ctrl-C ou « bus dev down » arrête, les données restent."""
    if observe and platform_only:
        raise click.UsageError("--observe n’a rien à lire avec --platform-only")
    settings = _settings(data_dir)
    if detach:
        _detach(settings.data_dir, observe=observe)
        return
    given = {name: port for name, port in (("kafka", kafka_port), ("registre", registry_port)) if port is not None}
    _stay(settings, given, platform_only=platform_only, observe=observe)


@dev.command()
@data_option
@json_option
def status(data_dir: Path | None, *, as_json: bool) -> None:
    """Montre ce qui tourne vraiment ; code de sortie 0 quand tout est prêt, 1 sinon."""
    from bus.platform import state

    found = state.observe(_settings(data_dir).data_dir)
    emit(found, as_json=as_json, text=lambda: _text(found))
    if not state.all_ready(found):
        sys.exit(1)  # click returns its own Exit instead of raising it when it does not stand alone


@dev.command()
@data_option
def down(data_dir: Path | None) -> None:
    """Arrête les rôles puis la plateforme, et attend la fin."""
    from bus.platform.supervisor import down as stop

    stop(_settings(data_dir).data_dir)
    note("arrêté")


def _stay(settings: Settings, given_ports: Mapping[str, int], *, platform_only: bool, observe: bool) -> None:
    from bus import platform
    from bus.platform.prometheus import Prometheus
    from bus.platform.supervisor import Supervisor, stopping_on_signals
    from guichet.roles import roles

    with (
        stopping_on_signals(),
        platform.start(
            settings.data_dir, artifacts_dir=settings.artifacts_dir, given_ports=given_ports, progress=note
        ) as running,
    ):
        _prepare(running)
        started = () if platform_only else roles(running.settings)
        _tell(running.settings)
        observer = Prometheus.prepare(settings.data_dir, started) if observe else None
        if observe:
            _tell_observed(observer.url if observer else None)
        Supervisor(running, started, note, observer).run()
    note("arrêté")


def _prepare(running: "Platform") -> None:
    """Have what the roles refuse to start without: topics, schemas, secrets."""
    from bus import topics
    from bus.registry import Registry, apply_contract
    from bus.vault import provisioning

    settings = running.settings
    if settings.kafka_bootstrap is None or settings.registry_url is None:
        raise Misconfigured("la plateforme n’a pas d’adresse")
    topics.apply(settings)
    apply_contract(Registry(settings.registry_url))
    provisioning.create_secrets(settings.data_dir / "secrets")


def _tell(settings: Settings) -> None:
    note(f"Kafka {settings.kafka_bootstrap} · registre {settings.registry_url} · base {settings.database_url}")


def _tell_observed(url: str | None) -> None:
    from bus.platform.prometheus import ABSENT

    note(f"Prometheus {url}" if url else ABSENT)


def _detach(data_dir: Path, *, observe: bool) -> None:
    """Start the same command in a session of its own and wait until it is ready."""
    from bus.platform import state

    arguments = [argument for argument in sys.argv[1:] if argument not in ("-d", "--detach")]
    log = data_dir / "journaux" / "superviseur.log"
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
    deadline = time.monotonic() + DETACH_TIMEOUT
    while not (_supervised(data_dir, process.pid) and state.all_ready(state.read(data_dir))):
        if process.poll() is not None:
            note(_since(log, begin))
            sys.exit(process.returncode or 3)
        if time.monotonic() > deadline:
            process.terminate()
            process.wait()
            raise Unavailable(f"pas prêt après {DETACH_TIMEOUT:.0f} s :\n{_since(log, begin)}")
        time.sleep(POLL)
    if observe:
        _tell_observed(state.read(data_dir).get("observation", {}).get("prometheus", {}).get("url"))
    note(f"prêt ; « bus dev down » arrête tout (journaux dans {log.parent})")


def _since(log: Path, begin: int) -> str:
    return log.read_bytes()[begin:].decode(errors="replace").strip()


def _supervised(data_dir: Path, pid: int) -> bool:
    """Say whether our supervisor has the folder and started its roles."""
    from bus.platform.process import Identity
    from bus.platform.supervisor import supervisor_file

    identity = Identity.read(supervisor_file(data_dir))
    return identity is not None and identity.pid == pid


def _settings(data_dir: Path | None) -> Settings:
    settings = Settings.load(data_dir)
    return settings.model_copy(update={"data_dir": settings.data_dir.resolve()})


def _text(found: Mapping[str, Any]) -> str:
    rows = [
        {"nom": name, "pid": server["pid"], "pret": _yes(server["pret"]), "adresse": next(iter(server.values()))}
        for name, server in found["plateforme"].items()
    ]
    rows += [
        {"nom": role["role"], "pid": role["pid"], "pret": _yes(role["pret"]), "adresse": role["metrics"]}
        for role in found["roles"]
    ]
    rows += [
        {"nom": name, "pid": one["pid"], "pret": _yes(one["pret"]), "adresse": one["url"]}
        for name, one in found.get("observation", {}).items()
    ]
    return f"{found['donnees']}\n{table(rows, ['nom', 'pid', 'pret', 'adresse'])}"


def _yes(ready: object) -> str:
    return "oui" if ready else "non"
