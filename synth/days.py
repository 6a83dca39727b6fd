"""When files are dated: never two of one caisse and authority on one day, and contact files on days of their own.

So the truth does not depend on the order in which the files of one day are read.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, NamedTuple

from synth.config import Config
from synth.draws import Draws
from synth.places import Caisse

_HOLIDAYS: Final = frozenset({(1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25)})
_DAY: Final = timedelta(days=1)


class Slot(NamedTuple):
    """One bénéficiaire file to come: its rank in the scope, its day, and what it is."""

    place: int
    day: date
    monthly: bool
    month: int
    dtref: date


@dataclass(frozen=True, slots=True)
class FileCalendar:
    """Every file of the world: the slots of each scope, in order, and the Saturdays of the contact files."""

    slots: Mapping[Caisse, tuple[Slot, ...]]
    saturdays: tuple[date, ...]


def first_of_month(start: date, month: int) -> date:
    """Give the first day of the month that comes ``month`` months after ``start``."""
    count = start.year * 12 + start.month - 1 + month
    return date(count // 12, count % 12 + 1, 1)


def _days(start: date, month: int) -> Iterator[date]:
    day, end = first_of_month(start, month), first_of_month(start, month + 1)
    while day < end:
        yield day
        day += _DAY


def _working_days(start: date, month: int) -> list[date]:
    return [day for day in _days(start, month) if day.weekday() < 5 and (day.month, day.day) not in _HOLIDAYS]


def _monthly_day(config: Config, caisse: Caisse, month: int) -> date:
    first_ten = [day for day in _working_days(config.start, month) if 2 <= day.day <= 10]
    return Draws(config.seed, "mensuel", *caisse, month).pick(first_ten)


def _daily_days(config: Config, caisse: Caisse, month: int, after: date) -> list[date]:
    """Choose the days of the dailies: after every baseline, never the day of the monthly of that caisse."""
    monthly = _monthly_day(config, caisse, month)
    free = [day for day in _working_days(config.start, month) if day > after and day != monthly]
    draws = Draws(config.seed, "quotidiens", *caisse, month)
    ranked = sorted(free, key=lambda day: (draws.below(1 << 30), day))
    return sorted(ranked[: config.dailies])


def _slots(config: Config, caisse: Caisse, after: date) -> tuple[Slot, ...]:
    days: list[tuple[date, bool, int]] = []
    for month in range(config.months):
        days.append((_monthly_day(config, caisse, month), True, month))
        days.extend((day, False, month) for day in _daily_days(config, caisse, month, after))
    return tuple(
        Slot(index, day, monthly, month, first_of_month(config.start, month) - _DAY)
        for index, (day, monthly, month) in enumerate(sorted(days))
    )


def build(config: Config, scopes: tuple[Caisse, ...]) -> FileCalendar:
    """Lay out the days of every file of the world."""
    after = max(_monthly_day(config, caisse, 0) for caisse in scopes)
    saturdays = [
        day
        for month in range(config.months)
        for day in [day for day in _days(config.start, month) if day.weekday() == 5 and day > after][: config.contacts]
    ]
    return FileCalendar({caisse: _slots(config, caisse, after) for caisse in scopes}, tuple(saturdays))
