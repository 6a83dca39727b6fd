"""Which contact parts may be passed on, among what every source has said: a refusal is never passed on."""

from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from streams.event import Part
from streams.person import Statement
from streams.reading import part as read_part

Rank: TypeAlias = tuple[object, ...]

SOURCE_RANK: Final[Mapping[str, int]] = {"france-travail": 1, "contact-caf": 2}  # higher wins a tie; unknown is 0


def precedence(statement: Statement) -> Rank:
    """Give the order in which statements win: (date_effet, date_observation, source rank, event id), design.md §4."""
    return (statement.effet, statement.observe, SOURCE_RANK.get(statement.source, 0), statement.event_id)


def told(known: tuple[Statement, ...], new: Statement) -> tuple[Statement, ...]:
    """Give the statements once a source has spoken; an older statement that comes late changes nothing."""
    others = tuple(one for one in known if one.source != new.source)
    mine = max((*(one for one in known if one.source == new.source), new), key=precedence)
    return tuple(sorted((*others, mine), key=lambda one: one.source))


def usable(statements: Iterable[Statement]) -> tuple[bytes, ...]:
    """Give the parts to pass on, most recent statement first, each value once.

    A value that one source says refused stays refused until a later statement says ``accorde``: silence on consent
    (``inconnu``) does not lift a refusal.
    """
    kept: dict[object, Part] = {}
    refused: set[object] = set()
    for statement in sorted(statements, key=precedence, reverse=True):
        for position, data in enumerate(statement.parts):
            part, _ = read_part(data, 0)
            value = _value(part, statement.source, position)
            if part.consentement == "refuse":
                refused.add(value)
                if value in kept and kept[value].consentement != "accorde":
                    del kept[value]
            elif value not in refused:
                kept.setdefault(value, part)
    return tuple(part.avro for part in kept.values())


def _value(part: Part, source: str, position: int) -> object:
    """What tells two parts apart without reading them; a part without fingerprint equals no other."""
    return (part.canal, part.empreinte) if part.empreinte is not None else (source, position)
