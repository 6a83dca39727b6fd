"""Results, printed as a table with units and kept as JSON."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.machine import description


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: the target's id, what was measured, the value with its unit, and what is asked of it."""

    target: str
    what: str
    value: str
    asked: str


def show(rows: list[Row], folder: Path) -> None:
    """Print the rows on stdout and write them beside the other runs."""
    widths = [max(len(getattr(row, name)) for row in rows) for name in ("target", "what", "value", "asked")]
    print(f"machine: {description()}\n")
    for row in rows:
        cells = (row.target, row.what, row.value, row.asked)
        print("  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip())
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"machine": description(), "rows": [asdict(row) for row in rows]}, ensure_ascii=False, indent=1)
    (folder / "results.json").write_text(text, encoding="utf-8")
