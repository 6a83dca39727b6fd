"""Results, printed as a table with units and kept as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from bench.machine import description
from guichet.output import aligned


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: the target's id, what was measured, the value with its unit, and what is asked of it."""

    target: str
    what: str
    value: str
    asked: str


RESULTS: Final = Path(__file__).parent / "results"


def table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a comparison, one engine a line, with the machine, and keep it in ``results`` under its first word."""
    text = "\n".join((title, f"machine: {description()}", "", aligned((heads, *rows)))) + "\n"
    print(text)
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{title.split(maxsplit=1)[0].lower()}.txt").write_text(text, encoding="utf-8")


def show(rows: list[Row], folder: Path) -> None:
    """Print the rows on stdout and write them beside the other runs."""
    print(f"machine: {description()}\n")
    print(aligned([(row.target, row.what, row.value, row.asked) for row in rows]))
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"machine": description(), "rows": [asdict(row) for row in rows]}, ensure_ascii=False, indent=1)
    (folder / "results.json").write_text(text, encoding="utf-8")
