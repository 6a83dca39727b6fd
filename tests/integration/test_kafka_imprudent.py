"""A real broker that has everything production forbids: each fault is told, all at once, by the command and a role."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from string import Template

import pytest
from helpers.wait import eventually

import bus.platform.broker
from bus.platform import artifacts
from bus.platform.broker import Broker
from bus.platform.ports import free_port
from bus.platform.process import Child

IMPRUDENT = """\
auto.create.topics.enable=true
unclean.leader.election.enable=true
min.insync.replicas=1
super.users=User:kafka;\\
  User:ANONYMOUS
"""
FAULTS = (
    "auto.create.topics.enable : attendu false, trouvé true",
    "unclean.leader.election.enable : attendu false, trouvé true",
    "min.insync.replicas : attendu au moins 2, trouvé 1",
    "default.replication.factor : attendu au moins 3, trouvé 1",
    "authorizer.class.name : attendu StandardAuthorizer, trouvé aucun",
    "écouteur BROKER : attendu SSL ou SASL_SSL, trouvé PLAINTEXT",
    "écouteur CONTROLLER : attendu SSL ou SASL_SSL, trouvé PLAINTEXT",
)


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory, artifacts_dir: Path) -> Iterator[Broker]:
    folder = tmp_path_factory.mktemp("imprudent")
    installed = artifacts.install(artifacts_dir, lambda _: None)
    with pytest.MonkeyPatch.context() as patch:
        text = bus.platform.broker.PROPERTIES.template + IMPRUDENT
        patch.setattr(bus.platform.broker, "PROPERTIES", Template(text))
        one = Broker(folder / "kafka", folder / "kafka.log", installed, free_port(), free_port())
        one.prepare()
    child = Child(one.program(), log=one.log, pid_file=folder / "pid")
    try:
        eventually(one.ready, timeout=120, what=lambda: one.log.read_text(errors="replace"))
        yield one
    finally:
        child.kill()


def run(broker: Broker, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BUS_")}
    given = {"BUS_KAFKA_BOOTSTRAP": broker.bootstrap, "BUS_PROFIL": "production", "BUS_DATA_DIR": str(broker.folder)}
    command = [sys.executable, "-m", "guichet", *args]
    return subprocess.run(command, env=clean | given | env, capture_output=True, text=True, check=False, timeout=120)


def test_every_fault_of_a_real_broker_is_told_at_once_though_its_topics_are_absent(broker: Broker) -> None:
    checked = run(broker, "topics", "check")
    watched = run(broker, "watch", BUS_METRICS_PORT=str(free_port()))

    for ended in (checked, watched):
        assert ended.returncode == 3, ended.stderr
        for fault in FAULTS:
            assert f"  broker 1 : {fault}" in ended.stderr
    assert "evenements : attendu, absent" in checked.stderr


def test_its_file_tells_the_stranger_with_every_right_that_the_broker_shows_to_nobody(broker: Broker) -> None:
    read = run(broker, "topics", "check", "--proprietes", str(broker.folder / "server.properties"))

    assert read.returncode == 3
    for fault in (*FAULTS[:3], *FAULTS[4:], "super.users : attendu sans User:ANONYMOUS"):
        assert f"  {fault}" in read.stderr
