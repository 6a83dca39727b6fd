"""The page on channels, followed to the letter: the channel delivers; a forgotten file is told by name."""

from pathlib import Path

import pytest
from helpers.door import ROOT, copy_of_tree, follow, run, touched

PAGE = ROOT / "docs" / "how-to" / "add-a-channel.md"
TOLD = {
    "consumers/connectors/exemple.py": "No module named 'consumers.connectors.exemple'",
    "consumers/connectors/destination.py": "exemple: no member of the union",
    "consumers/connectors/registry.py": "exemple: no channel opens it",
    "tests/helpers/channels.py": "exemple: no harness",
}


def test_a_channel_takes_four_files_at_most() -> None:
    assert len(touched(PAGE)) <= 4
    assert set(touched(PAGE)) == set(TOLD)


def test_the_page_adds_a_channel_that_delivers(tmp_path: Path) -> None:
    tree = copy_of_tree(tmp_path)

    follow(PAGE, tree)

    codes = (tree / "docs" / "reference" / "erreurs.md").read_text("utf-8")
    assert "| `dossier` | le dossier ne se laisse pas écrire |" in codes
    checked = run("python -m tools.reference --check", tree)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("forgotten", TOLD)
def test_a_forgotten_file_is_told(tmp_path: Path, forgotten: str) -> None:
    tree = copy_of_tree(tmp_path)
    follow(PAGE, tree, without=forgotten)

    checked = run("pytest -q tests/contract/test_channels.py", tree)

    assert checked.returncode != 0
    assert TOLD[forgotten] in checked.stdout + checked.stderr
