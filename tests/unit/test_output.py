"""A table is one line a row for a program, and folded to the width of the terminal for somebody who looks."""

import re
import sys
from typing import Any

import pytest

from guichet.output import table

ROWS: list[dict[str, Any]] = [
    {"nom": "évènements", "objet": "mot " * 40, "vide": None},
    {"nom": "[x]", "objet": ":cœur:", "vide": 3},
]
COLUMNS = ["nom", "objet", "vide"]


def test_a_program_reads_one_line_a_row_in_aligned_columns() -> None:
    header, first, second = table(ROWS, COLUMNS).splitlines()

    assert header.index("objet") == first.index("mot") == second.index(":cœur:") == len("évènements") + 2
    assert second.endswith("3")


def test_a_terminal_gets_columns_within_its_width_and_every_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")

    lines = re.sub(r"\x1b\[\d*m", "", table(ROWS, COLUMNS)).splitlines()

    assert max(map(len, lines)) <= 60
    assert sum(line.split().count("mot") for line in lines) == 40
    assert any("[x]" in line and ":cœur:" in line for line in lines)


def test_nothing_is_said_in_one_line() -> None:
    assert table([], COLUMNS) == "(rien)"
