"""How each part of a person's state stands in bytes: fixed fields, then what varies, in order.

An exception to "a library is better": every event writes one state, and fastavro needs a quarter of an event's time for
it, ``struct`` a twentieth. A test writes and reads any state.
"""

from collections.abc import Mapping, Sequence
from struct import Struct, pack, unpack_from
from typing import Final

from streams.person import Dossier, Entry, Situation, Statement, Status

NONE: Final = -(2**63)  # no instant is so early
STATUSES: Final = tuple(Status)
PLACE: Final = {status: place for place, status in enumerate(STATUSES)}
RIGHTS: Final = (None, False, True)

# size of code, dossiers, place in RIGHTS, observe, entry: effet, observe, contact_le (observe NONE: no entry)
SITUATION: Final = Struct("<HHBqiqq")
# size of source, size of cle, place in STATUSES, observe, cause
DOSSIER: Final = Struct("<HHBqI")
# size of source, size of event_id, parts, effet, observe
STATEMENT: Final = Struct("<HHHiq")
SIZE: Final = Struct("<I")
# size of clock, day
DUE: Final = Struct("<Hi")


def put_situations(out: list[bytes], situations: Mapping[str, Situation]) -> None:
    """Write situations by authority, in order; equal ones give equal bytes."""
    for code, seen in sorted(situations.items()):
        _put_situation(out, code.encode(), seen)


def situations_at(data: bytes, at: int, count: int) -> tuple[dict[str, Situation], int]:
    """Read that many situations; gives them and the place after."""
    found = {}
    for _ in range(count):
        code, seen, at = _situation(data, at)
        found[code] = seen
    return found, at


def put_contacts(out: list[bytes], contacts: Sequence[Statement], usable: Sequence[bytes]) -> None:
    """Write statements; a part to pass on is its place among all the statements'."""
    for said in contacts:
        _put_statement(out, said)
    if usable:
        parts = [part for said in contacts for part in said.parts]
        out.append(pack(f"<{len(usable)}H", *map(parts.index, usable)))


def contacts_at(data: bytes, at: int, statements: int, usable: int) -> tuple[tuple[Statement, ...], tuple[bytes, ...]]:
    """Read that many statements and parts to pass on."""
    contacts = []
    for _ in range(statements):
        said, at = _statement(data, at)
        contacts.append(said)
    parts = [part for said in contacts for part in said.parts]
    return tuple(contacts), tuple([parts[place] for place in unpack_from(f"<{usable}H", data, at)])


def put_echeances(out: list[bytes], echeances: Mapping[str, int]) -> None:
    """Write due dates by clock, in order."""
    for clock, day in sorted(echeances.items()):
        name = clock.encode()
        out.append(DUE.pack(len(name), day))
        out.append(name)


def echeances_in(data: bytes) -> dict[str, int]:
    """Read due dates up to the end."""
    found, at = {}, 0
    while at < len(data):
        size, day = DUE.unpack_from(data, at)
        end = at + DUE.size + size
        found[data[at + DUE.size : end].decode()] = day
        at = end
    return found


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
