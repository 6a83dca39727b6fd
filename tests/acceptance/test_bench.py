"""The comparison with other engines does not rot: run small, and nothing timed is asserted."""

import os
from pathlib import Path

import pytest

from bench import stage
from bench.engines import kstreams
from bench.engines.engine import ENGINES, OURS, Engine
from bench.engines.measure import run
from bench.engines.outputs import difference, outputs
from bench.engines.world import World
from bus import topics
from bus.platform.containers import RunningPlatform
from bus.registry import Registry, apply_contract

PERSONS = 300


def engines() -> list[Engine]:
    """Give those that need nothing more than the test environment; Java's archives are downloaded in CI only."""
    more = ["kafka-streams"] if kstreams.present() or os.environ.get("CI") else []
    return [ENGINES[name] for name in ("loop--dict", *more)]


def test_other_engines_write_what_our_stage_writes(
    platform: RunningPlatform, tmp_path: Path, artifacts_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUS_ARTIFACTS_DIR", str(artifacts_dir))
    topics.apply(platform.settings)
    apply_contract(Registry(str(platform.settings.registry_url)))
    world = World(platform.settings, tmp_path / "monde")
    fed = world.feed(PERSONS, mode="append")

    costs = [run(engine, world, "append", load="") for engine in (OURS, *engines())]
    ours = outputs(OURS, world)

    assert sum(map(len, ours.values())) == fed
    assert {engine.name: difference(ours, outputs(engine, world), engine) for engine in engines()} == {
        engine.name: None for engine in engines()
    }
    assert all(
        cost.memory > 0 for cost in costs
    )  # a few thousand events may be too quick for a figure of the processor


def test_an_output_that_differs_in_one_byte_or_in_order_is_told() -> None:
    place, rows = ("52", b"somebody"), [(b"1", b"a"), (b"2", b"b")]
    loop = ENGINES["loop--dict"]

    assert difference({place: rows}, {place: rows}, loop) is None
    assert difference({place: rows}, {place: rows[::-1]}, loop) == "52: other events, or another order"
    assert difference({place: rows}, {place: [rows[0], (b"2", b"c")]}, loop) == "52: another value under one id"
    assert difference({place: rows}, {}, loop) == "1 persons at one only"


def test_every_engine_of_a_measure_is_known() -> None:
    assert {*stage.APPEND, *stage.FULL, *stage.LATENCY} == set(ENGINES)
