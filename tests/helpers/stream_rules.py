"""A rule that the product does not have, to see derived events and due dates at work: it tells a type of the contract.

An entry is announced at once and sets a clock six weeks later; a contact moves it by a week; an exit announces for
which day it was due and clears it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from bus.codec import EVENT_VERSION, Codec, encode_body
from streams.derivation import Announcement, Derivation, Derived, Deriver
from streams.event import CONTACT, Event
from streams.person import NOWHERE, State

TYPE = "identite.doublon_suspecte"
WAIT = 42  # days


def rule(before: State, event: Event, after: State) -> Derived:
    said: list[Announcement] = []
    dates: dict[str, int | None] = {}
    for code, seen in sorted(after.situations.items()):
        was, due = before.situations.get(code, NOWHERE).entree, before.echeances.get(f"{TYPE}/{code}")
        if seen.entree is None and was is not None:
            said.append(Announcement(code, event.effet, {"regle": "levee"}, due))
            dates[code] = None
        elif seen.entree is not None and (was is None or was.effet != seen.entree.effet):
            said.append(Announcement(code, event.effet, {"regle": "posee"}))
            dates[code] = seen.entree.effet + WAIT
        elif due is not None and event.type == CONTACT:
            dates[code] = due + 7
    return Derived(said, dates)


RULES: Sequence[Derivation] = (Derivation(TYPE, "essai-1", rule),)


def deriver(codec: Codec, rules: Sequence[Derivation] = RULES) -> Deriver:
    def encode(type_: str, record: Mapping[str, Any]) -> bytes:
        return codec.frame(type_, EVENT_VERSION[type_], encode_body(type_, record))

    return Deriver(encode, rules)
