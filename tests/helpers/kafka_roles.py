"""The real processes of the bus, each under its own account of a secured broker."""

import os
import signal
import subprocess
import sys
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from helpers.kafka_nodes import Nodes, by_certificate
from helpers.wait import eventually
from pydantic import SecretStr

from bus import accounts
from bus.platform.ports import free_port
from bus.roles import ROLES as TABLE
from bus.settings import Settings

ROLES = tuple(name for name, row in TABLE.items() if row.kafka)


def by_password(running: Nodes, account: str, folder: Path) -> Settings:
    """Give the settings of a client that has an account, made on the brokers with a password of its own."""
    file = folder / f"{account}.mdp"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(f"secret-{account}-{os.urandom(8).hex()}\n")
        accounts.set_password(running.admin(), account, SecretStr(file.read_text().strip()))
    return Settings(
        kafka_bootstrap=running.bootstrap,
        kafka_security_protocol="sasl_ssl",
        kafka_ca_file=running.tls / "ca.crt",
        kafka_username=account,
        kafka_password_file=file,
    )


def environment(settings: Settings) -> dict[str, str]:
    """Give the variables that say the same as these settings about Kafka."""
    named = {name: getattr(settings, name) for name in Settings.model_fields if name.startswith("kafka_")}
    return {f"BUS_{name.upper()}": str(value) for name, value in named.items() if value is not None}


@dataclass
class Roles:
    """The processes of one cluster, and the registry and database of the session's platform."""

    platform: Settings
    running: Nodes
    folder: Path
    clients: str
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    restarts: list[str] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)

    def client(self, account: str) -> Settings:
        """Give the settings of an account of this cluster, the registry's address included."""
        made = (
            by_password(self.running, account, self.folder / "comptes")
            if self.clients == "scram"
            else by_certificate(self.running.bootstrap, self.running.tls, account)
        )
        return made.model_copy(update={"registry_url": self.platform.registry_url})

    def start(self, *roles: str, **env: str) -> None:
        self.env = env
        for role in roles:
            self._start(role, env)

    def supervise(self) -> bool:
        """Start again what has ended by itself, as a supervisor does; a refusal is never to be started again."""
        for role, process in self.processes.items():
            if process.poll() is not None:
                assert process.returncode in (1, 3), f"{role}: {process.returncode}\n{self.said(role)}"
                self.restarts.append(role)
                self._start(role, self.env)
        return True

    def _start(self, role: str, env: dict[str, str]) -> None:
        self.ports[role] = free_port()
        clean = {name: value for name, value in os.environ.items() if not name.startswith("BUS_")}
        own = self.folder / "donnees" / role
        given = {
            "BUS_DATA_DIR": str(own),
            "BUS_STATE_DIR": str(own / "etat"),
            "BUS_REGISTRY_URL": str(self.platform.registry_url),
            "BUS_METRICS_PORT": str(self.ports[role]),
            "BUS_DESTINATIONS_PRIVEES": "true",
        }
        if TABLE[role].database:
            given["BUS_DATABASE_URL"] = str(self.platform.database_url)
        if TABLE[role].secrets:
            given["BUS_SECRETS_DIR"] = str(self.platform.data_dir / "secrets" / role)
        with self.log(role).open("ab") as out:
            self.processes[role] = subprocess.Popen(
                [sys.executable, "-m", "guichet", role],
                env=clean | given | environment(self.client(f"bus-{role}")) | env,
                stdout=out,
                stderr=out,
            )

    def log(self, role: str) -> Path:
        return self.folder / f"{role}.log"

    def said(self, role: str) -> str:
        return self.log(role).read_text("utf-8", errors="replace")[-30_000:]

    def refused(self, role: str, *words: str) -> None:
        """Wait for a role to end by itself with 3 and a sentence that has these words."""
        eventually(
            lambda: self.processes[role].poll() is not None, timeout=90, what=lambda: f"{role} ended\n{self.said(role)}"
        )
        last = next(line for line in reversed(self.said(role).splitlines()) if line.startswith("erreur"))
        assert self.processes[role].returncode == 3, self.said(role)
        assert all(word in last for word in words), last

    def alive(self, *roles: str) -> bool:
        for role in roles:
            assert self.processes[role].poll() is None, f"{role} ended\n{self.said(role)}"
        return True

    def stop(self) -> dict[str, int]:
        """Stop what runs; gives the exit codes."""
        for process in self.processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        codes = {}
        for role, process in self.processes.items():
            try:
                codes[role] = process.wait(60)
            finally:
                process.kill()
        return codes


def metrics(roles: Roles) -> str:
    """Give what the watcher shows."""
    with urllib.request.urlopen(f"http://127.0.0.1:{roles.ports['watch']}/metrics", timeout=5) as page:
        return str(page.read(), "utf-8")


def bus(settings_env: dict[str, str], *args: str) -> subprocess.CompletedProcess[str]:
    """Run a command with these variables of the bus and no other."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BUS_")}
    command = [sys.executable, "-m", "guichet", *args]
    return subprocess.run(command, env=clean | settings_env, capture_output=True, text=True, check=False, timeout=120)
