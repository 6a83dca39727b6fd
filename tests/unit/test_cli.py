"""The promises of the command line: exit codes, and a sentence instead of a traceback for what is expected."""

import click
import psycopg
import pytest

from bus.errors import InvalidEvent, Misconfigured, Refused, Unavailable
from bus.reasons import Reason
from guichet import cli


def outcome(monkeypatch: pytest.MonkeyPatch, *arguments: str, fails: Exception | None = None) -> int:
    """Run ``bus`` in this process; a command ``probe`` raises what the test says."""

    @click.command()
    def probe() -> None:
        if fails is not None:
            raise fails

    monkeypatch.setattr(cli.root, "get_command", lambda _, name: probe if name == "probe" else None)
    monkeypatch.setattr("sys.argv", ["bus", *arguments])
    with pytest.raises(SystemExit) as end:
        cli.main()
    return int(end.value.code or 0)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (None, 0),
        (Refused("non"), 1),
        (InvalidEvent(Reason.SCHEMA_INCONNU), 1),
        (Unavailable("absente"), 3),
        (Misconfigured("mal réglé"), 3),
        (psycopg.OperationalError("server closed the connection"), 3),
    ],
)
def test_each_fate_has_its_exit_code(monkeypatch: pytest.MonkeyPatch, error: Exception | None, code: int) -> None:
    assert outcome(monkeypatch, "probe", fails=error) == code


def test_an_expected_error_is_one_sentence_on_stderr(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome(monkeypatch, "probe", fails=Unavailable("la base ne répond pas"))

    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "erreur : la base ne répond pas\n")


def test_a_wrong_option_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    assert outcome(monkeypatch, "probe", "--nulle-part") == 2


def test_a_bug_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["bus", "probe"])

    with pytest.raises(ZeroDivisionError):
        outcome(monkeypatch, "probe", fails=ZeroDivisionError())


def test_a_misspelt_command_is_answered_with_the_nearest(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["bus", "delivry"])
    with pytest.raises(SystemExit) as end:
        cli.main()

    assert end.value.code == 2
    assert "delivery" in capsys.readouterr().err


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_of_the_table_loads_and_helps(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["bus", name, "--help"])

    with pytest.raises(SystemExit) as end:
        cli.main()

    assert not end.value.code
