"""Each alert has a runbook that can be followed at three in the morning: every command it names exists."""

import re
import shlex
from pathlib import Path

import click
import pytest
from helpers import runbooks
from helpers.catalogue import OF_OTHERS, declared

from guichet.cli import root
from tools.dashboards.promql import reads
from tools.dashboards.rules import alerts, recordings
from tools.dashboards.waiting import SANS_METRIQUE

FOREIGN = {"curl", "date", "df", "getent", "openssl"}
"""Programs of any Debian that a runbook may name."""


def parse(command: click.Command, name: str, arguments: list[str]) -> None:
    """Have click read a line as it would, without running it; a wrong option or argument raises."""
    context = command.make_context(name, list(arguments), resilient_parsing=False)
    with context:
        if isinstance(command, click.Group):
            rest = [*context._protected_args, *context.args]
            found, sub, left = command.resolve_command(context, rest)
            assert found is not None
            assert sub is not None
            parse(sub, found, left)


def test_the_runbooks_are_those_of_the_alerts() -> None:
    wanted = {alert.runbook for alert in alerts()}

    assert wanted == {f"runbooks/{file.name}" for file in runbooks.files()}


@pytest.mark.parametrize("file", runbooks.files(), ids=lambda file: file.stem)
def test_a_runbook_has_every_heading_with_something_under_it_and_names_its_alerts(file: Path) -> None:
    text, found = file.read_text(encoding="utf-8"), runbooks.sections(file)

    assert list(found) == runbooks.HEADINGS
    assert all(len(section) > 20 for section in found.values())
    assert "```" in found["Vérifier"]
    title = text.splitlines()[0]
    assert {alert.name for alert in alerts() if alert.runbook == f"runbooks/{file.name}"} == set(
        re.findall(r"\bBus[A-Z]\w+", title)
    )


@pytest.mark.parametrize(("file", "line"), runbooks.lines("sh"))
def test_a_command_of_a_runbook_exists_with_its_options(
    file: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, *arguments = shlex.split(line)
    monkeypatch.chdir(tmp_path)
    for name in (one for one in arguments if one.endswith(".toml")):
        (tmp_path / name).touch()  # click asks that it exists

    if program == "bus":
        parse(root, "bus", arguments)
    else:
        assert program in FOREIGN, f"{file}: {line}"


def test_a_command_that_does_not_exist_is_refused() -> None:
    for line in ("delivery relacher", "delivery ls --abonne x", "delivery release", "personne effacer un deux"):
        with pytest.raises(click.UsageError):
            parse(root, "bus", line.split())


@pytest.mark.parametrize(("file", "line"), runbooks.lines("promql"))
def test_an_expression_of_a_runbook_reads_metrics_that_exist(file: str, line: str) -> None:
    known = declared().keys() | OF_OTHERS.keys() | recordings().keys() | SANS_METRIQUE.keys()

    assert reads(line).metrics <= known


@pytest.mark.parametrize("file", runbooks.files(), ids=lambda file: file.stem)
def test_a_runbook_links_to_pages_that_exist(file: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", file.read_text(encoding="utf-8"))

    assert [link for link in links if not (file.parent / link).is_file()] == []
