"""Bodies with sealed parts, in a third of the time: the event encoded without them, its parts put in as bytes.

fastavro spends most of an event on the seven null fields of each part, and a first monthly has four parts per person.
Own code for that alone, compared with fastavro in a test; parts that fill those fields take the ordinary way.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import avro_schemas
from bus.avro import write_long
from bus.codec import encode_body

CLEAR_FIELDS: Final = ("canal", "type", "rang", "consentement", "source", "modifie_le", "empreinte")
_SORTES: Final = next(tuple(one["symbols"]) for one in avro_schemas.common() if one["name"] == "sorte_scellee")
_INDEX: Final = {sorte: write_long(index) for index, sorte in enumerate(_SORTES)}
_NULLS: Final = bytes(len(CLEAR_FIELDS))
_EMPTY_END: Final = b"\0\0"  # an empty ``scelle`` and a null ``enrichissement``: how a body without parts ends


def body(type_: str, record: Mapping[str, Any]) -> bytes:
    """Give the bare Avro of an event; the same bytes as ``encode_body``.

    Raises:
        InvalidEvent: as ``encode_body``.
    """
    parts: Sequence[Mapping[str, Any]] = record["scelle"]
    if not parts or any(part["canal"] is not None for part in parts):
        return encode_body(type_, record)
    bare = encode_body(type_, {**record, "scelle": []})
    if not bare.endswith(_EMPTY_END):
        return encode_body(type_, record)
    return b"".join((bare[:-2], _long(len(parts)), *map(_part, parts), _EMPTY_END))


def _part(part: Mapping[str, Any]) -> bytes:
    key, octets = part["cle_id"].encode(), part["octets"]
    return b"".join(
        (
            _INDEX[part["sorte"]], _long(len(key)), key,
            _long(part["version_schema"]), _long(len(octets)), octets, _NULLS,
        )
    )  # fmt: skip


def _long(number: int) -> bytes:
    """Give the bytes of a positive number; small ones from a table, so that a part takes 1.1 µs instead of 1.9."""
    return _SMALL[number] if number < len(_SMALL) else write_long(number)


_SMALL: Final = [write_long(number) for number in range(0x40)]
