"""The facets of a person's state that this release knows: what each says, its versions, and its bytes.

A facet that comes is a line of ``FACETS``, with a tag that no facet has had. One that changes gains a reader under its
next version and keeps the former ones; it is written in the new version one release later, so that the release before
can always read what it takes over (docs/adr/0021).
"""

from collections.abc import Callable, Mapping
from struct import Struct
from typing import Any, Final, NamedTuple, TypeAlias

from streams.facets import layout
from streams.facets.layout import NONE
from streams.person import State

REPERE: Final = Struct("<qqq")  # journal, vu, attente_depuis
COUNT: Final = Struct("<H")
COUNTS: Final = Struct("<HH")
OBSERVE: Final = Struct("<q")

FacetFields: TypeAlias = dict[str, Any]
"""Fields of a ``State``, by name."""


class Facet(NamedTuple):
    """One facet: how it is written (nothing: left out), and how each version that we read fills a state's fields."""

    tag: int
    version: int
    write: Callable[[State], bytes]
    readers: Mapping[int, Callable[[FacetFields, bytes], None]]


def _put_reperes(state: State) -> bytes:
    return REPERE.pack(state.journal, state.vu, NONE if state.attente_depuis is None else state.attente_depuis)


def _reperes(fields: FacetFields, data: bytes) -> None:
    fields["journal"], fields["vu"], since = REPERE.unpack(data)
    fields["attente_depuis"] = None if since == NONE else since


def _put_situations(state: State) -> bytes:
    if not state.situations:
        return b""
    out = [COUNT.pack(len(state.situations))]
    layout.put_situations(out, state.situations)
    return b"".join(out)


def _situations(fields: FacetFields, data: bytes) -> None:
    fields["situations"], _ = layout.situations_at(data, COUNT.size, *COUNT.unpack_from(data))


def _put_contacts(state: State) -> bytes:
    if not state.contacts:
        return b""
    out = [COUNTS.pack(len(state.contacts), len(state.joignable))]
    layout.put_contacts(out, state.contacts, state.joignable)
    return b"".join(out)


def _contacts(fields: FacetFields, data: bytes) -> None:
    fields["contacts"], fields["joignable"] = layout.contacts_at(data, COUNTS.size, *COUNTS.unpack_from(data))


def _put_identite(state: State) -> bytes:
    return b"" if state.identite is None else OBSERVE.pack(state.identite_observe) + state.identite


def _identite(fields: FacetFields, data: bytes) -> None:
    (fields["identite_observe"],), fields["identite"] = OBSERVE.unpack_from(data), data[OBSERVE.size :]


def _put_echeances(state: State) -> bytes:
    out: list[bytes] = []
    layout.put_echeances(out, state.echeances)
    return b"".join(out)


def _echeances(fields: FacetFields, data: bytes) -> None:
    fields["echeances"] = layout.echeances_in(data)


REPERES: Final = Facet(1, 1, _put_reperes, {1: _reperes})
ECHEANCES: Final = Facet(5, 1, _put_echeances, {1: _echeances})
FACETS: Final[tuple[Facet, ...]] = (
    REPERES,
    Facet(2, 1, _put_situations, {1: _situations}),
    Facet(3, 1, _put_contacts, {1: _contacts}),
    Facet(4, 1, _put_identite, {1: _identite}),
    ECHEANCES,
)
KNOWN: Final[Mapping[int, Facet]] = {facet.tag: facet for facet in FACETS}
"""A tag is never used again for something else; what a version says is never changed."""
