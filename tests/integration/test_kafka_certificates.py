"""The certificates that operators make: one for each node, for its own address, and none replaced by accident."""

import os
import subprocess
from pathlib import Path

import pytest
from helpers.kafka_nodes import DEPLOY
from helpers.tools import need


def make(folder: Path, host: str, *accounts: str, **env: str) -> subprocess.CompletedProcess[str]:
    need("openssl")
    command = ["sh", str(DEPLOY / "certificats.sh"), str(folder), host, *accounts]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | env, timeout=60)


def shown(certificate: Path, field: str) -> str:
    command = [need("openssl"), "x509", "-noout", "-in", str(certificate), *field.split()]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("kafka-1.exemple.interne", "DNS:kafka-1.exemple.interne"),
        ("10.0.0.1", "IP Address:10.0.0.1"),
        ("2001:db8::1", "IP Address:2001:DB8:0:0:0:0:0:1"),
        ("::1", "IP Address:0:0:0:0:0:0:0:1"),
    ],
)
def test_the_certificate_of_a_node_is_for_its_name_or_address(tmp_path: Path, host: str, name: str) -> None:
    made = make(tmp_path, host, "kafka")

    assert made.returncode == 0, made.stderr
    node = tmp_path / host
    assert name in shown(node / "kafka.crt", "-ext subjectAltName")
    assert shown(node / "kafka.crt", "-subject").split("=", 1)[1].replace(" ", "").strip() == "CN=kafka"
    assert (node / "ca.crt").read_bytes() == (tmp_path / "ca.crt").read_bytes()
    assert (node / "kafka.keystore.pem").stat().st_mode & 0o777 == 0o600


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_another_node_and_another_run_replace_nothing_and_a_renewal_what_it_names(tmp_path: Path) -> None:
    assert make(tmp_path, "kafka-1.exemple.interne", "kafka", "admin").returncode == 0
    before = contents(tmp_path)

    for host in ("kafka-2.exemple.interne", "kafka-1.exemple.interne"):
        again = make(tmp_path, host, "kafka", "admin")
        assert again.returncode == 0, again.stderr
        assert "admin : existe déjà" in again.stderr
    after = contents(tmp_path)
    renewed = make(tmp_path, "-", "admin", RENOUVELER="oui")

    assert {path: after[path] for path in before if path.suffix != ".srl"} == {
        path: data for path, data in before.items() if path.suffix != ".srl"
    }
    assert renewed.returncode == 0, renewed.stderr
    changed = {path.name for path, data in contents(tmp_path).items() if after.get(path) != data}
    assert changed - {"ca.srl"} == {"admin.key", "admin.crt", "admin.keystore.pem"}


@pytest.mark.parametrize(
    ("host", "account"),
    [
        ("-", "kafka"),
        ("a,DNS:b", "kafka"),
        ("../ailleurs", "kafka"),
        ("[::1]", "kafka"),
        ("kafka-1", "CN=kafka"),
        ("-", "../x"),
    ],
)
def test_a_host_or_an_account_that_is_not_one_is_refused(tmp_path: Path, host: str, account: str) -> None:
    made = make(tmp_path / "tls", host, account)

    assert made.returncode == 2
    assert "certificats.sh : " in made.stderr
    assert not (tmp_path / "tls").exists()
