"""The task itself, in Python, for every engine but ours: what differs between them is then the engine alone.

For one event of a person: read it; give it to the authority of its territory, or to those where the person is present
when it has none (contact); bring the person's state up to date; complete the event with ``enrichissement``.
``Append`` does it as our stage does, with the same functions; ``Full`` as one writes it with a library: everything
decoded into dictionaries, completed, encoded.
"""

import io
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

import fastavro

import avro_schemas
from bus import territory
from bus.codec import EVENT_VERSION, Codec, encode_body
from bus.registry import Registry
from streams.encoding import decode, encode
from streams.enrichment import ORIENTATION, REGLE
from streams.person import NOBODY, State
from streams.reading import EventReader
from streams.step import step

Outputs = list[tuple[str, bytes]]
"""(authority, value)."""


class Job(Protocol):
    """What an engine needs: a step, and how the state is kept as bytes."""

    nobody: Any

    def dump(self, state: Any) -> bytes:
        """Give the bytes of a state."""

    def load(self, data: bytes) -> Any:
        """Give the state that bytes hold."""

    def step(self, key: bytes, value: bytes, offset: int, before: Any) -> tuple[Any, Outputs]:
        """Give the person's state after an event, and the event for each authority."""


class Arguments(NamedTuple):
    """What each engine's process is told, in this order."""

    bootstrap: str
    source: str
    prefix: str
    registry: str
    folder: str
    mode: str
    app: str
    linger_ms: str

    def job(self) -> Job:
        """Make the task of the asked mode."""
        codec = Codec(Registry(self.registry, Path(self.folder) / "schemas"))
        return Full(codec) if self.mode == "full" else Append(codec)

    def destinations(self) -> dict[str, str]:
        """Give the output topic of each authority."""
        return {code: f"{self.prefix}{code}" for code in territory.authority_codes()}


class Append:
    """Reads what decides where it stands, and appends to the bytes."""

    nobody: Any = NOBODY

    def dump(self, state: State) -> bytes:
        """See ``Job``."""
        return encode(state)

    def load(self, data: bytes) -> State:
        """See ``Job``."""
        return decode(data)

    def __init__(self, codec: Codec) -> None:
        self._reader = EventReader(codec)

    def step(self, key: bytes, value: bytes, offset: int, before: State) -> tuple[State, Outputs]:
        """See ``Job``."""
        seen, plain = self._reader.read(value)
        after, outputs, _ = step(before, seen, plain, (key.decode(), 0, offset))
        return after, [(code, completed) for code, _, completed in outputs]


EMPTY: Final = {"vu": -1, "situations": {}, "contact": [], "identite": None, "identite_observe": 0}


class Full:
    """Decodes the event, completes the dictionary, encodes it; the state is Avro too."""

    nobody: Any = EMPTY

    def __init__(self, codec: Codec) -> None:
        self._codec, self._schema = codec, fastavro.parse_schema(_state_schema())

    def dump(self, state: dict[str, Any]) -> bytes:
        """Give the bytes of a state."""
        out = io.BytesIO()
        fastavro.schemaless_writer(out, self._schema, state)
        return out.getvalue()

    def load(self, data: bytes) -> Any:
        """Give the state that bytes hold."""
        return fastavro.schemaless_reader(io.BytesIO(data), self._schema, None)

    def step(self, key: bytes, value: bytes, offset: int, before: dict[str, Any]) -> tuple[dict[str, Any], Outputs]:
        """See ``Job``."""
        event = self._codec.decode(value)
        assert event["cle_personne"] == key.decode(), "another person's event"
        place, contact = event["territoire"], event["type"] == "contact.mis_a_jour"
        code = None if contact else territory.authority(place["ideparte"], place["commune_insee"])
        after = _after(before, event, code) | {"vu": offset}
        present = [name for name, one in sorted(before["situations"].items()) if one["present"]]
        codes: Sequence[str] = present if code is None else (code,)
        return after, [(one, self._complete(event, one, before, after)) for one in codes]

    def _complete(self, event: dict[str, Any], code: str, before: dict[str, Any], after: dict[str, Any]) -> bytes:
        type_, commune = event["type"], event["territoire"]["commune_insee"]
        seen = after["situations"][code]
        concerned = seen["present"] or before["situations"].get(code, {}).get("present", False)
        since = event["date_effet"] if type_ == "rsa.droits_devoirs.entree" else seen["entree"]
        contact = after["contact"] if concerned else []
        event["enrichissement"] = {
            "autorite": code,
            "autorite_libelle": territory.label(code),
            "commune_libelle": territory.commune_label(commune),
            "conflit_territoire": territory.conflict(code, commune),
            "contact": contact,
            "identite": after["identite"] if concerned and "identite" not in event["portee"] else None,
            "situation": {
                "droits_devoirs": seen["droits"],
                "entree_le": seen["entree"],
                "contact_connu": bool(contact),
            },
            "echeances": {"orientation": None if since is None else _later(since)},
            "regle": REGLE,
        }
        return self._codec.frame(type_, EVENT_VERSION[type_], encode_body(type_, event))


def _after(before: dict[str, Any], event: dict[str, Any], code: str | None) -> dict[str, Any]:
    after, observed = dict(before), int(event["date_observation"].timestamp() * 1_000_000)
    if "contact" in event["portee"]:
        after["contact"] = [p for p in event["scelle"] if p["sorte"] == "contact" and p["consentement"] != "refuse"]
    identities = [part for part in event["scelle"] if part["sorte"] == "identite"]
    if identities and observed >= before["identite_observe"]:
        after |= {"identite": identities[-1], "identite_observe": observed}
    if code is not None:
        known = before["situations"].get(code, {"present": False, "droits": None, "observe": 0, "entree": None})
        after["situations"] = before["situations"] | {code: _situation(known, event, observed)}
    return after


def _situation(known: dict[str, Any], event: dict[str, Any], observed: int) -> dict[str, Any]:
    said, donnees = dict(known), event["donnees"]
    match event["type"]:
        case "rsa.etat.publie":
            said |= {
                "present": donnees["etat"] not in ("5", "6"),
                "droits": donnees["droits_devoirs"],
                "observe": observed,
            }
        case "rsa.droits_devoirs.entree":
            said |= {"present": True, "droits": True, "observe": observed, "entree": event["date_effet"]}
        case "rsa.droits_devoirs.sortie":
            said |= {"droits": False, "observe": observed, "entree": None}
    return known if observed < known["observe"] else said


def _later(day: date) -> date:
    return day + timedelta(days=ORIENTATION)


def _state_schema() -> dict[str, Any]:
    fields = {field["name"]: field["type"] for field in avro_schemas.read("contact.mis_a_jour")["fields"]}
    situation = {
        "type": "record",
        "name": "situation_banc",
        "fields": [
            {"name": "present", "type": "boolean"},
            {"name": "droits", "type": ["null", "boolean"]},
            {"name": "observe", "type": "long"},
            {"name": "entree", "type": ["null", {"type": "int", "logicalType": "date"}]},
        ],
    }
    return {
        "type": "record",
        "name": "personne_banc",
        "fields": [
            {"name": "vu", "type": "long"},
            {"name": "situations", "type": {"type": "map", "values": situation}},
            {"name": "contact", "type": fields["scelle"]},
            {"name": "identite", "type": ["null", "bus.partie_scellee"]},
            {"name": "identite_observe", "type": "long"},
        ],
    }
