"""One run of one engine, measured from outside: processor time between two counts of its outputs."""

import math
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.engines.engine import OURS, Engine, stopped
from bench.engines.world import World
from bench.process import children_of, family_cpu
from bus import topics
from bus.territory import authority_codes

WARM: Final = 0.3  # of the events: Java compiles, caches fill; shown apart
PATIENCE: Final = 900.0
LOOK: Final = 0.1  # seconds


@dataclass(frozen=True, slots=True)
class Point:
    """A moment of a run: outputs that the broker holds, seconds, processor seconds of engine and broker."""

    outputs: int
    at: float
    cpu: float
    broker: float


@dataclass(frozen=True, slots=True)
class Run:
    """What one run gave; ``cpu``, ``warm`` and ``broker`` in µs per event, memory in MB."""

    engine: Engine
    rate: float
    cpu: float
    warm: float
    broker: float
    memory: float
    load: str = ""


def prepare(engine: Engine, world: World) -> list[str]:
    """Give an engine its empty output topics, as if nothing had run before."""
    world.forget_runs()
    names = [engine.topic(code) for code in authority_codes()]
    world.empty([*names, topics.ETAT_PERSONNES, topics.QUARANTAINE] if engine is OURS else names)
    return names


def run(engine: Engine, world: World, mode: str, load: str) -> Run:
    """Let an engine work through the input, then stop it; its outputs stay."""
    prepare(engine, world)
    wanted = int(world.fed * engine.share)
    process = engine.start(world, mode, linger_ms=100)  # ours has its own setting
    try:
        begin = when(1, engine, process, world)
        warm = when(int(wanted * WARM), engine, process, world)
        end = when(wanted, engine, process, world)
        memory = _memory(process.pid)
    finally:
        stopped(process)
    done = end.outputs - warm.outputs
    return Run(
        engine,
        rate=_per(done, end.at - warm.at),
        cpu=_per(1e6 * (end.cpu - warm.cpu), done),
        warm=1e6 * (warm.cpu - begin.cpu) / max(1, warm.outputs - begin.outputs),
        broker=_per(1e6 * (end.broker - warm.broker), done),
        memory=memory,
        load=load,
    )


def when(count: int, engine: Engine, process: subprocess.Popen[bytes], world: World) -> Point:
    """Wait until the outputs are at least that many."""
    names = [engine.topic(code) for code in authority_codes()]
    deadline = time.monotonic() + PATIENCE
    while True:
        found = world.ends(names)
        if found >= count:
            return Point(
                found, time.monotonic(), family_cpu(process.pid), family_cpu(world.broker) if world.broker else 0.0
            )
        assert process.poll() is None, f"the engine ended ({process.returncode})\n{engine.said(world)}"
        assert time.monotonic() < deadline, f"{found} outputs instead of {count} after {PATIENCE:.0f} s"
        time.sleep(LOOK)


def _per(amount: float, count: float) -> float:
    """Divide; not a number when a run was so short that its end and the end of its warm-up are one look."""
    return amount / count if count else math.nan


def _memory(pid: int) -> float:
    total = 0
    for one in (pid, *children_of(pid)):
        with suppress(FileNotFoundError):
            lines = Path(f"/proc/{one}/status").read_text(encoding="ascii", errors="replace").splitlines()
            total += sum(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    return total / 1024
