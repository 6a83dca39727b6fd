"""The page that adds a source, followed to the letter: what it adds works, and what is forgotten is told."""

from pathlib import Path

import psycopg
import pytest
from helpers.door import ROOT, copy_of_tree, follow, run, touched

from bus.codec import decode_body
from bus.platform.postgres import database
from bus.settings import Settings

PAGE = ROOT / "docs" / "how-to" / "add-a-source.md"


def test_the_source_of_the_page_is_taken_in_and_its_event_waits_in_the_outbox(tmp_path: Path) -> None:
    tree = copy_of_tree(tmp_path)

    follow(PAGE, tree)

    with (
        database(Settings(data_dir=tree / ".bus" / "essai")) as settings,
        psycopg.connect(str(settings.database_url)) as conn,
    ):
        ((kind, verdict, events),) = conn.execute(
            "select kind, verdict, evenements from journal.flux where source = 'exemple'"
        ).fetchall()
        ((version, body),) = conn.execute(
            "select version, body from journal.outbox where type = 'adresse.changee'"
        ).fetchall()
    told = decode_body("adresse.changee", version, bytes(body))
    assert (kind, verdict, events) == ("exemple", "accepte", {"adresse.changee": 1, "flux.traite": 1})
    assert (told["source"], told["emetteur_fait_foi"]) == ("exemple", False)
    assert told["donnees"]["nouvelle_commune"] == "52121"
    for page in ("metriques.md", "commandes.md"):
        assert "`exemple`" in (tree / "docs" / "reference" / page).read_text("utf-8")


def test_at_most_six_files_are_touched_by_hand() -> None:
    assert len(touched(PAGE)) <= 6


@pytest.mark.parametrize(
    ("forgotten", "said"),
    [
        ("producers/exemple/reader.py", "No module named 'producers.exemple.reader'"),
        ("producers/exemple/stager.py", "No module named 'producers.exemple.stager'"),
        ("producers/exemple/__init__.py", "cannot import name 'SOURCE' from 'producers.exemple'"),
        ("producers/registry.py", "producers/exemple is no source that producers/registry.py lists"),
        (
            "tests/samples/exemple/demenagements.20260310.csv",
            "the source exemple has no sample: put one of each kind into tests/samples/exemple",
        ),
        ("tests/unit/test_producers_exemple.py", "no test imports producers.exemple"),
    ],
)
def test_a_forgotten_file_is_told_by_make_check(tmp_path: Path, forgotten: str, said: str) -> None:
    tree = copy_of_tree(tmp_path)

    follow(PAGE, tree, without=forgotten)
    done = run("pytest -q -p no:cacheprovider tests/contract/test_sources.py", tree)

    assert done.returncode != 0
    assert said in done.stdout + done.stderr


def test_every_file_of_the_page_has_been_forgotten_once() -> None:
    marks = [one for one in test_a_forgotten_file_is_told_by_make_check.pytestmark if one.name == "parametrize"]  # type: ignore[attr-defined]

    assert {case[0] for case in marks[0].args[1]} == set(touched(PAGE))
