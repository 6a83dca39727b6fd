"""T4, T5 and T6: the stream stage beside other engines, on one broker, in turns, outputs compared.

``BUS_BENCH_EVENTS`` and ``BUS_BENCH_ROUNDS`` make the runs shorter or longer; ``BUS_BENCH_ENGINES`` names some (slugs).
"""

import os
import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypeVar

from bench.engines import events
from bench.engines.engine import ENGINES, OURS, Engine
from bench.engines.latency import delays
from bench.engines.measure import Run, run
from bench.engines.outputs import Outputs, difference, outputs
from bench.engines.world import World, load
from bench.roles import platform
from bench.table import Row, table

EVENTS: Final = 240_000
ROUNDS: Final = 3
HEADS: Final = (
    "engine",
    "state",
    "µs/event",
    "range",
    "× ours",
    "warm-up",
    "broker µs",
    "events/s",
    "MB",
    "load",
    "outputs",
)
LATE: Final = ("engine", "p50 ms", "p99 ms", "range of p99", "max", "× our p99", "load")
APPEND: Final = ("bus-stream", "kafka-streams", "kafka-streams--decoding", "quix-streams", "loop--dict",
                 "loop--no-state", "faust-as-it-comes")  # fmt: skip
FULL: Final = ("bus-stream", "kafka-streams", "quix-streams", "loop--dict")
LATENCY: Final = ("bus-stream", "kafka-streams", "quix-streams", "loop--dict", "faust-as-it-comes")
T = TypeVar("T")


def t4(folder: Path) -> list[Row]:
    """Append path: bytes are completed as they are, state and changelog kept."""
    runs = _costs(folder / "t4", "append", APPEND, "T4 append path, 103 topics")
    return [
        Row("T4", "CPU per event, Kafka Streams against ours", f"{_ratio(runs, 'kafka-streams'):.2f} ×", "≥ 1.3 ×"),
        Row("T4", "CPU per event, Quix Streams against ours", f"{_ratio(runs, 'quix-streams'):.2f} ×", "≥ 2 ×"),
    ]


def t5(folder: Path) -> list[Row]:
    """Full path: events of a later version of the contract, decoded, brought to ours, completed, encoded."""
    runs = _costs(folder / "t5", "full", FULL, "T5 full decode path, 103 topics")
    return [
        Row("T5", "CPU per event, Quix Streams against ours", f"{_ratio(runs, 'quix-streams'):.2f} ×", "≥ 1.2 ×"),
        Row("T5", "speed of ours against Kafka Streams", f"{_ratio(runs, 'kafka-streams'):.2f} ×", "≥ 0.5 ×"),
    ]


def t6(folder: Path) -> list[Row]:
    """Latency at 500 events per second."""
    chosen = _chosen(LATENCY)
    with platform(folder / "t6" / "plateforme") as (running, _):
        world = World(running.settings, folder / "t6")
        found = _in_turns(chosen, lambda engine: (delays(engine, world), load()))
    ours = _p99(found[OURS])
    rows = [_late(engine, runs, ours) for engine, runs in found.items()]
    table("T6 latency at 500 events/s", LATE, rows)
    streams = ENGINES["kafka-streams"]
    ratio = ours / _p99(found[streams]) if streams in found else float("nan")
    return [Row("T6", "p99, ours against Kafka Streams", f"{ratio:.2f} ×", "≤ 1.2 ×")]


def _costs(folder: Path, mode: str, names: Sequence[str], title: str) -> dict[Engine, list[Run]]:
    with platform(folder / "plateforme") as (running, _):
        world = World(running.settings, folder, running.children["kafka"].pid)
        world.feed(int(os.environ.get("BUS_BENCH_EVENTS", EVENTS)) // len(events.LIFE), mode=mode)
        said, ours = dict[Engine, str](), list[Outputs]()

        def one(engine: Engine) -> Run:
            made = run(engine, world, mode, load())
            if engine not in said:
                said[engine] = _compared(engine, world, ours)
            return made

        runs = _in_turns(_chosen(names), one)
    table(f"{title}, {world.fed} events", HEADS, [_line(e, found, said[e], runs[OURS]) for e, found in runs.items()])
    return runs


def _compared(engine: Engine, world: World, ours: list[Outputs]) -> str:
    """Compare an engine's outputs with those of our first run, which comes first."""
    made = outputs(engine, world)
    if engine is OURS:
        ours.append(made)
    found = difference(ours[0], made, engine)
    assert found is None, f"{engine.name}: {found}"
    return "equal" if engine.whole else "not comparable"


def _chosen(names: Sequence[str]) -> list[Engine]:
    """Give the engines asked for among these; ours is always one, and the first."""
    asked = os.environ.get("BUS_BENCH_ENGINES", ",".join(names)).split(",")
    return [OURS, *(ENGINES[name] for name in names if name in asked and ENGINES[name] is not OURS)]


def _in_turns(engines: Sequence[Engine], work: Callable[[Engine], T]) -> dict[Engine, list[T]]:
    """Run A B C, A B C…: what disturbs the machine for a while disturbs them all."""
    found: dict[Engine, list[T]] = {engine: [] for engine in engines}
    for number in range(int(os.environ.get("BUS_BENCH_ROUNDS", ROUNDS))):
        for engine in engines:
            print(f"  round {number + 1}: {engine.name}…", file=sys.stderr, flush=True)
            found[engine].append(work(engine))
    return found


def _median(runs: Sequence[Run]) -> float:
    return statistics.median(one.cpu for one in runs)


def _ratio(runs: dict[Engine, list[Run]], name: str) -> float:
    return _median(runs[ENGINES[name]]) / _median(runs[OURS]) if ENGINES[name] in runs else float("nan")


def _line(engine: Engine, runs: list[Run], said: str, ours: list[Run]) -> tuple[str, ...]:
    costs = sorted(one.cpu for one in runs)
    return (
        engine.name,
        engine.state,
        f"{_median(runs):.1f}",
        f"{costs[0]:.1f}–{costs[-1]:.1f}",
        f"{_median(runs) / _median(ours):.2f}",
        f"{statistics.median(one.warm for one in runs):.0f}",
        f"{statistics.median(one.broker for one in runs):.1f}",
        f"{statistics.median(one.rate for one in runs):.0f}",
        f"{max(one.memory for one in runs):.0f}",
        "/".join(one.load for one in runs),
        said if engine.share == 1 else f"{said}, first {engine.share:.0%}",
    )


def _p99(runs: Sequence[tuple[list[float], str]]) -> float:
    return statistics.median(late[int(len(late) * 0.99)] for late, _ in runs)


def _late(engine: Engine, runs: list[tuple[list[float], str]], ours: float) -> tuple[str, ...]:
    p99s = sorted(late[int(len(late) * 0.99)] for late, _ in runs)
    return (
        engine.name,
        f"{statistics.median(late[len(late) // 2] for late, _ in runs):.1f}",
        f"{_p99(runs):.1f}",
        f"{p99s[0]:.1f}–{p99s[-1]:.1f}",
        f"{max(late[-1] for late, _ in runs):.0f}",
        f"{_p99(runs) / ours:.2f}",
        "/".join(load_ for _, load_ in runs),
    )
