"""Write docs/reference; with ``--check``, show what differs instead.

Run as ``python -m tools.reference [--check]``. Exit codes: 0 done or equal, 1 different.
"""

import argparse
import difflib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tools.reference.index import ELSEWHERE, pages
from tools.reference.markdown import Pages
from tools.reference.sources import ROOT

FOLDER: Final = ROOT / "docs" / "reference"


def differences(folder: Path, wanted: Pages) -> Iterator[str]:
    """Give a unified diff for each page that is not what the code says, and name each file that no code makes."""
    for path, text in sorted(wanted.items()):
        file = folder / path
        found = file.read_text("utf-8") if file.exists() else ""
        if found != text:
            lines = difflib.unified_diff(
                found.splitlines(keepends=True), text.splitlines(keepends=True), f"écrit/{path}", f"voulu/{path}"
            )
            yield "".join(lines)
    for stray in strays(folder, wanted):
        yield f"{stray.relative_to(folder)} : aucun code ne l’écrit, retirez-le\n"


def strays(folder: Path, wanted: Pages) -> list[Path]:
    """Give the files of the folder that no generator writes."""
    ours = {*wanted, *ELSEWHERE}
    return sorted(one for one in folder.rglob("*") if one.is_file() and str(one.relative_to(folder)) not in ours)


def write(folder: Path, wanted: Pages) -> None:
    """Write every page, and remove what is none."""
    for path, text in wanted.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    for stray in strays(folder, wanted):
        stray.unlink()


def main(arguments: list[str] | None = None, folder: Path = FOLDER) -> int:
    """Write the pages, or compare them with ``--check``; the result is the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.reference")
    parser.add_argument("--check", action="store_true", help="ne rien écrire ; code 1 si une page diffère")
    checking = parser.parse_args(arguments).check
    if not checking:
        write(folder, pages())
        return 0
    found = list(differences(folder, pages()))
    if found:
        sys.stdout.write("".join(found))
        sys.stderr.write(f"docs/reference : {len(found)} écart(s). Lancez « make generate ».\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
