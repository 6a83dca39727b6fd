"""How a person's state is written, in the local store and in the changelog: one format byte, then Avro without names.

Nothing else reads these bytes. Sealed parts stay the bytes they came as, so ``FORMAT`` changes with this schema *and*
with ``bus.partie_scellee`` (a test holds its layout); a state written in another format is refused.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import fastavro

from bus.errors import Misconfigured
from streams.contact import usable
from streams.person import Dossier, Entry, PersonState, Situation, Statement, Status
from streams.reading import part

Row: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Head:
    """The first fields of a state: the record it reflects, and whether a contact waits in it."""

    journal: int
    vu: int
    waiting: bool


FORMAT: Final = b"\x01"
STATUSES: Final = tuple(Status)


def _nullable(kind: object) -> list[object]:
    return ["null", kind]


def _record(name: str, **fields: object) -> Row:
    return {"type": "record", "name": name, "fields": [{"name": key, "type": kind} for key, kind in fields.items()]}


DOSSIER: Final = _record("dossier", source="string", cle="string", statut="int", observe="long", cause="long")
ENTRY: Final = _record("entree", effet="int", observe="long", contact_le=_nullable("long"))
SITUATION: Final = _record(
    "situation",
    code="string",
    dossiers={"type": "array", "items": DOSSIER},
    droits_devoirs=_nullable("boolean"),
    observe="long",
    entree=_nullable(ENTRY),
)
STATEMENT: Final = _record(
    "contact",
    source="string",
    effet="int",
    observe="long",
    event_id="string",
    parts={"type": "array", "items": "bytes"},
)
HEAD_FIELDS: Final[Mapping[str, object]] = {"journal": "long", "vu": "long", "attente_depuis": _nullable("long")}
STATE: Final = fastavro.parse_schema(
    _record(
        "etat",
        **HEAD_FIELDS,
        situations={"type": "array", "items": SITUATION},
        contacts={"type": "array", "items": STATEMENT},
        identite=_nullable("bytes"),
        identite_observe="long",
    )
)
HEAD: Final = fastavro.parse_schema(_record("tete", **HEAD_FIELDS))


def encode(state: PersonState) -> bytes:
    """Give the bytes of a state; the same state always gives the same bytes."""
    out = io.BytesIO()
    out.write(FORMAT)
    row = {
        "journal": state.journal,
        "vu": state.vu,
        "attente_depuis": state.attente_depuis,
        "situations": [_situation_row(code, seen) for code, seen in sorted(state.situations.items())],
        "contacts": [_statement_row(said) for said in state.contacts],
        "identite": state.identite and state.identite.avro,
        "identite_observe": state.identite_observe,
    }
    fastavro.schemaless_writer(out, STATE, row)
    return out.getvalue()


def decode(data: bytes) -> PersonState:
    """Give the state that bytes hold.

    Raises:
        Misconfigured: another version of the bus wrote them.
    """
    row = _row(data, STATE)
    contacts = tuple(_statement(one) for one in row["contacts"])
    return PersonState(
        journal=row["journal"],
        vu=row["vu"],
        situations={one["code"]: _situation(one) for one in row["situations"]},
        contacts=contacts,
        joignable=usable(contacts),
        identite=row["identite"] and part(row["identite"], 0)[0],
        identite_observe=row["identite_observe"],
        attente_depuis=row["attente_depuis"],
    )


def head(data: bytes) -> Head:
    """Give what restoring needs to know of a state, without reading the rest; raises as ``decode``."""
    row = _row(data, HEAD)
    return Head(row["journal"], row["vu"], waiting=row["attente_depuis"] is not None)


def _row(data: bytes, schema: Any) -> Row:  # noqa: ANN401 - a parsed schema is opaque
    if data[:1] != FORMAT:
        raise Misconfigured("état écrit par une autre version du bus : videz le dossier d’état et etat.personnes")
    row: Row = fastavro.schemaless_reader(io.BytesIO(data[1:]), schema, None)
    return row


def _situation_row(code: str, seen: Situation) -> Row:
    entry = seen.entree
    return {
        "code": code,
        "dossiers": [
            {
                "source": one.source,
                "cle": one.cle,
                "statut": STATUSES.index(one.statut),
                "observe": one.observe,
                "cause": one.cause,
            }
            for one in seen.dossiers
        ],
        "droits_devoirs": seen.droits_devoirs,
        "observe": seen.observe,
        "entree": entry and {"effet": entry.effet, "observe": entry.observe, "contact_le": entry.contact_le},
    }


def _situation(row: Row) -> Situation:
    return Situation(
        dossiers=tuple(
            Dossier(one["source"], one["cle"], STATUSES[one["statut"]], one["observe"], one["cause"])
            for one in row["dossiers"]
        ),
        droits_devoirs=row["droits_devoirs"],
        observe=row["observe"],
        entree=row["entree"] and Entry(**row["entree"]),
    )


def _statement_row(said: Statement) -> Row:
    return {
        "source": said.source,
        "effet": said.effet,
        "observe": said.observe,
        "event_id": said.event_id,
        "parts": [one.avro for one in said.parts],
    }


def _statement(row: Row) -> Statement:
    parts = tuple(part(one, 0)[0] for one in row["parts"])
    return Statement(row["source"], row["effet"], row["observe"], row["event_id"], parts)
