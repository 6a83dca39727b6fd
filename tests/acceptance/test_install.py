"""The page about installing is performed: each role has what its file of settings says and no more, and is ready."""

import os
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from helpers import pages
from helpers.system import BUS, stop
from helpers.tools import need
from helpers.vrsb_file import Fichier
from helpers.wait import eventually

import bus.platform
from bus.platform import Platform
from bus.platform.ports import free_port
from bus.platform.postgres import DATABASE, Postgres

PAGE = "installer.md"
BASE = "installee"
OWNER = "proprietaire"
ROLES = ("deliver", "stream", "relay", "ingest", "watch")
OF_THE_CLUSTER = {"BUS_KAFKA_SECURITY_PROTOCOL", "BUS_KAFKA_CA_FILE", "BUS_KAFKA_USERNAME", "BUS_PROFIL"}
"""What a broker on the loopback, without accounts, has no use for."""


@dataclass
class Site:
    """The servers, a folder in place of /etc and /srv, and the roles that were started."""

    platform: Platform
    folder: Path
    ports: dict[str, int] = field(default_factory=dict)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def address(self, user: str) -> str:
        return Postgres(self.platform.data_dir).dsn(BASE, user)

    def servers(self) -> dict[str, str]:
        settings = self.platform.settings
        return {"BUS_KAFKA_BOOTSTRAP": str(settings.kafka_bootstrap), "BUS_REGISTRY_URL": str(settings.registry_url)}

    def follow(self, block: str, env: Mapping[str, str]) -> str:
        return pages.run(PAGE, block, folder=self.folder / "etc/insertion-bus", env=env)

    def settings(self, role: str) -> dict[str, str]:
        """Give what the page's files tell a role, with the places and ports of this test."""
        blocks = pages.blocks(PAGE)
        lines = [line.partition("=") for name in ("commun", role) for line in blocks[f"{name}.env"].splitlines()]
        told = {name: self._here(value) for name, _, value in lines if name not in OF_THE_CLUSTER}
        here = self.servers() | {"BUS_METRICS_PORT": str(self.ports.setdefault(role, free_port()))}
        if "BUS_DATABASE_URL" in told:
            user = told["BUS_DATABASE_URL"].partition("//")[2].partition("@")[0]
            here["BUS_DATABASE_URL"] = self.address(user)
        return told | {name: value for name, value in here.items() if name in told}

    def _here(self, value: str) -> str:
        return " ".join(f"{self.folder}{word}" if word.startswith("/") else word for word in value.split())

    def start(self, role: str) -> None:
        told = self.settings(role)
        command = [*BUS, role, *shlex.split(told.pop("ARGUMENTS", ""))]
        env = {name: value for name, value in os.environ.items() if not name.startswith("BUS_")} | told
        with (self.folder / f"{role}.log").open("wb") as log:
            self.processes.append(subprocess.Popen(command, env=env, cwd=self.folder, stdout=log, stderr=log))

    def ready(self, role: str) -> bool:
        command = ["sh", "-euc", pages.blocks(PAGE)["verifier"]]
        env = {**os.environ, "PORT": str(self.ports[role])}
        return subprocess.run(command, env=env, capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, artifacts_dir: Path) -> Iterator[Site]:
    """Three servers that hold nothing of the bus, and an owner of an empty database who may create roles."""
    need("curl")
    folder = tmp_path_factory.mktemp("production")
    (folder / "etc/insertion-bus").mkdir(parents=True)
    with bus.platform.start(folder / "serveurs", artifacts_dir=artifacts_dir) as platform:
        site = Site(platform, folder)
        with psycopg.connect(Postgres(platform.data_dir).dsn("postgres"), autocommit=True) as conn:
            conn.execute(f"drop database {DATABASE} with (force)")
            for (role,) in conn.execute("select rolname from pg_roles where rolname like 'bus\\_%'").fetchall():
                conn.execute(f"drop role {role}")
            conn.execute(f"create role {OWNER} login createrole")
            conn.execute(f"create database {BASE} owner {OWNER}")
        try:
            yield site
        finally:
            for process in site.processes:
                stop(process)


def test_from_empty_servers_to_five_ready_roles_and_a_first_report(site: Site) -> None:
    site.follow("base", {"BASE_PROPRIETAIRE": site.address(OWNER)})
    site.follow("contrat", site.servers())
    site.follow("secrets", {})

    for role in ROLES:
        site.start(role)
    for role in ROLES:
        wait_until_ready(site, role)
    depot = site.folder / "srv/insertion-bus/depot"
    (depot / ".un.xml").write_bytes(Fichier(typeflux="M").octets())
    (depot / ".un.xml").rename(depot / "un.xml")

    eventually((depot / "un.xml.rapport.json").exists, timeout=60, what="the report of a file")


def test_the_secrets_that_the_page_draws_are_whole_private_and_never_drawn_again(site: Site) -> None:
    folder = site.folder / "etc/insertion-bus/secrets"
    drawn = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    site.follow("secrets", {})

    assert {path: path.read_bytes() for path in drawn} == drawn
    assert {len(secret) for secret in drawn.values()} == {32}
    assert {path.stat().st_mode & 0o77 for path in drawn} == {0}


def wait_until_ready(site: Site, role: str) -> None:
    log = site.folder / f"{role}.log"
    eventually(lambda: site.ready(role), timeout=90, what=lambda: f"{role} ready:\n{log.read_text()[-2000:]}")
