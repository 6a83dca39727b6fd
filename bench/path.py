"""T10: a file of 450 entries, from the drop to the last webhook, every role running."""

import contextlib
import os
import time
from pathlib import Path

from bench.ingest import monthly, next_month
from bench.roles import role
from bench.table import Row
from guichet.demo.stage import Scene, until
from guichet.demo.subscriber import secret_file, subscription

ENTRY = "rsa.droits_devoirs.entree"
ENTRIES = 450


def rows(folder: Path, *, port: int) -> list[Row]:
    """Have a month in which nobody is in droits et devoirs, then one in which 450 and more enter."""
    artifacts = Path(os.environ.get("BUS_ARTIFACTS_DIR", ".bus/artifacts")).absolute()
    stage, (before, after) = Scene(folder / "t10", artifacts), _months(folder)
    out, file = folder / "t10.jsonl", folder / "banc.toml"
    file.write_text(subscription("banc", ("52",), port=port, types=(ENTRY,)), encoding="utf-8")
    with contextlib.closing(stage):
        stage.bus("dev", "up", "--detach")
        kept = ("--port", str(port), "--secret-file", str(secret_file(stage.data, "banc")), "--out", str(out))
        with role("receiver", stage.environment, folder / "receiver.log", *kept):
            stage.bus("subscription", "apply", str(file))
            stage.drop([before])
            started = time.monotonic()
            (report,) = stage.drop([after])
            accepted, entries = time.monotonic() - started, report["evenements"][ENTRY]
            until(lambda: _lines(out) >= entries, f"{entries} webhooks")
            seconds = time.monotonic() - started
    return [
        Row("T10", f"file of {entries} entries, dropped → last webhook", f"{seconds:.1f} s", "≤ 10 s"),
        Row("T10", "of which until its report", f"{accepted:.1f} s", ""),
    ]


def _months(folder: Path) -> tuple[Path, Path]:
    file = monthly(folder, ENTRIES)
    before = file.with_name("avant." + file.name)
    before.write_bytes(file.read_bytes().replace(b"<TOPPERSDRODEVORSA>1<", b"<TOPPERSDRODEVORSA>0<"))
    return before, next_month(file)


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0
