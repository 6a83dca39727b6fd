"""T10: a file of 450 entries, from the drop to the last webhook, every role running."""

import base64
import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.ingest import monthly, next_month
from bench.process import BUS, run
from bench.roles import role
from bench.table import Row

_SUBSCRIPTION = """
organisation = "banc"
[[abonnement]]
id = "banc"
types = ["rsa.droits_devoirs.entree"]
territoire = ["52"]
profil = "cd"
finalite = "Mesurer le délai"
base_legale = "CASF L262-29"
debut = 2020-01-01T00:00:00+01:00
fin = 2040-01-01T00:00:00+01:00
stock = "non"
poison = "bloquer"
contact_technique = "banc@departement.example"
[abonnement.destination]
genre = "webhook"
url = "http://127.0.0.1:{port}/banc"
secret_fichier = "banc.secret"
"""
ENTRIES = 450


def rows(folder: Path, *, port: int) -> list[Row]:
    """Have a month in which nobody is in droits et devoirs, then one in which 450 and more enter."""
    data = folder / "t10"
    env = {
        "BUS_DATA_DIR": str(data),
        "BUS_ARTIFACTS_DIR": os.environ.get("BUS_ARTIFACTS_DIR", str(Path(".bus/artifacts").absolute())),
    }
    before, after = _months(folder)
    run([*BUS, "dev", "up", "--detach"], env)
    try:
        secret = data / "secrets" / "deliver" / "abonnements" / "banc.secret"
        secret.write_text("whsec_" + base64.b64encode(os.urandom(32)).decode(), encoding="ascii")
        file = data / "banc.toml"
        file.write_text(_SUBSCRIPTION.format(port=port), encoding="utf-8")
        out = folder / "t10.jsonl"
        kept = ("--port", str(port), "--secret-file", str(secret), "--out", str(out))
        with role("receiver", env, folder / "receiver.log", *kept):
            run([*BUS, "subscription", "apply", str(file), "--json"], env)
            _dropped(before, data)
            started = time.monotonic()
            entries = _dropped(after, data)["evenements"]["rsa.droits_devoirs.entree"]
            accepted = time.monotonic() - started
            _until(lambda: _lines(out) >= entries, f"{entries} webhooks")
            seconds = time.monotonic() - started
    finally:
        run([*BUS, "dev", "down"], env)
    return [Row("T10", f"file of {entries} entries, dropped → last webhook", f"{seconds:.1f} s", "≤ 10 s"),
            Row("T10", "of which until its report", f"{accepted:.1f} s", "")]  # fmt: skip


def _months(folder: Path) -> tuple[Path, Path]:
    file = monthly(folder, ENTRIES)
    after = next_month(file)
    before = file.with_name("avant." + file.name)
    before.write_bytes(file.read_bytes().replace(b"<TOPPERSDRODEVORSA>1<", b"<TOPPERSDRODEVORSA>0<"))
    return before, after


def _dropped(file: Path, data: Path) -> Any:
    depot = data / "depot"
    depot.mkdir(exist_ok=True)
    shutil.copyfile(file, depot / f".{file.name}.part")
    (depot / f".{file.name}.part").rename(depot / file.name)
    report = depot / f"{file.name}.rapport.json"
    _until(report.exists, "a report")
    found = json.loads(report.read_text(encoding="utf-8"))
    return found[0] if isinstance(found, list) else found


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def _until(done: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 300
    while not done():
        assert time.monotonic() < deadline, f"not seen in 300 s: {what}"
        time.sleep(0.02)
