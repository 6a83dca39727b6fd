"""What pages name exists: paths and modules of the tree, commands and options of `bus`, settings, targets, words."""

import importlib
import re
import shlex
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest
from helpers import pages as how_to

import avro_schemas
from bus.roles import ROLES
from guichet.cli import root

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = "avro_schemas|bus|producers|streams|consumers|watch|synth|kit|guichet|tools|bench"
TOLD_BY_THEN = ("docs/adr/", "docs/reference/", "CHANGELOG.md")
"""Decisions and changes say what was true then; the reference is written from the code."""
OWN = {"BUS_GROUPE"}
"""Variables of a program that a page gives."""

SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
FENCE = re.compile(r"^ *```(\w*)[^\n]*\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
SHELL = ("", "sh", "console", "cron", "text")
WRITTEN = re.compile(r"^```.*\bfile=(\S+)", re.MULTILINE)
PLACE = re.compile(
    rf"(?<![\w./-])((?:{PACKAGES}|tests|deploy|docs|requirements)/(?:[\w./-]*[\w-]|[\w./-]*/)?)(?![\w<*{{…])"
)
MODULE = re.compile(rf"(?:{PACKAGES})(?:\.[A-Za-z_]\w*)+")
CALL = re.compile(r"\(.*\)$")
SCRIPT = re.compile(r"[\w-]+\.py")
OURS = re.compile(r"bus_[a-z_]+|Bus[A-Z]\w+")
"""Metrics and database roles; alerts and classes."""
COMMAND = re.compile(r"(?:^|[\s|;&(\"'])bus ([a-z][^\n|;&)<>#]*)")
ABSENT = "BUS_" + "NOTHING"
GLOSSARY = ROOT / "docs" / "explanation" / "glossary.md"
PICTURE = ROOT / "docs" / "way-of-the-data.svg"


def tracked(*patterns: str) -> list[Path]:
    """Give the files that are tracked or about to be."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT, capture_output=True, check=True,
    ).stdout.decode()  # fmt: skip
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def pages() -> list[Path]:
    return [page for page in tracked("*.md") if not str(page.relative_to(ROOT)).startswith(TOLD_BY_THEN)]


def wrong(text: str) -> list[str]:
    """Give what a page names and nothing is called so; a file that it has its reader write is there."""
    spans = [one for one in SPAN.findall(FENCE.sub("", text)) if not one.startswith("cp ")]
    said = [*spans, *(block for language, block in FENCE.findall(text) if language in SHELL)]
    written = WRITTEN.findall(text)
    return [
        *(place for one in spans for place in PLACE.findall(one) if not _exists(place, written)),
        *(name for one in spans if MODULE.fullmatch(name := CALL.sub("", one)) and not _means(name, written)),
        *(one for one in spans if SCRIPT.fullmatch(one) and one not in _file_names() and f" {one}\n" not in text),
        *(one for one in spans if OURS.fullmatch(one) and one not in _words()),
        *(f"bus {words}" for one in said for words in COMMAND.findall(one) if not _runs(words)),
        *(name for name in re.findall(r"BUS_[A-Z]+(?:_[A-Z]+)*\b(?!_)", text) if name not in _settings() | OWN),
        *(f"make {name}" for one in said for name in re.findall(r"\bmake ([a-z]+)", one) if name not in _targets()),
    ]


def _exists(place: str, written: list[str]) -> bool:
    made = bool(written) and place.startswith("docs/reference/")  # by `make generate`, once they are written
    return (ROOT / place).exists() or made or any(path.startswith(place) for path in written)


def _means(name: str, written: list[str]) -> bool:
    """Tell whether a dotted name is a module, what one holds, a record of the contract, or the name of a file."""
    if name in _records() | _file_names():
        return True
    if any(path.startswith(name.replace(".", "/")) for path in written):
        return True
    parts = name.split(".")
    for size in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:size]))
        except ModuleNotFoundError:
            continue
        for part in parts[size:]:
            found = getattr(found, part, None)
        return found is not None
    return False


@cache
def _records() -> frozenset[str]:
    """Give the full names of the records and enums of the contract."""
    newest = [avro_schemas.read(name, avro_schemas.versions(name)[-1]) for name in avro_schemas.names()]
    return frozenset(name for schema in newest for name in _named(schema))


def _named(schema: object) -> Iterator[str]:
    if isinstance(schema, list):
        for one in schema:
            yield from _named(one)
    elif isinstance(schema, dict):
        if "namespace" in schema:
            yield f"{schema['namespace']}.{schema['name']}"
        for one in schema.values():
            yield from _named(one)


def _runs(words: str) -> bool:
    """Tell whether a command exists and takes these options; what stands for something (`…`, `COMMANDE`) is let be."""
    command: click.Command = root
    context = click.Context(root)
    rest = _split(words)
    while isinstance(command, click.Group) and rest and re.fullmatch(r"[a-z-]+", rest[0]):
        try:
            found = command.get_command(context, rest.pop(0))
        except click.UsageError:
            return False
        if found is None:
            return False
        command = found
    if command.context_settings.get("ignore_unknown_options"):
        return True
    known = {name for param in command.params for name in (*param.opts, *param.secondary_opts)}
    return all(word.partition("=")[0] in known for word in rest if re.match(r"--?[a-z]", word))


def _split(words: str) -> list[str]:
    try:
        return shlex.split(words)
    except ValueError:  # a quote that the end of the command closes elsewhere
        return words.replace("'", " ").replace('"', " ").split()


@cache
def _file_names() -> frozenset[str]:
    return frozenset(path.name for path in tracked())


@cache
def _words() -> frozenset[str]:
    """Give every word of the code, of the contract and of the rules; a dotted name counts as one too."""
    texts = [path.read_text("utf-8") for path in tracked("*.py", "*.avsc", "*.yml")]
    return frozenset(word for text in texts for word in re.findall(r"[\w.]+", text) + re.findall(r"\w+", text))


@cache
def _settings() -> frozenset[str]:
    """Settings of the roles, and the variables that a program, a test or the Makefile reads by name."""
    texts = [path.read_text("utf-8") for path in tracked("*.py", "Makefile", "docs/reference/reglages.md")]
    return frozenset(name for text in texts for name in re.findall(r"BUS_[A-Z]+(?:_[A-Z]+)*", text))


@cache
def _targets() -> frozenset[str]:
    return frozenset(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_names_exists(page: Path) -> None:
    assert wrong(page.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see `bus/nowhere.py`", "bus/nowhere.py"),
        ("see `bus.nowhere`", "bus.nowhere"),
        ("see `bus.settings.Nothing`", "bus.settings.Nothing"),
        ("call `bus.stopping.nothing()`", "bus.stopping.nothing"),
        ("see `nowhere.py`", "nowhere.py"),
        (f"look at `{ABSENT.lower()}`", ABSENT.lower()),
        ("run `bus nothing`", "bus nothing"),
        ("run `bus dev fly`", "bus dev fly"),
        ("run `bus dev up --fast`", "bus dev up --fast"),
        ("```sh\nx=1 && bus delivery ls --color | wc -l\n```", "bus delivery ls --color "),
        (f"set `{ABSENT}`", ABSENT),
        ("```sh\nmake coffee\n```", "make coffee"),
    ],
)
def test_what_exists_nowhere_is_found(text: str, found: str) -> None:
    assert wrong(text) == [found]


def test_what_exists_is_let_be() -> None:
    text = (
        "`bus/settings.py`, `bus.settings.Settings`, `bus.cause`, `bus dev up --detach`, `BUS_DATA_DIR`, `make check`"
    )

    assert wrong(text) == []


def rows() -> Iterator[tuple[str, str]]:
    for line in GLOSSARY.read_text("utf-8").splitlines():
        if line.startswith("| ") and not line.startswith("| word"):
            word, _, code = [cell.strip() for cell in line.strip("|").split("|")]
            yield word, code


def test_the_words_of_the_glossary_are_in_order_and_each_once() -> None:
    words = [word.casefold().translate(str.maketrans("éèê", "eee")) for word, _ in rows()]

    assert words == sorted(set(words))


def test_the_code_has_every_name_that_the_glossary_gives() -> None:
    names = [name for _, code in rows() for name in SPAN.findall(code)]

    assert [name for name in names if name not in _words() and not _means(name, [])] == []


@pytest.mark.parametrize("role", ROLES)
def test_the_file_of_settings_of_a_role_gives_what_its_row_says(role: str) -> None:
    told = dict(line.split("=", 1) for line in how_to.blocks("installer.md")[f"{role}.env"].splitlines())
    user = re.search(r"//(\w+)@", told.get("BUS_DATABASE_URL", ""))

    assert told["BUS_METRICS_PORT"] == str(ROLES[role].metrics)
    assert told.get("BUS_KAFKA_USERNAME") == ROLES[role].kafka
    assert (user and user[1]) == ROLES[role].database


def test_the_picture_of_the_way_of_the_data_is_small_and_says_what_it_shows() -> None:
    svg = "{http://www.w3.org/2000/svg}"
    drawn = ET.fromstring(PICTURE.read_text("utf-8"))  # noqa: S314 - our own file

    assert PICTURE.stat().st_size <= 10_000
    assert all(len(drawn.findtext(f"{svg}{name}") or "") > 10 for name in ("title", "desc"))
    assert "prefers-color-scheme: dark" in (drawn.findtext(f"{svg}style") or "")
