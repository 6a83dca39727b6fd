"""What ``bus ingest`` tells when a later file cannot be taken in."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import pytest

import producers.ingest
from bus.platform import postgres
from bus.settings import Settings
from guichet.cli import main
from producers.journal import spool
from producers.journal.source import Source
from producers.journal.verdict import Report, Verdict


class Disk:
    """Takes in what it can read, as the ingest does."""

    def __init__(self, *_: object, **__: object) -> None:
        return

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def purge(self) -> None:
        return

    def file(self, path: Path, source: Source) -> Report:
        flux = spool.identify(spool.read(path))
        return Report(spool.display_name(path), flux, source.name, None, {}, Verdict.ACCEPTE, None, None, 1, 1, 0, {})


@contextmanager
def no_database(settings: Settings) -> Iterator[Settings]:
    yield settings


def test_the_verdicts_before_an_unreadable_file_are_told_then_the_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    good, gone = tmp_path / os.fsdecode(b"bon\xff.xml"), tmp_path / "parti.xml"
    for path in (good, gone):
        path.write_bytes(b"<Racine/>")
    monkeypatch.setattr(postgres, "database", no_database)
    monkeypatch.setattr(producers.ingest, "Ingest", Disk)
    monkeypatch.setattr(Disk, "purge", lambda _: gone.unlink())  # after click looked at it
    arguments = ["ingest", str(good), str(gone), "--source", "cnaf", "--json", "--data", str(tmp_path / "data")]
    monkeypatch.setattr("sys.argv", ["bus", *arguments])

    with pytest.raises(SystemExit) as stopped:
        main()

    said = capsys.readouterr()
    assert stopped.value.code == 3
    assert [one["fichier"] for one in json.loads(said.out)] == ["bon\\xff.xml"]
    assert "parti.xml ne se lit pas" in said.err
