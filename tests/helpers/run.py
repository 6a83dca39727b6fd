"""One system fed with one world, file by file, and what its receivers kept."""

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from helpers.oracle import Told, difference, once, told, who_is_who
from helpers.subscribers import Subscriber
from helpers.system import Receiver, System, World, reported
from helpers.wait import eventually

AUTHORITIES = ["52", "69M", "69D"]
WITHOUT_IDENTITY = 'champs = ["situation", "echeances"]'
SUBSCRIBERS = [
    *[Subscriber(f"cd-{code.lower()}", (code,)) for code in AUTHORITIES],
    *[Subscriber(f"voisin-{code}", (code,)) for code in ("21", "01")],
    Subscriber("statistique", ("52", "69M"), fields=WITHOUT_IDENTITY),
    Subscriber("entrees", ("52", "69D"), types=("rsa.droits_devoirs.entree",)),
]


@dataclass
class Run:
    system: System
    world: World
    receivers: dict[str, Receiver]
    reports: list[dict[str, Any]] = field(default_factory=list)

    def owed(self, subscriber: Subscriber) -> Counter[Told]:
        return subscriber.expected().of(self.world.truth)

    def bodies(self, subscriber: Subscriber) -> list[Any]:
        return once(self.receivers[subscriber.name].lines())

    def feed(self, seed: int, *, timeout: float = 120) -> None:
        """Drop the files day by day, shuffled within the day, 2 % of them twice."""
        for day in self.world.days(seed):
            self.feed_day(day, random.Random(f"{seed}{day[0].name}"), timeout=timeout)  # noqa: S311 - reproducible

    def feed_day(self, day: list[Any], chance: random.Random, *, timeout: float) -> None:
        self.reports += reported(self.system.drop(day), timeout=timeout)
        doubled = [file for file in day if chance.random() < 0.02]
        self.reports += reported(self.system.drop(doubled, prefix="bis."), timeout=timeout)

    def settle(self, *, timeout: float) -> None:
        """Wait until each receiver has as many deliveries as it is owed."""
        for subscriber in SUBSCRIBERS:
            self.settle_one(subscriber, self.owed(subscriber).total(), timeout=timeout)

    def settle_one(self, subscriber: Subscriber, count: int, *, timeout: float) -> None:
        """Wait until one receiver has at least ``count`` deliveries."""
        eventually(
            lambda: len(self.bodies(subscriber)) >= count,
            timeout=timeout,
            what=lambda: (
                f"{count} deliveries at {subscriber.name}, {len(self.bodies(subscriber))} received; "
                + self.gap(subscriber)
            ),
        )

    def gap(self, subscriber: Subscriber) -> str:
        """Say what is missing or too much at one receiver."""
        if subscriber.fields == WITHOUT_IDENTITY:
            return ""
        return difference(told(self.bodies(subscriber), who_is_who(self.world.truth)), self.owed(subscriber))

    def check(self, subscriber: Subscriber) -> None:
        """What a receiver kept is exactly what it was owed."""
        owed, bodies = self.owed(subscriber), self.bodies(subscriber)
        if subscriber.fields == WITHOUT_IDENTITY:
            got = Counter((b["type"], b["data"]["date_effet"], b["data"]["autorite"]) for b in bodies)
            assert got == Counter(fact[1:] for fact in owed.elements())
        else:
            facts = told(bodies, who_is_who(self.world.truth))
            assert facts == owed, difference(facts, owed)
