"""The platform and single roles, started for one measurement and stopped after it."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import psycopg

from bench.process import BUS
from bus import topics
from bus.platform.local import Platform, start
from bus.vault.provisioning import create_secrets

PATIENCE = 600.0


@contextmanager
def platform(data: Path) -> Iterator[tuple[Platform, dict[str, str]]]:
    """Start the three servers with topics and schemas; gives them and the environment of a command beside them."""
    create_secrets(data / "secrets")
    shared = os.environ.get("BUS_ARTIFACTS_DIR", ".bus/artifacts")
    servers = start(data, artifacts_dir=Path(shared).absolute())
    try:
        topics.apply(servers.settings)
        env = {
            "BUS_DATA_DIR": str(data),
            "BUS_DATABASE_URL": str(servers.settings.database_url),
            "BUS_KAFKA_BOOTSTRAP": str(servers.settings.kafka_bootstrap),
            "BUS_REGISTRY_URL": str(servers.settings.registry_url),
            "BUS_SECRETS_DIR": str(data / "secrets" / "ingest"),
            "BUS_DESTINATIONS_PRIVEES": "true",
        }
        subprocess.run([*BUS, "schemas", "apply"], env={**os.environ, **env}, check=True, stdout=subprocess.DEVNULL)
        yield servers, env
    finally:
        servers.stop()


def role(
    name: str, env: Mapping[str, str], log: Path, *options: str
) -> AbstractContextManager[subprocess.Popen[bytes]]:
    """Run one role while the context lasts."""
    return running([*BUS, name, *options], env, log)


@contextmanager
def running(command: Sequence[str], env: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process while the context lasts."""
    with log.open("ab") as out:
        process = subprocess.Popen(command, env={**os.environ, **env}, stdout=out, stderr=out)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


def wait(done: Callable[[], bool], process: subprocess.Popen[bytes], what: str) -> None:
    """Wait for a condition while a role works, and fail at once when the role has ended."""
    deadline = time.monotonic() + PATIENCE
    while not done():
        assert process.poll() is None, f"the role ended ({process.returncode}) before: {what}"
        assert time.monotonic() < deadline, f"not seen in {PATIENCE:.0f} s: {what}"
        time.sleep(0.02)


def number(conn: psycopg.Connection, query: str) -> float:
    """Give the one number that a query answers."""
    found = conn.execute(query.encode()).fetchone()
    return float(found[0]) if found else 0.0
