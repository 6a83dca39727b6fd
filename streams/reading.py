"""Read events where their bytes stand: the fields that decide are read, sealed parts are cut out as they are.

Only an event of the newest version of its type that nobody has enriched is read so; any other goes through ``Codec``,
which brings it to that form for reading, or says why it cannot be read. What goes on is the event as it was written:
the fields of a newer version are not ours to drop.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import avro_schemas
from avro_schemas.named import full_name, named_types
from bus.avro import AvroReader, long, octets, optional_text, reader, skip_octets, skip_optional, text, write_text
from bus.codec import EVENT_VERSION, PREFIX, Codec, encode_body
from bus.errors import InvalidEvent
from bus.reasons import Reason
from streams.event import Event, Part

NOT_ENRICHED: Final = 0  # the last byte: the null branch of `enrichissement`


def _scelle_fields() -> dict[str, Any]:
    fields = {field["name"]: field["type"] for field in avro_schemas.read("contact.mis_a_jour")["fields"]}
    return {field["name"]: field["type"] for field in fields["scelle"]["items"]["fields"]}


def _symbols(name: str) -> tuple[str, ...]:
    kind = _scelle_fields()[name]
    return tuple((kind[1] if isinstance(kind, list) else kind)["symbols"])


SORTES: Final = _symbols("sorte")
CANAUX: Final = _symbols("canal")
CONSENTEMENTS: Final = _symbols("consentement")
NO_CONTACT: Final = bytes(7)  # canal to empreinte, all null: what every other part ends with


def part(data: bytes, start: int) -> tuple[Part, int]:
    """Cut a sealed part out of an event; gives it and the place after it."""
    size = data[start + 1]  # of cle_id; sizes of one byte are read here: a call for each would be half of the time
    at = start + 2 + (size >> 1) if size < 0x80 else skip_octets(data, start + 1)
    at = at + 1 if data[at] < 0x80 else long(data, at)[1]  # version_schema
    size = data[at]  # of octets
    at = at + 1 + (size >> 1) if size < 0x80 else skip_octets(data, at)
    sorte = SORTES[data[start] >> 1]
    if data[at : at + 7] == NO_CONTACT:
        return Part(sorte, None, None, None, data[start : at + 7]), at + 7
    canal, at = (None, at + 1) if data[at] == 0 else (CANAUX[data[at + 1] >> 1], at + 2)
    at += 1 if data[at] == 0 else 2  # type
    at = at + 1 if data[at] == 0 else long(data, at + 1)[1]  # rang
    consent, at = (None, at + 1) if data[at] == 0 else (CONSENTEMENTS[data[at + 1] >> 1], at + 2)
    at = skip_optional(data, at)  # source
    at = at + 1 if data[at] == 0 else long(data, at + 1)[1]  # modifie_le
    print_, at = (None, at + 1) if data[at] == 0 else octets(data, at + 1)
    return Part(sorte, canal, consent, print_, data[start:at]), at


def _parts(data: bytes, at: int) -> tuple[tuple[Part, ...], int]:
    found: list[Part] = []
    while data[at]:
        count, at = long(data, at)
        for _ in range(count):  # a negative count (a block with its size) is not ours: the last place will be wrong
            one, at = part(data, at)
            found.append(one)
    return tuple(found), at + 1


def _texts(data: bytes, at: int) -> tuple[tuple[str, ...], int]:
    found: list[str] = []
    while data[at]:
        count, at = long(data, at)
        for _ in range(count):
            one, at = text(data, at)
            found.append(one)
    return tuple(found), at + 1


KEPT: Final = 1_000  # different ``donnees`` remembered per type; forgotten together
LENGTHS: Final = 4  # different sizes of them


class Donnees:
    """Reads ``donnees``, remembering what it has read: most events of a type have one of few.

    No Avro value begins with another value of its schema, so bytes that equal a remembered value are that value.
    """

    def __init__(self, read: AvroReader) -> None:
        self._read = read
        self._known: dict[bytes, Mapping[str, Any]] = {}
        self._sizes: list[int] = []

    def __call__(self, data: bytes, at: int) -> tuple[Mapping[str, Any], int]:
        """Give the value and the place after it; raises as any ``AvroReader``."""
        for size in self._sizes:
            known = self._known.get(data[at : at + size])
            if known is not None:
                return known, at + size
        value, end = self._read(data, at)
        self._remember(data[at:end], MappingProxyType(value))
        return value, end

    def _remember(self, encoded: bytes, value: Mapping[str, Any]) -> None:
        if len(encoded) not in self._sizes:
            if len(self._sizes) == LENGTHS:
                return
            self._sizes.append(len(encoded))
        if len(self._known) >= KEPT:
            self._known.clear()
        self._known[encoded] = value


class Layout(NamedTuple):
    """How one type is read: its name, encoded and not, and the reader of its ``donnees``."""

    type: str
    encoded: bytes
    donnees: Donnees


def _event(data: bytes, layout: Layout) -> Event:
    """Read an event's value; raises ``IndexError`` or ``ValueError`` for wrong bytes."""
    id_, at = text(data, PREFIX)
    if not data.startswith(layout.encoded, at):
        raise ValueError("another type than its schema")
    source, at = text(data, at + len(layout.encoded))
    effet, at = long(data, at + 1)  # after emetteur_fait_foi
    observe, at = long(data, at)
    publie, at = long(data, at)
    personne, at = optional_text(data, at)
    dossier, at = optional_text(data, at)
    ideparte, at = optional_text(data, at)
    commune, cause = optional_text(data, at)
    at = skip_octets(data, cause)  # flux_id
    _, cause_end = long(data, at)
    at = skip_optional(data, cause_end)  # regle
    corrige, at = data[at], skip_optional(data, at)
    annule, at = data[at], skip_optional(data, at)
    portee, at = _texts(data, at)
    told, at = layout.donnees(data, at)
    scelle, at = _parts(data, at)
    if at != len(data) - 1:
        raise ValueError("bytes left over")
    return Event(
        id_, layout.type, source, effet, observe, publie, personne, dossier, ideparte, commune,
        data[cause:cause_end], corrige + annule > 0, portee, told, scelle,
    )  # fmt: skip


class EventReader:
    """Reads values; remembers how each type's newest version begins and how its ``donnees`` are read."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._layouts: dict[bytes, Layout] = {}

    def read(self, value: bytes) -> tuple[Event, bytes]:
        """Give an event and its bytes as they go on, not enriched, under its writer's schema if that ends as ours.

        Raises:
            InvalidEvent: as ``Codec.decode``.
            Unavailable: the registry is down and the schema is new to this process.
        """
        layout = self._layouts.get(value[:PREFIX])
        if layout is not None and value[-1] == NOT_ENRICHED:
            try:
                return _event(value, layout), value
            except (IndexError, ValueError):  # wrong bytes: the codec says what they are
                pass
        return self._through_codec(value)

    def _through_codec(self, value: bytes) -> tuple[Event, bytes]:
        plain = self._codec.bare(value)
        layout = self._layouts.get(plain[:PREFIX])
        if layout is not None and plain is not value:  # brought to our version already: decoded and encoded once
            try:
                return _event(plain, layout), plain
            except (IndexError, ValueError):
                pass
        return self._decoded(value), plain

    def _decoded(self, value: bytes) -> Event:
        decoded = self._codec.decode(value)
        type_ = decoded["type"]
        if type_ not in EVENT_VERSION:
            raise InvalidEvent(Reason.TYPE_INCONNU, "type")
        head = self._codec.frame(type_, EVENT_VERSION[type_], b"")
        if head not in self._layouts:  # made once: it reads the schema's file
            self._layouts[head] = _layout(type_)
        known = head + encode_body(type_, decoded | {"enrichissement": None})
        return _event(known, self._layouts[head])


def _layout(type_: str) -> Layout:
    schema = avro_schemas.read(type_)
    known = {full_name(named): named for named in named_types(schema)}
    fields = {field["name"]: field["type"] for field in schema["fields"]}
    return Layout(type_, write_text(type_), Donnees(reader(fields["donnees"], known)))
