"""One event of one person: where it goes, what the state becomes, what is written for whom. Pure.

The same state and event give the same state and outputs, bytes and ids included: the handler, the tests, the bench and
the reference pages all take this step, and only the handler performs it.
"""

from typing import TypeAlias

from streams.derivation import Deriver
from streams.enrichment import Output, completed
from streams.event import Event
from streams.fold import fold
from streams.person import State
from streams.routing import Quarantine, Route, RoutingDecision, decide

At: TypeAlias = tuple[str, int, int]
"""(key, log, offset) of a record."""


def step(
    before: State, event: Event, plain: bytes, at: At, derive: Deriver | None = None
) -> tuple[State, list[Output], RoutingDecision]:
    """Give the state after an event, what is written for whom, and the fate of the event itself.

    An event that is put aside changes nothing and gives nothing; one that is withheld or waits may still make others.

    Args:
        before: the person without this event; ``NOBODY`` for one met for the first time.
        event: the event.
        plain: its bytes as they go on, not enriched.
        at: where it stands; its key must be the person's.
        derive: the rules by which events follow from it, if there are any.
    """
    key, journal, offset = at
    decision, authority = decide(event, before, key=key)
    if isinstance(decision, Quarantine):
        return before, [], decision
    after = fold(before, event, authority, journal=journal, offset=offset)
    codes = decision.authorities if isinstance(decision, Route) else ()
    outputs = [completed(event, plain, code, before, after) for code in codes]
    if derive is not None:
        after, derived = derive(before, event, after)
        outputs += derived
    return after, outputs, decision
