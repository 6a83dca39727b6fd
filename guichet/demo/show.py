"""The order of the demonstration: invent, start, feed day by day, wait for the last delivery, tell."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from bus.settings import Settings
from guichet.demo.measure import bodies, delays, measured, outstanding
from guichet.demo.page import addresses, page
from guichet.demo.stage import AUTHORITIES, Scene, until
from guichet.demo.story import Numbers, differences, true_numbers

Tell = Callable[[str], None]
"""Hears a French line of progress."""


@dataclass(frozen=True, slots=True)
class InventedWorld:
    """The world to invent."""

    households: int
    months: int
    seed: int


def run(stage: Scene, world: InventedWorld, tell: Tell) -> tuple[str, list[str]]:
    """Run the whole path once.

    Returns:
        The page, and the numbers that are not those of the invented lives (none when all is well).
    """
    stage.clear()
    tell("1/4 invention d’une population…")
    truth = _invent(stage, world)
    tell("2/4 démarrage de Kafka, du registre, de PostgreSQL et des rôles…")
    stage.bus("dev", "up", "--detach", quiet=False)
    stage.listen()
    month = _feed(stage, truth, tell)[:7]
    tell("4/4 dernières remises…")
    settings, true = Settings.load(stage.data), true_numbers(truth, month)
    found = _settled(stage, settings, month, true)
    false = differences(found, true)
    told = page(found, month, delays(settings), false)
    return told + "\n" + addresses(stage.status(), stage.urls, str(stage.data)), false


def _invent(stage: Scene, world: InventedWorld) -> Mapping[str, Any]:
    chosen = [part for code in AUTHORITIES for part in ("--authority", code)]
    sizes = ["--seed", str(world.seed), "--households", str(world.households), "--months", str(world.months)]
    stage.bus("synth", *chosen, *sizes, "--dailies", "6", "--out", str(stage.data / "monde"))
    truth: Mapping[str, Any] = orjson.loads((stage.data / "monde" / "verite.json").read_bytes())
    return truth


def _feed(stage: Scene, truth: Mapping[str, Any], tell: Tell) -> str:
    """Drop the files day by day; gives the last day."""
    days: defaultdict[str, list[Path]] = defaultdict(list)
    for file in truth["fichiers"]:
        days[file["jour"]].append(stage.data / "monde" / file["nom"])
    for number, day in enumerate(sorted(days), 1):
        tell(f"3/4 jour {day} ({number}/{len(days)}) : {len(days[day])} fichier(s)")
        stage.drop(days[day])
    return max(days)


def _settled(stage: Scene, settings: Settings, month: str, true: Numbers) -> Numbers:
    """Wait until nothing is on its way and the receivers have as much as they are owed."""
    until(
        lambda: outstanding(settings) == 0 and len(bodies(stage.kept())) >= true.webhooks,
        f"{true.webhooks} webhooks",
        news=lambda: outstanding(settings),
    )
    return measured(settings, stage.kept(), month)
