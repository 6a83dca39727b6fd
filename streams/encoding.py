"""How a person's state is written, in the local store and in the changelog: a format byte, then facets.

Two formats. *Flat* is what 0.1.0 wrote, one text without facets: it is read for ever, and still written while a state
says nothing more, so that this release and 0.1.0 may hold a partition in turns. *Faceted* is a list of ``tag, version,
length, bytes``: a facet that this release does not know is kept as it is, an absent one has its defaults. A version of
a known facet that this release cannot read is refused, nothing written: what it says would be missing in the outputs.
So a facet changes in two releases: one that reads the new version, then one that writes it (docs/adr/0021).

Sealed parts stay the bytes they came as: the versions of the facets ``contacts`` and ``identite`` change with
``bus.partie_scellee`` too (a test holds it).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from struct import Struct
from typing import Final

from bus.errors import Misconfigured
from streams.facets import layout
from streams.facets.known import ECHEANCES, FACETS, KNOWN, REPERES, FacetFields
from streams.facets.layout import NONE
from streams.person import NOBODY, State, Unread

FLAT: Final = 1
FACETED: Final = 2
# flat: format, journal, vu, attente_depuis, identite_observe, situations, statements, usable parts, size of identite
HEAD: Final = Struct("<BqqqqHHHI")
TAG: Final = Struct("<BBI")  # faceted, each facet: tag, version, size


@dataclass(frozen=True, slots=True)
class Head:
    """The first fields of a state: the record it reflects, and whether a contact waits in it."""

    journal: int
    vu: int
    waiting: bool


def encode(state: State) -> bytes:
    """Give the bytes of a state; equal states give equal bytes."""
    return _faceted(state) if state.echeances or state.inconnues else _flat(state)


def decode(data: bytes) -> State:
    """Give the state that bytes hold.

    Raises:
        Misconfigured: a later release wrote them in a way that this one cannot read, or their end is missing.
    """
    if data[0] == FLAT:
        return _from_flat(data)
    fields: FacetFields = {}
    unread = []
    for tag, version, content in _facets(data):
        if tag in KNOWN:
            _read(fields, tag, version, content)
        else:
            unread.append(Unread(tag, version, content))
    return State(**fields, inconnues=tuple(unread))


def head(data: bytes) -> Head:
    """Give what restoring needs to know of a state, without reading the rest; raises as ``decode``."""
    if data[0] == FLAT:
        _, journal, vu, since, *_ = HEAD.unpack_from(data)
        return Head(journal, vu, waiting=since != NONE)
    seen = _only(data, REPERES.tag)
    return Head(seen.journal, seen.vu, waiting=seen.attente_depuis is not None)


def echeances(data: bytes | None) -> Mapping[str, int]:
    """Give the due dates of a state, without reading the rest; raises as ``decode``."""
    return NOBODY.echeances if data is None or data[0] == FLAT else _only(data, ECHEANCES.tag).echeances


def _flat(state: State) -> bytes:
    identity = state.identite or b""
    out = [
        HEAD.pack(
            FLAT,
            state.journal,
            state.vu,
            NONE if state.attente_depuis is None else state.attente_depuis,
            state.identite_observe,
            len(state.situations),
            len(state.contacts),
            len(state.joignable),
            len(identity),
        ),
        identity,
    ]
    layout.put_situations(out, state.situations)
    layout.put_contacts(out, state.contacts, state.joignable)
    return b"".join(out)


def _from_flat(data: bytes) -> State:
    _, journal, vu, since, identity_observe, count, statements, usable, size = HEAD.unpack_from(data)
    at = HEAD.size + size
    identity = data[HEAD.size : at] if size else None
    situations, at = layout.situations_at(data, at, count)
    contacts, joignable = layout.contacts_at(data, at, statements, usable)
    waiting = None if since == NONE else since
    return State(journal, vu, situations, contacts, joignable, identity, identity_observe, waiting)


def _faceted(state: State) -> bytes:
    out = [bytes((FACETED,))]
    for tag, version, write, _ in FACETS:
        content = write(state)
        if content:
            out += (TAG.pack(tag, version, len(content)), content)
    for tag, version, kept in state.inconnues:
        out += (TAG.pack(tag, version, len(kept)), kept)
    return b"".join(out)


def _facets(data: bytes) -> list[tuple[int, int, bytes]]:
    if data[0] != FACETED:
        raise Misconfigured(_LATER.format(f"format {data[0]}"))
    found, at = [], 1
    while at < len(data):
        tag, version, size = TAG.unpack_from(data, at)
        start = at + TAG.size
        at = start + size
        found.append((tag, version, data[start:at]))
    if at > len(data):  # what is missing would be written away for good
        raise Misconfigured(
            f"état tronqué dans sa facette {found[-1][0]} : vérifiez le disque, puis reconstruisez le dossier d’état"
        )
    return found


def _read(fields: FacetFields, tag: int, version: int, content: bytes) -> None:
    reader = KNOWN[tag].readers.get(version)
    if reader is None:
        raise Misconfigured(_LATER.format(f"facette {tag}, version {version}"))
    reader(fields, content)


def _only(data: bytes, wanted: int) -> State:
    """Give a state with one facet read."""
    fields: FacetFields = {}
    for tag, version, content in _facets(data):
        if tag == wanted:
            _read(fields, tag, version, content)
    return State(**fields)


_LATER: Final = (
    "état écrit par une version plus récente du bus ({}) : mettez bus stream à jour ; n’effacez ni le dossier d’état ni"
    " etat.personnes, rien n’y est perdu"
)
