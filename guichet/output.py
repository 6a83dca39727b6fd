"""What every ``bus`` command shares: its usual options, data on stdout, progress and messages on stderr."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import orjson

json_option = click.option("--json", "as_json", is_flag=True, help="Données en JSON sur la sortie standard.")
data_option = click.option(
    "--data",
    "data_dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Dossier de données (BUS_DATA_DIR, .bus).",
)


def emit(data: object, *, as_json: bool, text: str | Callable[[], str]) -> None:
    """Write a result on stdout: JSON when asked for, else the French text."""
    if as_json:
        click.echo(orjson.dumps(data, option=orjson.OPT_INDENT_2, default=str).decode())
    else:
        click.echo(text() if callable(text) else text)


def note(text: str) -> None:
    """Write a message or a progress line on stderr."""
    click.echo(text, err=True)


def table(rows: list[dict[str, Any]], columns: list[str]) -> str:
    """Lay rows out in aligned columns, with a header; an empty list gives one line that says so."""
    if not rows:
        return "(rien)"
    cells = [columns, *[["" if row.get(name) is None else str(row.get(name)) for name in columns] for row in rows]]
    widths = [max(len(line[index]) for line in cells) for index in range(len(columns))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in cells
    )
