"""Read events where their bytes stand: the fields that decide are read, sealed parts are cut out as they are.

Only an event of the newest version of its type that nobody has enriched is read so; any other goes through ``Codec``,
which brings it to that form or says why it cannot be read.
"""

from typing import Any, Final

import avro_schemas
from bus.codec import EVENT_VERSION, PREFIX, Codec, encode_body
from bus.errors import InvalidEvent
from streams.avro import Reader, long, octets, optional_text, reader, text
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


def part(data: bytes, start: int) -> tuple[Part, int]:
    """Cut a sealed part out of an event; gives it and the place after it."""
    sorte, at = data[start] >> 1, start + 1
    _, at = octets(data, at)  # cle_id
    _, at = long(data, at)  # version_schema
    _, at = octets(data, at)
    canal, at = (None, at + 1) if data[at] == 0 else (CANAUX[data[at + 1] >> 1], at + 2)
    at += 1 if data[at] == 0 else 2  # type
    at = at + 1 if data[at] == 0 else long(data, at + 1)[1]  # rang
    consent, at = (None, at + 1) if data[at] == 0 else (CONSENTEMENTS[data[at + 1] >> 1], at + 2)
    at = at + 1 if data[at] == 0 else octets(data, at + 1)[1]  # source
    at = at + 1 if data[at] == 0 else long(data, at + 1)[1]  # modifie_le
    print_, at = (None, at + 1) if data[at] == 0 else octets(data, at + 1)
    return Part(SORTES[sorte], canal, consent, print_, data[start:at]), at


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


def _event(data: bytes, donnees: Reader) -> Event:
    """Read an event's value; raises whatever wrong bytes lead to."""
    id_, at = text(data, PREFIX)
    type_, at = text(data, at)
    source, at = text(data, at)
    effet, at = long(data, at + 1)  # after emetteur_fait_foi
    observe, at = long(data, at)
    publie, at = long(data, at)
    personne, at = optional_text(data, at)
    dossier, at = optional_text(data, at)
    ideparte, at = optional_text(data, at)
    commune, at = optional_text(data, at)
    flux, at = text(data, at)
    rank, at = long(data, at)
    _, at = optional_text(data, at)  # cause.regle
    corrige, at = optional_text(data, at)
    annule, at = optional_text(data, at)
    portee, at = _texts(data, at)
    told, at = donnees(data, at)
    scelle, at = _parts(data, at)
    if at != len(data) - 1:
        raise ValueError("bytes left over")
    correction = corrige is not None or annule is not None
    cause = f"{flux}|{rank}"
    return Event(
        id_, type_, source, effet, observe, publie, personne, dossier, ideparte, commune, cause, correction,
        portee, told, scelle,
    )  # fmt: skip


class EventReader:
    """Reads values; remembers how each type's newest version begins and how its ``donnees`` are read."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._donnees: dict[bytes, Reader] = {}

    def read(self, value: bytes) -> tuple[Event, bytes]:
        """Give an event and its bytes in the newest version of its type, not enriched.

        Raises:
            InvalidEvent: as ``Codec.decode``.
            Unavailable: the registry is down and the schema is new to this process.
        """
        donnees = self._donnees.get(value[:PREFIX])
        if donnees is not None and value[-1] == NOT_ENRICHED:
            try:
                return _event(value, donnees), value
            except (IndexError, ValueError):  # wrong bytes: the codec says what they are
                pass
        return self._through_codec(value)

    def _through_codec(self, value: bytes) -> tuple[Event, bytes]:
        decoded = self._codec.decode(value)
        type_ = decoded["type"]
        if type_ not in EVENT_VERSION:
            raise InvalidEvent("type_inconnu", "type")
        head = self._codec.frame(type_, EVENT_VERSION[type_], b"")
        self._donnees.setdefault(head, _donnees(type_))
        plain = head + encode_body(type_, decoded | {"enrichissement": None})
        return _event(plain, self._donnees[head]), plain


def _donnees(type_: str) -> Reader:
    fields = {field["name"]: field["type"] for field in avro_schemas.read(type_)["fields"]}
    return reader(fields["donnees"])
