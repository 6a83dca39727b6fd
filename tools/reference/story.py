"""The webhook body of each example, by the way every event takes: reading, state, routing, enrichment, projection.

Nothing here imitates a stage: only the registry is a table in memory, and a sealed part opens on the example of its
schema instead of its bytes. The people are invented, and the NIR is masked.
"""

import copy
import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

import avro_schemas
from avro_schemas.conversion import from_json
from bus.codec import EVENT_VERSION, Codec, encode_body
from bus.errors import InvalidEvent
from bus.reasons import Reason
from consumers.payload import projection
from consumers.subscriptions.profiles import Profile, fields_of
from streams.event import CONTACT, ENTREE, Event
from streams.person import NOBODY, State
from streams.reading import EventReader
from streams.step import step

ADDRESS: Final = projection.Recipient("cd-52-parcours", "p-7c1f0a9b3d2e4f60a1b2c3d4", 1)
SHOWN: Final = Profile.CD
_NIR_SHOWN: Final = 5  # characters; the rest is masked
_CONTENTS: Final[Mapping[str, str]] = {
    "identite": "complete", "nir": "certifie", "matricule": "caf", "adresse": "complete", "motifs": "suspension",
    "telephone": "mobile", "courriel": "courriel",
}  # fmt: skip
"""Which example a sealed part opens on, by sort, or by channel for a contact."""


class Stories:
    """The newest schemas under the numbers of their order: what a codec asks of a registry."""

    def __init__(self) -> None:
        self._names = avro_schemas.names()

    def id_of(self, subject: str, schema: Mapping[str, Any]) -> int:  # noqa: ARG002 - the codec's signature
        """Give the number of a schema."""
        return self._names.index(subject) + 1

    def schema(self, schema_id: int) -> dict[str, Any]:
        """Give the schema of a number."""
        if not 0 < schema_id <= len(self._names):
            raise InvalidEvent(Reason.SCHEMA_INCONNU)
        return avro_schemas.read(self._names[schema_id - 1])


@cache
def _codec() -> Codec:
    return Codec(Stories())


def titles(type_: str) -> Mapping[str, dict[str, Any]]:
    """Give the examples of the newest version of a type, as JSON."""
    return avro_schemas.examples(type_, EVENT_VERSION[type_])


def webhook(type_: str, example: Mapping[str, Any]) -> dict[str, Any] | None:
    """Give the body that a département receives of an example, as JSON; None for what no authority is told."""
    value, authority = _routed(type_, example)
    if value is None:
        return None
    event, fields = _codec().decode(value), fields_of(SHOWN)
    data = projection.data(projection.select(event, authority, fields), fields, _open)
    body: dict[str, Any] = json.loads(projection.cloud_event(event, data, ADDRESS))
    return body


def _routed(type_: str, example: Mapping[str, Any]) -> tuple[bytes | None, str]:
    """Give the value that reaches the first authority concerned, and its code."""
    (event, plain), known = seen(type_, example), before(type_, example)
    _, outputs, _ = step(known, event, plain, (event.personne or "", 0, -1))
    return (outputs[0][2], outputs[0][0]) if outputs else (None, "")


def seen(type_: str, example: Mapping[str, Any]) -> tuple[Event, bytes]:
    """Give an example as the streams read it, not enriched yet."""
    record = from_json(avro_schemas.read(type_), {**copy.deepcopy(example), "enrichissement": None})
    frame = _codec().frame(type_, EVENT_VERSION[type_], encode_body(type_, record))
    return EventReader(_codec()).read(frame)


def before(type_: str, example: Mapping[str, Any]) -> State:
    """Give what was known of the person: an entry, then a contact, of which the event itself is left out."""
    state = NOBODY
    for earlier in _history(type_):
        record = {**_fullest(earlier), "cle_personne": example["cle_personne"]}
        event, plain = seen(earlier, record)
        state = step(state, event, plain, (event.personne or "", 0, -1))[0]
    return state


def _history(type_: str) -> Sequence[str]:
    return [earlier for earlier in (ENTREE, CONTACT) if earlier != type_]


def _fullest(type_: str) -> Mapping[str, Any]:
    return max(titles(type_).values(), key=lambda one: len(one["scelle"]))


def _open(part: Mapping[str, Any]) -> Mapping[str, Any]:
    name = f"scelle.{part['sorte']}"
    opened = dict(avro_schemas.examples(name, part["version_schema"])[_CONTENTS[part["canal"] or part["sorte"]]])
    return {key: mask(value) if key == "nir" else value for key, value in opened.items()}


def mask(nir: str) -> str:
    """Hide a NIR but its first characters, as many characters as it has."""
    return nir[:_NIR_SHOWN] + "*" * (len(nir) - _NIR_SHOWN)
