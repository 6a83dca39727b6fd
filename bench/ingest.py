"""T1 and T2: parse, difference and journal of bénéficiaire files, against bare iterparse; memory by file size."""

import re
import statistics
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.process import BUS, Cost, family_cpu, run
from bench.table import Row
from bus.platform.postgres import database
from bus.settings import Settings
from bus.vault.provisioning import create_secrets

ROUNDS = 3


def rows(folder: Path, *, small: int = 20_000, large: int = 200_000) -> list[Row]:
    """Measure T1 on the small file, interleaved, and T2 on both."""
    few, many = monthly(folder, small), monthly(folder, large)
    ours, theirs, bare, servers = [], [], [], []
    for number in range(ROUNDS):
        bare.append(run([sys.executable, "-m", "bench.iterparse", str(few), "bare"], {}))
        theirs.append(run([sys.executable, "-m", "bench.iterparse", str(few)], {}))
        cost, server = ingest(folder / f"t1-{number}", [few])
        ours.append(cost)
        servers.append(server)
    again, _ = ingest(folder / "t1-next", [few, next_month(few)])
    big, _ = ingest(folder / "t2", [many])
    ratio = statistics.median(t.cpu for t in theirs) / statistics.median(o.cpu for o in ours)
    return [
        Row("T1", "bare lxml: iterparse, nothing made of it", f"{rate(small, bare):.0f} dossiers/CPU-s", ""),
        Row("T1", "iterparse into dictionaries", f"{rate(small, theirs):.0f} dossiers/CPU-s", ""),
        Row("T1", "bus ingest, first monthly (all published)", f"{rate(small, ours):.0f} dossiers/CPU-s", ""),
        Row("T1", "ratio", f"{100 * ratio:.0f} %", "≥ 25 %"),
        Row("T1", "the database's own CPU, apart", f"{statistics.median(servers):.1f} s", ""),
        Row("T1", "two monthlies, the second unchanged", f"{2 * small / again.cpu:.0f} dossiers/CPU-s", ""),
        Row("T2", f"peak memory, {small} households", f"{ours[0].peak_mb:.0f} MB", "≤ 250 MB"),
        Row("T2", f"peak memory, {large} households", f"{big.peak_mb:.0f} MB", "≤ 250 MB, flat"),
        Row("T2", f"{large} households", f"{large / big.wall:.0f} dossiers/s of wall time", ""),
    ]


def rate(dossiers: int, costs: list[Cost]) -> float:
    """Give the median of dossiers per processor second."""
    return statistics.median(dossiers / cost.cpu for cost in costs)


def monthly(folder: Path, households: int) -> Path:
    """Invent one monthly file of one authority."""
    out = folder / f"monde-{households}"
    if not out.exists():
        sizes = ["--authority", "52", "--seed", "1", "--households", str(households), "--months", "1"]
        run([*BUS, "synth", *sizes, "--dailies", "0", "--anomalies", "0", "--out", str(out)], {})
    return max(out.glob("*RSABEM*"), key=lambda file: file.stat().st_size)


def next_month(file: Path) -> Path:
    """Restate a monthly one month later."""
    content = file.read_bytes()
    head, mark, rest = content.partition(b"</IdentificationFlux>")
    moved = re.sub(rb"(<DT(?:CREAFLUX|REF)>\d{4}-)(\d\d)", lambda m: m[1] + b"%02d" % (int(m[2]) % 12 + 1), head)
    target = file.with_name("suite." + file.name)
    target.write_bytes(moved + mark + rest)
    return target


@contextmanager
def journal(data: Path) -> Iterator[dict[str, str]]:
    """Open an empty database with its secrets; gives the environment of a command that uses it."""
    create_secrets(data / "secrets")
    with database(Settings(data_dir=data)) as settings:
        yield {
            "BUS_DATA_DIR": str(data),
            "BUS_DATABASE_URL": str(settings.database_url),
            "BUS_SECRETS_DIR": str(data / "secrets" / "ingest"),
        }


def ingest(data: Path, files: list[Path]) -> tuple[Cost, float]:
    """Ingest files into an empty journal; gives our cost and the database's processor seconds."""
    with journal(data) as env:
        server = postmaster(data)
        before = family_cpu(server)
        cost = run([*BUS, "ingest", *map(str, files), "--source", "cnaf", "--json"], env)
        return cost, family_cpu(server) - before


def postmaster(data: Path) -> int:
    """Give the pid of the embedded server of a data folder."""
    pid_file = next(data.rglob("postmaster.pid"))
    return int(pid_file.read_text(encoding="ascii").splitlines()[0])
