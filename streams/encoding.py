"""How a person's state is written, in the local store and in the changelog: fixed fields, then what varies, in order.

An exception to "a library is better": every event writes one state, and fastavro needs a quarter of an event's time for
it, ``struct`` a twentieth. Nothing but this module reads these bytes; a test writes and reads any state.

Sealed parts stay the bytes they came as, so ``FORMAT`` changes with this layout *and* with ``bus.partie_scellee`` (a
test holds it); a state written in another format is refused. A part to pass on is its place among all the statements'.
"""

from dataclasses import dataclass
from struct import Struct, pack, unpack_from
from typing import Final

from bus.errors import Misconfigured
from streams.person import Dossier, Entry, Situation, State, Statement, Status

FORMAT: Final = 1
NONE: Final = -(2**63)  # no instant is so early
STATUSES: Final = tuple(Status)
PLACE: Final = {status: place for place, status in enumerate(STATUSES)}
RIGHTS: Final = (None, False, True)

# format, journal, vu, attente_depuis, identite_observe, situations, statements, parts to pass on, size of identite
HEAD: Final = Struct("<BqqqqHHHI")
# size of code, dossiers, place in RIGHTS, observe, entry: effet, observe, contact_le (observe NONE: no entry)
SITUATION: Final = Struct("<HHBqiqq")
# size of source, size of cle, place in STATUSES, observe, cause
DOSSIER: Final = Struct("<HHBqI")
# size of source, size of event_id, parts, effet, observe
STATEMENT: Final = Struct("<HHHiq")
SIZE: Final = Struct("<I")


@dataclass(frozen=True, slots=True)
class Head:
    """The first fields of a state: the record it reflects, and whether a contact waits in it."""

    journal: int
    vu: int
    waiting: bool


def encode(state: State) -> bytes:
    """Give the bytes of a state; equal states give equal bytes."""
    identity = state.identite or b""
    out = [
        HEAD.pack(
            FORMAT,
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
    for code, seen in sorted(state.situations.items()):
        _put_situation(out, code.encode(), seen)
    for said in state.contacts:
        _put_statement(out, said)
    if state.joignable:
        parts = [part for said in state.contacts for part in said.parts]
        out.append(pack(f"<{len(state.joignable)}H", *map(parts.index, state.joignable)))
    return b"".join(out)


def decode(data: bytes) -> State:
    """Give the state that bytes hold.

    Raises:
        Misconfigured: another version of the bus wrote them.
    """
    _check(data)
    _, journal, vu, since, identity_observe, count, statements, usable, size = HEAD.unpack_from(data)
    at = HEAD.size + size
    identity = data[HEAD.size : at] if size else None
    situations = {}
    for _ in range(count):
        code, seen, at = _situation(data, at)
        situations[code] = seen
    contacts = []
    for _ in range(statements):
        said, at = _statement(data, at)
        contacts.append(said)
    parts = [part for said in contacts for part in said.parts]
    joignable = tuple([parts[place] for place in unpack_from(f"<{usable}H", data, at)])
    waiting = None if since == NONE else since
    return State(journal, vu, situations, tuple(contacts), joignable, identity, identity_observe, waiting)


def head(data: bytes) -> Head:
    """Give what restoring needs to know of a state, without reading the rest; raises as ``decode``."""
    _check(data)
    _, journal, vu, since, *_ = HEAD.unpack_from(data)
    return Head(journal, vu, waiting=since != NONE)


def _check(data: bytes) -> None:
    if data[:1] != bytes([FORMAT]):
        raise Misconfigured("état écrit par une autre version du bus : videz le dossier d’état et etat.personnes")


def _put_situation(out: list[bytes], code: bytes, seen: Situation) -> None:
    entry = seen.entree
    effet, observe, met = (0, NONE, NONE) if entry is None else entry
    out.append(
        SITUATION.pack(
            len(code),
            len(seen.dossiers),
            RIGHTS.index(seen.droits_devoirs),
            seen.observe,
            effet,
            observe,
            NONE if met is None else met,
        )
    )
    out.append(code)
    for one in seen.dossiers:
        source, cle = one.source.encode(), one.cle.encode()
        out.append(DOSSIER.pack(len(source), len(cle), PLACE[one.statut], one.observe, one.cause))
        out.append(source)
        out.append(cle)


def _situation(data: bytes, at: int) -> tuple[str, Situation, int]:
    size, count, rights, observed, effet, observe, met = SITUATION.unpack_from(data, at)
    at += SITUATION.size
    code = data[at : at + size].decode()
    at += size
    dossiers = []
    for _ in range(count):
        source_size, cle_size, status, seen, cause = DOSSIER.unpack_from(data, at)
        at += DOSSIER.size
        middle, end = at + source_size, at + source_size + cle_size
        dossiers.append(Dossier(data[at:middle].decode(), data[middle:end].decode(), STATUSES[status], seen, cause))
        at = end
    entry = None if observe == NONE else Entry(effet, observe, None if met == NONE else met)
    return code, Situation(tuple(dossiers), RIGHTS[rights], observed, entry), at


def _put_statement(out: list[bytes], said: Statement) -> None:
    source, event_id = said.source.encode(), said.event_id.encode()
    out.append(STATEMENT.pack(len(source), len(event_id), len(said.parts), said.effet, said.observe))
    out.append(source)
    out.append(event_id)
    for part in said.parts:
        out.append(SIZE.pack(len(part)))
        out.append(part)


def _statement(data: bytes, at: int) -> tuple[Statement, int]:
    source_size, id_size, count, effet, observe = STATEMENT.unpack_from(data, at)
    at += STATEMENT.size
    middle, end = at + source_size, at + source_size + id_size
    parts, after = _parts(data, end, count)
    return Statement(data[at:middle].decode(), effet, observe, data[middle:end].decode(), parts), after


def _parts(data: bytes, at: int, count: int) -> tuple[tuple[bytes, ...], int]:
    found = []
    for _ in range(count):
        (size,) = SIZE.unpack_from(data, at)
        at += SIZE.size
        found.append(data[at : at + size])
        at += size
    return tuple(found), at
