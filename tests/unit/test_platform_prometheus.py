"""Prometheus beside the platform: what it is told, and what is said without it."""

from pathlib import Path
from typing import NamedTuple

import orjson
import pytest

from bus.platform import prometheus
from bus.platform.prometheus import Prometheus


class Role(NamedTuple):
    name: str
    metrics_port: int


ROLES = (Role("relay", 1), Role("deliver", 2))


def program(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a program of that name on the path; nothing starts it."""
    file = folder / "prometheus"
    file.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(folder))
    return file


def test_each_role_is_read_under_its_name_and_our_alerts_are_evaluated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, monkeypatch)

    found = Prometheus.prepare(tmp_path / "bus", ROLES)

    assert found is not None
    config = orjson.loads((tmp_path / "bus" / "prometheus" / "prometheus.yml").read_bytes())
    jobs = {job["job_name"]: job["static_configs"] for job in config["scrape_configs"]}
    assert [(one["targets"], one["labels"]) for one in jobs["bus"]] == [
        (["127.0.0.1:1"], {"role": "relay"}),
        (["127.0.0.1:2"], {"role": "deliver"}),
    ]
    assert jobs["prometheus"] == [{"targets": [f"127.0.0.1:{found.port}"]}]
    assert [Path(file).name for file in config["rule_files"]] == ["bus.rules.yml"]
    assert Path(config["rule_files"][0]).is_file()


def test_its_port_and_its_series_stay_where_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, monkeypatch)

    first, second = (Prometheus.prepare(tmp_path / "bus", roles) for roles in (ROLES, ROLES[:1]))

    assert first is not None
    assert second is not None
    assert (first.url, first.program().argv) == (second.url, second.program().argv)
    assert f"--web.listen-address=127.0.0.1:{first.port}" in first.program().argv


def test_without_the_program_nothing_is_prepared_and_the_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert Prometheus.prepare(tmp_path / "bus", ROLES) is None

    assert not (tmp_path / "bus").exists()
    assert "installez le paquet « prometheus »" in prometheus.ABSENT
