"""T3: the relay, from a full outbox to acknowledged and marked rows."""

from pathlib import Path

import psycopg

from bench.ingest import monthly
from bench.process import BUS, cpu_of, run
from bench.roles import number, platform, role, wait
from bench.table import Row

_LEFT = "select count(*) from journal.outbox where published_at is null"
_SPAN = (
    "select count(*) filter (where published_at > first), extract(epoch from max(published_at) - min(published_at))"
    " from journal.outbox, (select min(published_at) as first from journal.outbox) as f"
)


def rows(folder: Path, *, households: int = 50_000) -> list[Row]:
    """Fill the outbox with one monthly, then let `bus relay` empty it."""
    file, data = monthly(folder, households), folder / "t3"
    with platform(data) as (_, env):
        run([*BUS, "ingest", str(file), "--source", "cnaf", "--json"], env)
        with psycopg.connect(env["BUS_DATABASE_URL"], autocommit=True) as conn:
            total = number(conn, _LEFT)
            with role("relay", env, folder / "relay.log") as process:
                wait(lambda: number(conn, _LEFT) == 0, process, "an empty outbox")
                cpu = cpu_of(process.pid)
            after_first, seconds = conn.execute(_SPAN).fetchone() or (0, 1)
    return [
        Row("T3", f"relay, {total:.0f} events, broker and database on the same cores",
            f"{int(after_first) / float(seconds):.0f} events/s", "≥ 20,000 events/s"),
        Row("T3", "relay's own CPU, start-up included", f"{1e6 * cpu / total:.0f} µs/event", ""),
    ]  # fmt: skip
