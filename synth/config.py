"""What a world is asked to be."""

from dataclasses import dataclass, field
from datetime import date

from synth.kinds import RATES, LifeTurn


@dataclass(frozen=True, slots=True)
class Config:
    """The whole request: the same one gives the same bytes.

    ``households`` is per authority; ``dailies`` and ``contacts`` are the most files of that kind per month;
    ``anomalies`` is the share of files that carry a defect; ``caisses`` 0 lets chance decide, 1 keeps one caisse per
    authority, 2 gives a second one to each; ``rates`` are movements per household and month.
    """

    authorities: tuple[str, ...]
    seed: int = 1
    households: int = 200
    months: int = 2
    start: date = date(2026, 1, 1)
    dailies: int = 22
    contacts: int = 5
    anomalies: float = 0.03
    caisses: int = 0
    rates: dict[LifeTurn, float] = field(default_factory=lambda: dict(RATES))
