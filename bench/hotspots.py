"""Where the stream worker's processor time goes: by operating-system thread, and by part of our code (py-spy)."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from bench.engines import events
from bench.engines.engine import OURS, stopped
from bench.engines.measure import prepare, when
from bench.engines.world import World, load
from bench.roles import platform
from bench.table import RESULTS, Row, table

EVENTS: Final = 240_000
RATE: Final = 100  # samples per second
TICK: Final = os.sysconf("SC_CLK_TCK")
PARTS: Final[Mapping[str, str]] = {
    "bus/avro.py": "read the event",
    "streams/reading.py": "read the event",
    "streams/event.py": "read the event",
    "streams/facets/layout.py": "encode and decode states",
    "streams/facets/known.py": "encode and decode states",
    "streams/facets/": "fold the person's state",
    "streams/fold.py": "fold the person's state",
    "streams/person.py": "fold the person's state",
    "streams/routing.py": "route",
    "bus/territory.py": "route",
    "streams/enrichment.py": "complete the event",
    "streams/encoding.py": "encode and decode states",
    "streams/store.py": "local store (RocksDB)",
    "bus/clients.py": "produce: call into librdkafka",
    "streams/state.py": "states: cache, changelog",
    "streams/step.py": "the batch itself",
    "streams/handler.py": "the batch itself",
    "aiokafka/": "fetch and parse records (aiokafka)",
    "streams/lane.py": "Faust, asyncio, the lane",
    "faust/": "Faust, asyncio, the lane",
    "mode/": "Faust, asyncio, the lane",
    "asyncio/": "Faust, asyncio, the lane",
}
"""What a frame is part of, by the end of its file's path: of a sample, the innermost frame that is known counts."""


def rows(folder: Path) -> list[Row]:
    """Profile our worker on the append path, after its warm-up; no figure here is a target's."""
    with platform(folder / "profile" / "plateforme") as (running, _):
        world = World(running.settings, folder / "profile", running.children["kafka"].pid)
        world.feed(int(os.environ.get("BUS_BENCH_EVENTS", EVENTS)) // len(events.LIFE), mode="append")
        prepare(OURS, world)
        process = OURS.start(world, "append", linger_ms=0)
        try:
            begin = when(world.fed // 5, OURS, process, world)
            RESULTS.mkdir(parents=True, exist_ok=True)
            before, raw = threads(process.pid), RESULTS / "samples.txt"
            with _sampler(process.pid, raw) as sampler:
                end = when(world.fed, OURS, process, world)
                after = threads(process.pid)
                stopped(process)  # py-spy writes what it has seen when its process ends
                sampler.wait(60)
        finally:
            stopped(process)
    done = end.outputs - begin.outputs
    _show_threads(before, after, done)
    _show_parts(raw.read_text(encoding="utf-8"), 1e6 * (end.cpu - begin.cpu) / done)
    return []


WAITS: Final = ("selectors.py", "concurrent/futures/thread.py", "queue.py", "MainThread")
"""Where a thread waits, whatever py-spy takes it for; or a stack that could not be read."""


def _sampler(pid: int, raw: Path) -> subprocess.Popen[bytes]:
    tool = str(Path(sys.executable).with_name("py-spy"))
    options = ["--format", "raw", "--rate", str(RATE), "--threads", "--output", str(raw)]
    return subprocess.Popen([tool, "record", "--pid", str(pid), "--duration", "600", *options],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip


def threads(pid: int) -> dict[str, float]:
    """Give the processor seconds of a process by the name of its threads; Python's are told by their number only."""
    found: dict[str, float] = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        stat = (task / "stat").read_text(encoding="ascii", errors="replace")
        name, fields = stat[stat.index("(") + 1 : stat.rindex(")")], stat.rsplit(")", 1)[1].split()
        name = "main thread" if int(task.name) == pid else name
        found[name] = found.get(name, 0.0) + (int(fields[11]) + int(fields[12])) / TICK
    return found


def _show_threads(before: dict[str, float], after: dict[str, float], done: int) -> None:
    spent = {name: after[name] - before.get(name, 0.0) for name in after}
    whole = sum(spent.values())
    lines = [(name, f"{1e6 * value / done:.2f}", f"{value / whole:.1%}")
             for name, value in sorted(spent.items(), key=lambda one: -one[1]) if value > 0]  # fmt: skip
    table(f"threads of bus stream, load {load()}", ("thread", "µs/event", "share"), lines)


def _show_parts(samples: str, cost: float) -> None:
    """Share the samples of Python threads out; librdkafka's and RocksDB's own threads are in the other table."""
    found: Counter[str] = Counter()
    for line in samples.splitlines():
        stack, _, count = line.rpartition(" ")
        frames = stack.split(";")
        if not any(place in frames[-1] for place in WAITS):
            found[part(frames)] += int(count)
    whole = sum(found.values())
    lines = [(name, f"{count / whole:.1%}", str(count)) for name, count in found.most_common()]
    table(
        f"profile of bus stream, Python threads only, {cost:.1f} µs/event in all", ("part", "share", "samples"), lines
    )


def part(stack: list[str]) -> str:
    """Give what a sample belongs to."""
    for frame in reversed(stack):
        for place, name in PARTS.items():
            if place in frame:
                return name
    return "other"
