"""``bus dev`` as an operator runs it: up, status, kill -9 of a child and of the supervisor itself, down."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.wait import eventually

from bus.platform import process
from bus.platform.process import Identity
from bus.platform.supervisor import supervisor_file


class Dev:
    """The ``bus dev`` commands on one data folder."""

    def __init__(self, data: Path, artifacts: Path) -> None:
        self.data = data
        self._env = {**os.environ, "BUS_DATA_DIR": str(data), "BUS_ARTIFACTS_DIR": str(artifacts)}

    def run(self, *args: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "guichet", "dev", *args]
        return subprocess.run(command, env=self._env, capture_output=True, text=True, check=False, timeout=300)

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run("status", "--json").stdout)
        return found

    def pids(self) -> dict[str, int]:
        return {name: server["pid"] for name, server in self.status()["plateforme"].items()}

    def ready(self) -> bool:
        return self.run("status").returncode == 0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give one data folder to all these tests: each up after the first is a warm one."""
    return tmp_path_factory.mktemp("dev") / "bus"


@pytest.fixture
def dev(folder: Path, artifacts_dir: Path) -> Iterator[Dev]:
    dev = Dev(folder, artifacts_dir)
    done = dev.run("up", "--detach", "--platform-only")
    assert done.returncode == 0, done.stderr
    yield dev
    assert dev.run("down").returncode == 0


def test_a_killed_server_comes_back_on_its_data_and_address(dev: Dev) -> None:
    before = dev.status()
    assert before["donnees"] == str(dev.data)
    assert {"kafka", "registre", "base"} == set(before["plateforme"])
    victim = before["plateforme"]["kafka"]["pid"]

    os.kill(victim, signal.SIGKILL)

    eventually(lambda: dev.pids()["kafka"] not in (None, victim) and dev.ready(), timeout=120, what="a new broker")
    after = dev.status()["plateforme"]["kafka"]
    assert after["bootstrap_servers"] == before["plateforme"]["kafka"]["bootstrap_servers"]


def test_a_second_up_is_refused_with_the_pid_and_the_folder(dev: Dev) -> None:
    supervisor = Identity.read(supervisor_file(dev.data))
    assert supervisor is not None

    done = dev.run("up")

    assert done.returncode == 1
    assert str(dev.data) in done.stderr
    assert str(supervisor.pid) in done.stderr


def test_a_killed_supervisor_takes_its_children_along_and_the_next_up_starts_clean(dev: Dev) -> None:
    supervisor = Identity.read(supervisor_file(dev.data))
    assert supervisor is not None
    children = dev.pids()

    supervisor.send(signal.SIGKILL)

    eventually(
        lambda: all(process.start_time(pid) is None for pid in children.values()), timeout=60, what="the end of all"
    )
    assert not dev.ready()
    assert dev.run("up", "--detach", "--platform-only").returncode == 0
    assert dev.ready()


def test_down_leaves_nothing_running_and_status_says_so(dev: Dev) -> None:
    children = dev.pids()

    assert dev.run("down").returncode == 0

    assert all(process.start_time(pid) is None for pid in children.values())
    assert dev.run("status").returncode == 1
    assert all(server["pid"] is None and not server["pret"] for server in dev.status()["plateforme"].values())
