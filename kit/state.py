"""What a receiver concludes from what it is sent: new or again, in order or not, complete or not. Pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one delivery adds: seen before, numbers missing before it, or a number that came too late."""

    duplicate: bool = False
    missing: int = 0
    late: bool = False


@dataclass(slots=True)
class Ledger:
    """The receiver's own account, by webhook-id and by (subscription, subject)."""

    seen: set[str] = field(default_factory=set)
    last: dict[tuple[str, str], int] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    by_subscription: Counter[str] = field(default_factory=Counter)

    def judge(self, webhook_id: str, body: Mapping[str, Any], *, told_missing: int = 0) -> Judgement:
        """Give the verdict on a verified delivery and remember it.

        Args:
            webhook_id: the delivery's own id.
            body: a CloudEvent with ``abonnement``, ``sequence`` and, for a person, ``subject``.
            told_missing: how many ids the header ``webhook-gap`` says will not arrive.
        """
        if webhook_id in self.seen:
            self.counts["doublons"] += 1
            return Judgement(duplicate=True)
        self.seen.add(webhook_id)
        subscription = str(body["abonnement"])
        lane = (subscription, str(body.get("subject") or body["id"]))
        verdict = _follow(self.last.get(lane, 0), int(body["sequence"]), told_missing)
        self.last[lane] = max(self.last.get(lane, 0), int(body["sequence"]))
        self.counts.update(recues=1, trous=verdict.missing, inversions=int(verdict.late))
        self.by_subscription[subscription] += 1
        return verdict

    def summary(self) -> dict[str, Any]:
        """Give the account: distinct deliveries, copies, refusals, missing numbers, inversions."""
        names = ("recues", "doublons", "refusees", "trous", "inversions")
        return {name: self.counts[name] for name in names} | {"abonnements": dict(sorted(self.by_subscription.items()))}


def _follow(last: int, sequence: int, told_missing: int) -> Judgement:
    if sequence <= last:
        return Judgement(late=True)
    return Judgement(missing=max(0, sequence - last - 1 - told_missing))
