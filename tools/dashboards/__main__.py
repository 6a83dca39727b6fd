"""Write the dashboards: ``deploy/grafana/<uid>.json`` and ``docs/reference/tableaux-de-bord.md``.

Run as ``python -m tools.dashboards [--check]``. Exit codes: 0 done or equal, 1 different (``--check``, every
difference is named). The files depend on the definitions and the alert rules alone.
"""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from tools.dashboards import DASHBOARDS, grafana, page
from tools.dashboards.drawn import drawn
from tools.dashboards.rules import DEPLOY


def generated() -> dict[Path, str]:
    """Give every generated file and its text; a dashboard that has nothing to draw yet has no file."""
    files = {DEPLOY / "grafana" / f"{one.uid}.json": grafana.text(one) for one in DASHBOARDS if drawn(one)}
    return files | {DEPLOY.parent / "docs" / "reference" / "tableaux-de-bord.md": page.text()}


def differences(wanted: Mapping[Path, str]) -> list[str]:
    """Say, a sentence each, which files are missing, different, or no longer defined."""
    changed = [path for path, text in wanted.items() if not path.is_file() or path.read_text("utf-8") != text]
    return [
        *(f"{_short(path)} n’est plus ce que disent les définitions." for path in sorted(changed)),
        *(f"{_short(path)} n’a plus de définition." for path in sorted(_stray(wanted))),
    ]


def main(arguments: list[str] | None = None) -> int:
    """Write the files, or compare them with ``--check``; the result is the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.dashboards")
    parser.add_argument("--check", action="store_true", help="ne rien écrire ; code 1 si un fichier diffère")
    wanted = generated()
    if not parser.parse_args(arguments).check:
        for path, text in wanted.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        for stray in _stray(wanted):
            stray.unlink()
        return 0
    for sentence in (found := differences(wanted)):
        sys.stderr.write(f"{sentence} Lancez « make generate ».\n")
    return 1 if found else 0


def _stray(wanted: Mapping[Path, str]) -> set[Path]:
    return set((DEPLOY / "grafana").glob("*.json")) - wanted.keys()


def _short(path: Path) -> str:
    return str(path.relative_to(DEPLOY.parent))


if __name__ == "__main__":
    sys.exit(main())
