"""The due dates of a person, and the ordered keys under which a partition finds those of all its persons.

A clock is named by what it will tell and for whom: ``<type>/<authority>``. A day is counted from the epoch, in the zone
of the authority.
"""

from collections.abc import Iterable, Mapping, Sequence
from struct import Struct
from typing import Final, NamedTuple

DAY: Final = Struct(">I")
SIZE: Final = Struct(">H")
FIRST: Final = 1 << 31  # the epoch's place among days, so that days before it come first


class Due(NamedTuple):
    """A clock of a person that is due on a day."""

    day: int
    subject: bytes
    clock: str


class Moves(NamedTuple):
    """Which keys of the index come, once others are gone."""

    come: Sequence[bytes]
    gone: Sequence[bytes]


UNMOVED: Final = Moves((), ())


def reset(known: Mapping[str, int], wanted: Mapping[str, int | None]) -> Mapping[str, int]:
    """Give the due dates once those wanted are set or moved, and those wanted as None are cleared."""
    return {clock: day for clock, day in {**known, **wanted}.items() if day is not None}


def key(due: Due) -> bytes:
    """Give the key of a due date: keys sort by day."""
    return up_to(due.day) + SIZE.pack(len(due.subject)) + due.subject + due.clock.encode()


def up_to(day: int) -> bytes:
    """Give what every key of a day begins with; keys of earlier days sort before it."""
    return DAY.pack(day + FIRST)


def due(data: bytes) -> Due:
    """Give the due date of a key."""
    (size,) = SIZE.unpack_from(data, DAY.size)
    start = DAY.size + SIZE.size
    return Due(DAY.unpack_from(data)[0] - FIRST, data[start : start + size], data[start + size :].decode())


def moves(changes: Iterable[tuple[bytes, Mapping[str, int], Mapping[str, int]]]) -> Moves:
    """Give what the due dates of persons, before and after, change in the index."""
    come: list[bytes] = []
    gone: list[bytes] = []
    for subject, before, after in changes:
        if before != after:
            gone += [key(Due(day, subject, clock)) for clock, day in before.items()]
            come += [key(Due(day, subject, clock)) for clock, day in after.items()]
    return Moves(come, gone)
