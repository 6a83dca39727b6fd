"""Avro: what turns records into bytes and back, and appends ``enrichissement`` without decoding.

A *body* is bare Avro; a *value* is a body behind the Confluent prefix (0x00 and the 4-byte schema id). Only ``Codec``
needs a registry. Dates and instants are ``date`` and aware UTC ``datetime``; bytes stay bytes.
"""

import io
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final, Protocol, TypeAlias

import fastavro

import avro_schemas
from avro_schemas.models import EVENT_VERSION, PART_VERSION
from bus.errors import InvalidEvent, Unavailable
from bus.reasons import Reason
from bus.schema_end import end

__all__ = [
    "EVENT_VERSION",
    "PART_VERSION",
    "Codec",
    "Schemas",
    "decode_body",
    "decode_part",
    "encode_body",
    "encode_part",
]

Record: TypeAlias = dict[str, Any]
Parsed: TypeAlias = Any  # fastavro's parsed schema, opaque

MAGIC: Final = 0
PREFIX: Final = 5  # bytes: magic and schema id
NULL_BRANCH: Final = 0x00  # what a null `enrichissement` is encoded as: the last byte of an event nobody enriched
RECORD_BRANCH: Final = b"\x02"


class Schemas(Protocol):
    """What the codec asks a registry (``bus.registry.Registry``)."""

    def id_of(self, subject: str, schema: Mapping[str, Any]) -> int:
        """Give the id under which a schema is registered."""

    def schema(self, schema_id: int) -> Record:
        """Give the schema registered under an id; ``InvalidEvent`` when there is none."""


def encode_body(type_: str, record: Mapping[str, Any]) -> bytes:
    """Give the bare Avro of an event, in the newest local version of its type.

    Raises:
        InvalidEvent: ``schema_inconnu`` for a type out of the contract; ``hors_schema`` for a record that does not fit:
            absent or foreign field, wrong type, naive instant, symbol that the enum does not have.
    """
    schema = _event_schema(type_)
    _refuse_naive(record)
    if record.get("enrichissement") is not None:
        _refuse_ambiguous_end(record["enrichissement"])
    return _write(schema, record, type_)


def decode_body(type_: str, version: int, body: bytes) -> Record:
    """Give the event that a bare body holds, brought to the newest local version.

    Raises:
        InvalidEvent: ``schema_inconnu`` or ``avro_illisible``.
    """
    return _read(_local(type_, version), _event_schema(type_), body)


def encode_part(sorte: str, record: Mapping[str, Any]) -> bytes:
    """Give the plaintext of a sealed part, in the version ``PART_VERSION[sorte]``.

    Raises:
        InvalidEvent: ``schema_inconnu`` or ``hors_schema``.
    """
    name = f"scelle.{sorte}"
    return _write(_local(name, PART_VERSION.get(sorte, 0)), record, name)


def decode_part(sorte: str, version: int, plaintext: bytes) -> Record:
    """Give the content of an opened part, brought to the newest local version.

    Raises:
        InvalidEvent: ``schema_inconnu`` or ``avro_illisible``.
        Unavailable: a newer version of the bus sealed it, and only parts that were ours to open get here: it is right,
            and will be read once this role is brought to that version.
    """
    name = f"scelle.{sorte}"
    if version > PART_VERSION.get(sorte, version):
        raise Unavailable(
            f"Une partie {name} v{version} vient d’une version plus récente du bus : mettez ce rôle à jour."
        )
    return _read(_local(name, version), _local(name, PART_VERSION.get(sorte, 0)), plaintext)


@dataclass(frozen=True, slots=True)
class _Writer:
    """How to read what one registered schema wrote."""

    type_: str
    schema: Parsed
    prefix: Parsed
    ends_as_ours: (
        bool  # its `enrichissement` is last, and the same bytes say the same: it can be set without knowing more
    )


class Codec:
    """Frames, reads and completes event values; remembers each schema it has met.

    ``appended`` counts values completed without decoding, ``reencoded`` those that had to be decoded and encoded.
    Every method may raise ``Unavailable`` when an id is met for the first time while the registry is down.
    """

    def __init__(self, registry: Schemas) -> None:
        self.appended = 0
        self.reencoded = 0
        self._registry = registry
        self._writers: dict[int, _Writer] = {}
        self._heads: dict[tuple[str, int], bytes] = {}

    def frame(self, type_: str, version: int, body: bytes) -> bytes:
        """Give the value of a bare body: Confluent prefix, then the body untouched.

        Raises:
            InvalidEvent: ``schema_inconnu`` for a type or version out of the contract.
            Misconfigured: the registry does not hold that version (``bus schemas apply``).
        """
        return self._head(type_, version) + body

    def decode(self, value: bytes) -> Record:
        """Give the event of a value, brought to the newest local version of its type.

        Raises:
            InvalidEvent: ``cadre_confluent``, ``schema_inconnu`` or ``avro_illisible``; no bytes at all raise anything
                else.
        """
        writer = self._writer(value)
        return _read(writer.schema, _event_schema(writer.type_), value[PREFIX:])

    def envelope(self, value: bytes) -> Record:
        """Give the fields before ``donnees``, without reading the rest (which may be wrong). Raises as ``decode``."""
        writer = self._writer(value)
        return _read_start(writer.prefix, _envelope_schema(writer.type_), io.BytesIO(value[PREFIX:]))

    def append(self, value: bytes, enrichissement: Mapping[str, Any]) -> bytes:
        """Give the value with its ``enrichissement`` set, under its writer's schema: what only that one knows is kept.

        Bytes are appended when the last field is null; else decoded and encoded, which also replaces an
        ``enrichissement`` already there. Both ways give the same bytes. A schema that does not end as ours gives way to
        the newest version of the type.

        Raises:
            InvalidEvent: as ``decode``; ``hors_schema`` for an ``enrichissement`` that does not fit.
        """
        _refuse_ambiguous_end(enrichissement)
        bare = self.bare(value)
        if bare is value:
            self.appended += 1
        else:
            self.reencoded += 1
        return bare[:-1] + RECORD_BRANCH + _write(_enrichment_schema(), enrichissement, "enrichissement")

    def bare(self, value: bytes) -> bytes:
        """Give the value with a null ``enrichissement``, its last byte; the same object when it is so already.

        The schema is its writer's where that ends as ours does, else the newest of the type. Raises as ``decode``.
        """
        writer = self._writer(value)
        if writer.ends_as_ours and value[-1] == NULL_BRANCH:
            return value
        if not writer.ends_as_ours:
            body = encode_body(writer.type_, {**self.decode(value), "enrichissement": None})
            return self._head(writer.type_, EVENT_VERSION[writer.type_]) + body
        record = _read(writer.schema, writer.schema, value[PREFIX:])
        return value[:PREFIX] + _write(writer.schema, {**record, "enrichissement": None}, writer.type_)

    def _head(self, type_: str, version: int) -> bytes:
        if (type_, version) not in self._heads:
            if type_ not in EVENT_VERSION or version not in avro_schemas.versions(type_):
                raise InvalidEvent(Reason.SCHEMA_INCONNU)
            schema_id = self._registry.id_of(type_, avro_schemas.read(type_, version))
            self._heads[type_, version] = bytes([MAGIC]) + schema_id.to_bytes(4, "big")
        return self._heads[type_, version]

    def _writer(self, value: bytes) -> _Writer:
        if len(value) <= PREFIX or value[0] != MAGIC:
            raise InvalidEvent(Reason.CADRE_CONFLUENT)
        schema_id = int.from_bytes(value[1:PREFIX], "big")
        if schema_id not in self._writers:
            self._writers[schema_id] = self._learn(schema_id)
        return self._writers[schema_id]

    def _learn(self, schema_id: int) -> _Writer:
        """Prepare a schema met for the first time; the output id is asked for, never assumed equal to the input's."""
        registered = self._registry.schema(schema_id)
        schema = _parse(registered)
        type_ = str(schema.get("name")) if isinstance(schema, dict) else ""  # full, whatever the registry sent
        if type_ not in EVENT_VERSION:
            raise InvalidEvent(Reason.SCHEMA_INCONNU)
        if self._head(type_, EVENT_VERSION[type_])[1:] == schema_id.to_bytes(4, "big"):
            return _Writer(type_, _event_schema(type_), _envelope_schema(type_), ends_as_ours=True)
        return _Writer(type_, schema, _parse(_until_donnees(registered)), end(registered) == end(_newest(type_)))


def _parse(schema: Mapping[str, Any]) -> Parsed:
    with suppress(Exception):  # a registered text may be wrong in any way, and fastavro raises accordingly
        return fastavro.parse_schema(dict(schema))
    raise InvalidEvent(Reason.SCHEMA_INCONNU)


@cache
def _local(name: str, version: int) -> Parsed:
    if version not in avro_schemas.versions(name):
        raise InvalidEvent(Reason.SCHEMA_INCONNU)
    return _parse(avro_schemas.read(name, version))


@cache
def _event_schema(type_: str) -> Parsed:
    return _local(type_, EVENT_VERSION.get(type_, 0))


@cache
def _envelope_schema(type_: str) -> Parsed:
    return _parse(_until_donnees(avro_schemas.read(type_, EVENT_VERSION[type_])))


def _until_donnees(schema: Mapping[str, Any]) -> Record:
    names = [field["name"] for field in schema["fields"]]
    if "donnees" not in names:
        raise InvalidEvent(Reason.SCHEMA_INCONNU)
    return {**schema, "fields": schema["fields"][: names.index("donnees")]}


def _newest(type_: str) -> Record:
    return avro_schemas.read(type_, EVENT_VERSION[type_])


@cache
def _enrichment_schema() -> Parsed:
    """Give ``bus.enrichissement`` alone, the parts it refers to included; any type defines the same one."""
    fields = {field["name"]: field["type"] for field in avro_schemas.read(next(iter(EVENT_VERSION)))["fields"]}
    named: Record = {}
    fastavro.parse_schema(fields["scelle"]["items"], named)
    return fastavro.parse_schema(fields["enrichissement"][1], named)


def _write(schema: Parsed, record: Mapping[str, Any], place: str) -> bytes:
    out = io.BytesIO()
    with suppress(Exception):  # which one depends on the value, and its text quotes it: it must not even be chained
        fastavro.schemaless_writer(out, schema, record, strict_allow_default=True)
        return out.getvalue()
    raise InvalidEvent(Reason.HORS_SCHEMA, place)


def _read(writer: Parsed, reader: Parsed, body: bytes) -> Record:
    """Read a whole body; bytes left over mean that it was written under another schema than it says."""
    stream = io.BytesIO(body)
    record = _read_start(writer, reader, stream)
    if stream.tell() != len(body):
        raise InvalidEvent(Reason.AVRO_ILLISIBLE)
    return record


def _read_start(writer: Parsed, reader: Parsed, stream: io.BytesIO) -> Record:
    with suppress(Exception):  # bytes decide what fastavro raises (EOFError, IndexError, OverflowError, MemoryError…)
        record: Record = fastavro.schemaless_reader(stream, writer, None if writer is reader else reader)
        return record
    raise InvalidEvent(Reason.AVRO_ILLISIBLE)


def _refuse_naive(record: Mapping[str, Any]) -> None:
    """An instant without zone would be read in the zone of this machine."""
    for field in ("date_observation", "date_publication"):
        instant = record.get(field)
        if not isinstance(instant, datetime) or instant.tzinfo is None:
            raise InvalidEvent(Reason.HORS_SCHEMA, field)


def _refuse_ambiguous_end(enrichissement: Mapping[str, Any]) -> None:
    """`regle` ends the event: empty, or ended by NUL, its last byte would pass for a null `enrichissement`."""
    regle = enrichissement.get("regle")
    if not isinstance(regle, str) or not regle or regle.endswith("\0"):
        raise InvalidEvent(Reason.HORS_SCHEMA, "enrichissement.regle")
