"""``bus synth``: what it refuses and what it prints."""

import json
from pathlib import Path

from click.testing import CliRunner, Result

from bus.errors import Refused
from guichet.commands.synth import synth


def run(*arguments: str) -> Result:
    return CliRunner().invoke(synth, [*arguments, "--households", "12", "--months", "1", "--dailies", "2"])


def test_it_prints_a_summary_that_the_folder_confirms(tmp_path: Path) -> None:
    result = run("--authority", "52", "--out", str(tmp_path / "monde"), "--json")

    summary = json.loads(result.stdout)
    truth = json.loads(Path(summary["verite"]).read_bytes())
    assert result.exit_code == 0
    assert summary["personnes"] == len(truth["personnes"])
    assert summary["fichiers"] == len(truth["fichiers"]) == len(list((tmp_path / "monde").iterdir())) - 1
    assert sum(summary["evenements"].values()) == len(truth["evenements"])
    assert "2026-01" in result.stderr


def test_it_refuses_a_folder_that_is_not_empty(tmp_path: Path) -> None:
    (tmp_path / "travail.txt").write_text("à garder")

    result = run("--authority", "52", "--out", str(tmp_path))

    assert isinstance(result.exception, Refused)
    assert "--force" in str(result.exception)


def test_force_replaces_an_earlier_world_and_nothing_else(tmp_path: Path) -> None:
    run("--authority", "52", "--out", str(tmp_path))
    (tmp_path / "travail.txt").write_text("à garder")

    result = run("--authority", "75", "--out", str(tmp_path), "--force")

    truth = json.loads((tmp_path / "verite.json").read_bytes())
    assert result.exit_code == 0
    assert truth["autorites"] == ["75"]
    assert {path.name for path in tmp_path.iterdir()} == {f["nom"] for f in truth["fichiers"]} | {
        "verite.json",
        "travail.txt",
    }


def test_it_refuses_an_authority_that_does_not_exist_or_comes_twice(tmp_path: Path) -> None:
    for codes in (("69",), ("52", "052"), ("99",)):
        arguments = [part for code in codes for part in ("--authority", code)]
        assert isinstance(run(*arguments, "--out", str(tmp_path / "x")).exception, Refused)
