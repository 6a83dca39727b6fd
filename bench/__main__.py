"""``python -m bench [t1 t3 t4 t5 t6 t8 t10]``: measure, print a table with units, keep it in bench/results/."""

import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from bench import delivery, hotspots, ingest, path, relay, stage
from bench.table import Row, show
from bus.platform.ports import free_port

MEASURES: Mapping[str, Callable[[Path], list[Row]]] = {
    "t1": ingest.rows,
    "t3": relay.rows,
    "t4": stage.t4,
    "t5": stage.t5,
    "t6": stage.t6,
    "profile": hotspots.rows,
    "t8": lambda folder: delivery.rows(folder, port=free_port()),
    "t10": lambda folder: path.rows(folder, port=free_port()),
}


def main(names: list[str]) -> int:
    """Run the measures that are asked for, all of them by default."""
    unknown = set(names) - set(MEASURES)
    if unknown:
        print(
            f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(MEASURES)} (t1 measures T2 too)", file=sys.stderr
        )
        return 2
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="banc-") as scratch:
        for name in names or MEASURES:
            print(f"measuring {name}…", file=sys.stderr, flush=True)
            rows += MEASURES[name](Path(scratch))
    if rows:
        show(rows, Path(__file__).parent / "results")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
