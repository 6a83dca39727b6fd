import json
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from bus.errors import Misconfigured
from bus.settings import Settings
from bus.telemetry.door import Door
from bus.telemetry.metrics import INGEST_RECORDS


def test_the_environment_wins_over_the_running_platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    platform = {"kafka": {"bootstrap_servers": "127.0.0.1:1"}, "registre": {"url": "http://127.0.0.1:2"}}
    (tmp_path / "plateforme.json").write_text(json.dumps({"plateforme": platform}))
    monkeypatch.setenv("BUS_KAFKA_BOOTSTRAP", "127.0.0.1:9")

    settings = Settings.load(tmp_path)

    assert settings.kafka_bootstrap == "127.0.0.1:9"
    assert settings.registry_url == "http://127.0.0.1:2"
    assert settings.database_url is None


def test_a_role_shows_its_metrics_and_its_health() -> None:
    INGEST_RECORDS.labels(source="essai", result="accepted").inc(3)
    server = Door(0, lambda: True)
    try:
        body = urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=5).read()
        ready = urllib.request.urlopen(f"http://127.0.0.1:{server.port}/ready", timeout=5).status
    finally:
        server.close()

    assert b'bus_ingest_records_total{result="accepted",source="essai"} 3.0' in body
    assert ready == 200


def test_a_role_that_is_not_ready_says_so() -> None:
    server = Door(0, lambda: False)
    try:
        with pytest.raises(urllib.error.HTTPError) as refusal:
            urllib.request.urlopen(f"http://127.0.0.1:{server.port}/ready", timeout=5)
    finally:
        server.close()

    assert refusal.value.code == 503


def passing(folder: Path, times: int) -> int:
    program = f"from bus.failpoints import hit\nfor _ in range({times}): hit('here')"
    return subprocess.run(
        [sys.executable, "-c", program], env={"BUS_FAILPOINTS_DIR": str(folder)}, check=False
    ).returncode


def test_a_token_kills_one_process_at_its_count_and_is_logged(tmp_path: Path) -> None:
    (tmp_path / "here@3#1").touch()

    assert passing(tmp_path, 2) == 0
    assert passing(tmp_path, 5) == -signal.SIGKILL
    assert passing(tmp_path, 5) == 0
    assert (tmp_path / "hits.log").read_text() == "here\n"


@pytest.mark.parametrize("told", ["52,069", "x", '["988"]'])
def test_an_authority_that_does_not_exist_stops_the_start_with_a_sentence(
    told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUS_AUTORITES", told)

    with pytest.raises(Misconfigured, match="autorité inconnue"):
        Settings.load()


def test_authorities_are_read_in_any_spelling(monkeypatch: pytest.MonkeyPatch) -> None:
    for told in ("052,69M", '["052", "69M"]'):
        monkeypatch.setenv("BUS_AUTORITES", told)

        assert Settings.load().autorites == ["52", "69M"]


def test_a_wrong_setting_is_named_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUS_METRICS_PORT", "abc")

    with pytest.raises(Misconfigured, match="BUS_METRICS_PORT") as refusal:
        Settings.load()

    assert "abc" not in str(refusal.value)
