import hashlib
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.wait import eventually

from bus.errors import Misconfigured, Unavailable
from bus.platform import artifacts, ports, process
from bus.platform.artifacts import Artifact
from bus.platform.containers import Backend, chosen
from bus.platform.locks import FileLock
from bus.platform.postgres import Postgres
from bus.platform.process import Child, Identity, Program
from bus.platform.supervisor import FIRST_DELAY, LAST_DELAY, next_delay

SLEEPER = (sys.executable, "-c", "import signal; signal.pause()")


def started(folder: Path, *, stop_signal: int = signal.SIGTERM) -> Child:
    program = Program("dormeur", SLEEPER, stop_signal=stop_signal)
    return Child(program, log=folder / "dormeur.log", pid_file=folder / "dormeur.pid")


def test_every_declared_artifact_has_coordinates_and_a_sha256() -> None:
    declared = artifacts.declared()

    assert len(declared) == 54
    assert all(re.fullmatch("[0-9a-f]{64}", artifact.sha256) for artifact in declared)
    assert {"kafka_2.13-4.3.1.jar", "apicurio-registry-app-3.3.3-all.tar.gz"} <= {a.filename for a in declared}


def test_a_file_that_changed_since_it_was_verified_is_thrown_away(tmp_path: Path) -> None:
    artifact = Artifact("org.example", "x", "1", "", "jar", hashlib.sha256(b"good").hexdigest())
    path = tmp_path / artifact.filename
    path.write_bytes(b"good")
    known: dict[str, artifacts.Stamp] = {}
    assert artifacts._verified(tmp_path, artifact, known)

    path.write_bytes(b"evil")

    assert not artifacts._verified(tmp_path, artifact, known)
    assert not path.exists()


def test_without_network_the_reason_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unused_port: int) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{unused_port}")
    monkeypatch.setenv("NO_PROXY", "")

    with pytest.raises(Unavailable, match="réseau"):
        artifacts.install(tmp_path, lambda _: None, artifacts.declared()[:1])

    assert not list(tmp_path.glob("*.jar"))


def test_a_remembered_port_is_given_again_and_a_served_one_is_refused(tmp_path: Path) -> None:
    first = ports.choose(tmp_path / "ports.json", ("kafka",), {})
    assert ports.choose(tmp_path / "ports.json", ("kafka",), {}) == first

    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", first["kafka"]))
        stranger.listen()
        with pytest.raises(Misconfigured, match=f"{first['kafka']}.*kafka"):
            ports.choose(tmp_path / "ports.json", ("kafka",), {})


def test_ports_chosen_together_differ(tmp_path: Path) -> None:
    names = tuple(f"port{number}" for number in range(20))

    assert len(set(ports.choose(tmp_path / "ports.json", names, {}).values())) == 20


def test_a_lock_is_alone_or_shared_and_names_its_holder(tmp_path: Path) -> None:
    one, two = FileLock(tmp_path / "verrou"), FileLock(tmp_path / "verrou")

    assert one.try_exclusive()
    assert not two.try_exclusive()
    assert not two.try_shared()
    assert two.holder() == os.getpid()

    one.release()
    assert two.try_shared()
    assert one.try_shared()
    assert not FileLock(tmp_path / "verrou").try_exclusive()
    one.release()
    two.release()


def test_a_child_is_known_by_its_pid_file_until_it_stops(tmp_path: Path) -> None:
    child = started(tmp_path)

    identity = Identity.read(tmp_path / "dormeur.pid")
    assert identity is not None
    assert identity.pid == child.pid

    child.stop()
    assert not identity.alive()
    assert not (tmp_path / "dormeur.pid").exists()


def test_another_process_under_the_same_pid_is_not_taken_for_ours(tmp_path: Path) -> None:
    child = started(tmp_path)
    real = Identity.of(child.pid, signal.SIGTERM)
    assert real is not None
    former = Identity(real.pid, real.started - 1, real.boot, real.stop_signal)
    former.write(tmp_path / "ancien.pid")

    former.stop()

    assert Identity.read(tmp_path / "ancien.pid") is None
    assert child.poll() is None
    child.stop()


def test_a_child_that_ignores_its_stop_signal_is_killed(tmp_path: Path) -> None:
    child = started(tmp_path, stop_signal=signal.SIGCONT)

    child.stop(timeout=0.2)

    assert child.poll() == -signal.SIGKILL


def test_children_end_when_the_process_that_started_them_is_killed(tmp_path: Path) -> None:
    code = f"""
import signal
from pathlib import Path
from bus.platform.process import Child, Program
child = Child(Program("dormeur", {SLEEPER!r}), log=Path("d.log"), pid_file=Path("d.pid"))
print(child.pid, flush=True)
signal.pause()
"""
    with subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert process.start_time(pid) is not None

        parent.kill()

    eventually(lambda: process.start_time(pid) is None, timeout=10, what="the end of the child")


def test_a_log_over_its_limit_moves_aside_under_its_writer(tmp_path: Path) -> None:
    log = tmp_path / "role.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"x" * 200)
        process.bound_log(log, limit=100)
        writer.write(b"after")

    assert log.read_bytes() == b"after"
    assert (tmp_path / "role.log.1").stat().st_size == 200


def test_a_child_that_keeps_dying_is_started_later_each_time() -> None:
    delays = [FIRST_DELAY]
    for _ in range(10):
        delays.append(next_delay(delays[-1], steady=False))

    assert delays == sorted(delays)
    assert delays[-1] == LAST_DELAY
    assert next_delay(LAST_DELAY, steady=True) == FIRST_DELAY


def test_a_data_folder_whose_path_is_too_long_has_its_socket_elsewhere(tmp_path: Path) -> None:
    near, far = Postgres(Path("/srv/bus")), Postgres(tmp_path / ("x" * 120))

    assert near.socket_folder == Path("/srv/bus/postgres")
    assert len(str(far.socket_folder / ".s.PGSQL.5432")) <= 107


def test_the_back_end_is_child_processes_unless_containers_are_asked_for_and_possible() -> None:
    assert chosen(None, daemon_answers=lambda: True) is Backend.PROCESSES
    assert chosen("conteneurs", daemon_answers=lambda: True) is Backend.CONTAINERS

    with pytest.raises(Misconfigured, match="Docker"):
        chosen("conteneurs", daemon_answers=lambda: False)
    with pytest.raises(Misconfigured, match="podman"):
        chosen("podman", daemon_answers=lambda: True)
