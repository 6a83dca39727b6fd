"""The doors of the sources: each is listed, recognises its own files and nobody else's, says when it is expected."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bus.errors import Misconfigured
from guichet.commands.ingest import ingest
from producers import registry
from producers.journal.observation import BadRecord
from producers.journal.origin import Every, Kind, OnDemand
from producers.journal.source import Source
from producers.measures import expected_days
from producers.registry import SOURCES
from producers.settings import IngestSettings
from streams.facets.contacts import SOURCE_RANK
from tools.reference.metrics import VALUES

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "tests" / "samples"
SHARED = {"folder", "journal"}  # the rooms that are no source's
ROOMS = sorted(one.parent.name for one in ROOT.glob("producers/*/*.py") if one.parent.name not in SHARED)


def module_of(source: Source) -> str:
    return source.recognise.__module__.split(".")[1]


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Import(names=names):
                found |= {one.name for one in names}
            case ast.ImportFrom(module=str(origin), names=names):
                found |= {origin, *(f"{origin}.{one.name}" for one in names)}
    return found


def imports_room(path: Path, room: str) -> bool:
    return any(f"{name}.".startswith(f"producers.{room}.") for name in imported(path))


@pytest.mark.parametrize("room", sorted(set(ROOMS)))
def test_every_room_has_its_line_in_the_registry(room: str) -> None:
    listed = {module_of(source) for source in SOURCES.values()}

    assert room in listed, f"producers/{room} is no source that producers/registry.py lists: add its line to SOURCES"


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_is_called_by_its_own_name(name: str) -> None:
    assert SOURCES[name].name == name


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_recognises_its_samples_and_nobody_else_s(name: str) -> None:
    samples = sorted((SAMPLES / name).glob("*"))
    assert samples, f"the source {name} has no sample: put one of each kind into tests/samples/{name}"

    for path in samples:
        claimed = [one.name for one in SOURCES.values() if one.recognise(path.read_bytes()[:4096], path.name)]
        assert claimed == [name], f"{path.relative_to(ROOT)} is claimed by {claimed}"


@pytest.mark.parametrize("name", SOURCES)
def test_a_sample_ends_as_its_source_s_files_do_and_every_record_of_it_reads(name: str) -> None:
    for path in sorted((SAMPLES / name).glob("*")):
        octets = path.read_bytes()
        records = list(SOURCES[name].read(lambda octets=octets: [octets]))  # type: ignore[misc]

        assert SOURCES[name].ends(octets[-256:])
        assert records
        assert not [one for one in records if isinstance(one, BadRecord)]


@pytest.mark.parametrize("kind", registry.kinds(), ids=lambda kind: kind.label)
def test_every_kind_has_an_expected_calendar(kind: Kind) -> None:
    days = expected_days(kind, IngestSettings())

    match kind.calendar:
        case OnDemand(why):
            assert days is None
            assert why, f"{kind.label} is expected at no time: its calendar must say why"
        case Every(_) | _:
            assert days is not None
            assert days > 0


def test_kinds_have_labels_of_their_own_that_metrics_take() -> None:
    labels = [kind.label for kind in registry.kinds()]

    assert len(set(labels)) == len(labels)
    assert [one for one in labels if not re.fullmatch(r"[a-z][a-z0-9-]*", one)] == []


@pytest.mark.parametrize("name", SOURCES)
def test_what_a_header_says_leads_to_one_of_the_source_s_kinds(name: str) -> None:
    source = SOURCES[name]

    assert source.kind_of({}) in source.kinds
    assert source.kind_of({"typeflux": "inconnu"}) in source.kinds


def test_the_reference_and_the_command_line_follow_the_registry() -> None:
    (labels,) = VALUES["source"]
    (option,) = [one for one in ingest.params if one.name == "source"]

    assert list(labels) == [kind.label for kind in registry.kinds()]
    assert isinstance(option.type, click.Choice)
    assert list(option.type.choices) == list(SOURCES)


def test_an_unknown_source_is_refused_with_the_list_of_those_there_are() -> None:
    with pytest.raises(Misconfigured, match=f"inconnue : autre ; ce bus lit {', '.join(SOURCES)}"):
        registry.source("autre")


@given(st.binary(max_size=300), st.sampled_from(["f.xml", "f.csv", "f"]))
@example(b"ROLE PERSONNE\rNUMERO;\r\n", "f.csv")
def test_any_bytes_have_exactly_one_reader(head: bytes, name: str) -> None:
    assert registry.recognise(head, name) in SOURCES.values()


def test_what_nobody_recognises_goes_to_who_says_what_is_missing() -> None:
    head, name = b"une;table;quelconque\n1;2;3\n", "table.csv"

    assert not any(one.recognise(head, name) for one in SOURCES.values())
    assert registry.recognise(head, name) is registry.STRANGER


@pytest.mark.parametrize("room", [*sorted(set(ROOMS)), "journal"])
def test_a_room_knows_the_journal_and_no_other_source(room: str) -> None:
    others = set(ROOMS) - {room}
    found = {
        (path.name, other)
        for path in (ROOT / "producers" / room).glob("*.py")
        for other in others
        if imports_room(path, other)
    }

    assert found == set()


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_that_tells_contacts_has_a_rank_among_those_that_do(name: str) -> None:
    source = SOURCES[name]
    room = (ROOT / "producers" / module_of(source)).glob("*.py")
    tells_contacts = any('"contact.mis_a_jour"' in path.read_text("utf-8") for path in room)

    assert not tells_contacts or source.emitter in SOURCE_RANK, (
        f"{source.emitter} tells contacts and has no rank: add it to SOURCE_RANK of streams/facets/contacts.py"
    )


@pytest.mark.parametrize("room", sorted(set(ROOMS)))
def test_a_room_never_ends_the_transaction(room: str) -> None:
    found = {
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in (ROOT / "producers" / room).glob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ("commit", "rollback", "transaction", "autocommit")
    }

    assert found == set(), "producers/journal/transaction.py alone commits: a crash or a refusal must leave nothing"


def test_an_emitter_is_of_one_source() -> None:
    emitters = [one.emitter for one in SOURCES.values()]

    assert len(set(emitters)) == len(emitters), f"deux sources parlent sous un même nom : {', '.join(emitters)}"


@pytest.mark.parametrize("room", sorted(set(ROOMS)))
def test_every_source_has_a_test_of_its_own(room: str) -> None:
    tests = [path for path in (ROOT / "tests").rglob("test_*.py") if imports_room(path, room)]

    assert tests, f"no test imports producers.{room}: add tests/unit/test_producers_{room}.py"


def compared(path: Path) -> Iterator[str]:
    """Give the texts that a file compares something with."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        for value in (node.left, *node.comparators) if isinstance(node, ast.Compare) else ():
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield value.value


def test_nothing_asks_which_source_it_is() -> None:
    outside = [
        path
        for folder in ("producers", "guichet", "tools")
        for path in (ROOT / folder).rglob("*.py")
        if path.parent.name not in ROOMS
    ]
    found = {(path.name, text) for path in outside for text in compared(path) if text in SOURCES}

    assert found == set(), "ask the Source instead: it says how it differs"
