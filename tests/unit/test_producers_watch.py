"""When a file of the watched folder is whole, what it is called, and what one impossible file does to the others."""

import os
from pathlib import Path
from typing import Any, Self

import pytest

from bus.settings import Settings
from producers.folder import watch
from producers.folder.completeness import Patience, patience_with, written
from producers.folder.reports import report_name
from producers.folder.watch import Watch
from producers.journal import spool
from producers.journal.verdict import Report, Verdict
from producers.registry import recognise

WHOLE = b"<?xml version='1.0'?><Racine></Racine>\n"
HALF = WHOLE[:25]
PATIENCE = Patience(long=10, short=3, empty=30)


class Clock:
    """Seconds that pass only when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def role(tmp_path: Path, clock: Clock) -> Watch:
    (tmp_path / "depot").mkdir()
    return Watch(Settings(data_dir=tmp_path), tmp_path / "depot", patience=PATIENCE, clock=clock)


@pytest.mark.parametrize(
    ("octets", "name", "seconds"),
    [
        (WHOLE, "f.xml", 0),
        (WHOLE.decode().encode("utf-16"), "f.xml", 0),
        (HALF, "f.xml", 10),
        (b"MATRICULE;ROLE\n1;2\n", "f.csv", 0),
        (b"MATRICULE;ROLE\n1;", "f.csv", 3),
        (b"", "f.csv", 30),
    ],
)
def test_a_file_that_does_not_end_as_its_kind_must_hold_still_longer(octets: bytes, name: str, seconds: float) -> None:
    assert patience_with(len(octets), octets, octets, name, PATIENCE) == seconds


def test_half_a_file_and_a_pause_wait_for_the_rest(role: Watch, clock: Clock, tmp_path: Path) -> None:
    path = tmp_path / "depot" / "rsa.lent.xml"
    path.write_bytes(HALF)
    assert role._complete() == []
    clock.now += 2
    assert role._complete() == []

    path.write_bytes(WHOLE)

    assert role._complete() == []
    assert role._complete() == [path]


@pytest.mark.parametrize(("octets", "seconds"), [(HALF, 10), (b"", 30)])
def test_a_file_that_never_ends_is_taken_once_it_has_held_still(
    role: Watch, clock: Clock, tmp_path: Path, octets: bytes, seconds: float
) -> None:
    path = tmp_path / "depot" / "rsa.casse.xml"
    path.write_bytes(octets)
    role._complete()
    clock.now += seconds - 0.1
    assert role._complete() == []
    clock.now += 0.2
    assert role._complete() == [path]


def test_a_whole_file_that_a_process_still_writes_is_left_alone(role: Watch, clock: Clock, tmp_path: Path) -> None:
    path = tmp_path / "depot" / "rsa.ouvert.xml"
    with path.open("wb", buffering=0) as file:
        file.write(WHOLE)
        role._complete()
        clock.now += 3_600
        assert role._complete() == []

    assert role._complete() == [path]


def test_only_a_writer_of_that_very_file_holds_it(tmp_path: Path) -> None:
    (tmp_path / "ailleurs").mkdir()
    path, namesake = tmp_path / "f.xml", tmp_path / "ailleurs" / "f.xml"
    path.write_bytes(WHOLE)

    with path.open("rb"), namesake.open("wb"):
        assert written([path]) == set()
    with path.open("ab"):
        assert written([path]) == {path}


def test_a_name_that_is_not_utf8_is_told_escaped_and_bounded() -> None:
    assert spool.display_name(Path(os.fsdecode(b"caf\xc3\xa9-\xff.xml"))) == "café-\\xff.xml"
    assert len(spool.display_name(Path(os.fsdecode(b"\xff" * 255)))) == 255


@pytest.mark.parametrize("name", ["a" * 246 + ".xml", "é" * 123 + ".xml", "\\xff" * 63])
def test_the_report_of_a_long_name_is_shortened_and_still_recognised(name: str) -> None:
    shortened = report_name(report(name))

    assert len(shortened.encode()) <= 255
    assert shortened.startswith(name[:90])
    assert shortened.endswith(".abcdefabcdef.rapport.json")
    assert report_name(report("rsa.xml")) == "rsa.xml.rapport.json"


def report(name: str) -> Report:
    flux = "sha256:abcdefabcdef0000"
    return Report(name, flux, "cnaf", None, {}, Verdict.ACCEPTE, None, None, 0, 0, 0, {})


class FakeIngest:
    """Counts the purges; gives no copy that waits."""

    purges = 0
    desk: Any = None

    def __init__(self, _: Settings) -> None:
        self.tools = type("Tools", (), {"conn": None, "ring": None})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def purge(self) -> None:
        type(self).purges += 1


class Turns:
    """A stop signal that comes after so many scans, each an amount of seconds after the other."""

    def __init__(self, clock: Clock, scans: int, seconds: float) -> None:
        self._clock, self._left, self._seconds = clock, scans, seconds

    def is_set(self) -> bool:
        return self._left == 0

    def wait(self, _: float) -> None:
        self._left -= 1
        self._clock.now += self._seconds


def test_a_role_that_lives_long_purges_every_hour(role: Watch, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "Ingest", FakeIngest)
    monkeypatch.setattr(spool, "pending", lambda *_: [])
    monkeypatch.setattr(FakeIngest, "purges", 0)

    role.run(Turns(clock, scans=13, seconds=600))  # type: ignore[arg-type]  # all that run() asks of an event

    assert FakeIngest.purges == 3  # at start, after one hour, after two


def test_a_file_that_the_disk_refuses_does_not_stop_the_others(
    role: Watch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = tmp_path / "depot" / "a.xml", tmp_path / "depot" / "b.xml"
    for path in (bad, good):
        path.write_bytes(WHOLE)
    tried: list[Path] = []

    def seal(_: object, path: Path) -> None:
        tried.append(path)
        if path == bad:
            raise OSError(28, "no space left")

    monkeypatch.setattr(watch, "Ingest", FakeIngest)
    monkeypatch.setattr(role, "_seal", seal)
    role._complete()
    for _ in range(2):
        role._take(role._complete(), Turns(Clock(), 9, 0))  # type: ignore[arg-type]  # as above

    assert tried == [bad, good, good]  # the refused one is not tried again before the next upkeep
    assert bad.exists()


def test_the_source_of_an_empty_file_is_told_by_its_name() -> None:
    assert (recognise(b"", "f.csv").name, recognise(b"", "f.xml").name) == ("contact", "cnaf")
