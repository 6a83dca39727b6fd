"""Avro's binary encoding, as far as copying parts of an event needs it; fastavro reads and writes everything else.

An exception to "a library is better": fastavro cannot tell where a field stands in the bytes, and decoding an event in
full then encoding its parts again costs several times the rest of this stage. Tests compare each function with it.

Source: Apache Avro 1.11.1 specification, "Binary encoding".
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

AvroReader: TypeAlias = Callable[[bytes, int], tuple[Any, int]]
"""(bytes, place) → (value, place after it). Bytes that are too short raise ``IndexError``, or end past their end."""


def long(data: bytes, at: int) -> tuple[int, int]:
    """Read an int or a long: zigzag, seven bits a byte."""
    byte = data[at]
    value, shift = byte & 0x7F, 7
    at += 1
    while byte > 0x7F:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        shift += 7
        at += 1
    return (value >> 1) ^ -(value & 1), at


def _size(data: bytes, at: int) -> tuple[int, int]:
    """Read a size of more than one byte; a negative one would lead back, and round for ever."""
    size, at = long(data, at)
    if size < 0:
        raise ValueError("negative size")
    return size, at


def octets(data: bytes, at: int) -> tuple[bytes, int]:
    """Read bytes."""
    size, start = (data[at] >> 1, at + 1) if data[at] < 0x80 else _size(data, at)
    return data[start : start + size], start + size


def text(data: bytes, at: int) -> tuple[str, int]:
    """Read a string."""
    size, start = (data[at] >> 1, at + 1) if data[at] < 0x80 else _size(data, at)
    end = start + size
    return data[start:end].decode(), end


def optional_text(data: bytes, at: int) -> tuple[str | None, int]:
    """Read a null or a string."""
    return (None, at + 1) if data[at] == 0 else text(data, at + 1)


def skip_octets(data: bytes, at: int) -> int:
    """Give the place after bytes or a string."""
    size, start = (data[at] >> 1, at + 1) if data[at] < 0x80 else _size(data, at)
    return start + size


def skip_optional(data: bytes, at: int) -> int:
    """Give the place after a null, or bytes or a string."""
    return at + 1 if data[at] == 0 else skip_octets(data, at + 1)


def boolean(data: bytes, at: int) -> tuple[bool, int]:
    """Read a boolean."""
    return data[at] == 1, at + 1


PRIMITIVES: Final[Mapping[str, AvroReader]] = {
    "null": lambda _, at: (None, at),
    "boolean": boolean,
    "int": long,
    "long": long,
    "bytes": octets,
    "string": text,
}

NOTHING: Final[Mapping[str, Any]] = {}


def reader(schema: Any, known: Mapping[str, Any] = NOTHING) -> AvroReader:  # noqa: ANN401 - a schema is any JSON
    """Give what reads a schema made of primitives, enums, unions, arrays and records.

    Dates are days, instants are microseconds; a record is a dict.

    Args:
        schema: the schema.
        known: the types that it refers to by full name.
    """
    match schema:
        case str():
            return PRIMITIVES[schema] if schema in PRIMITIVES else reader(known[schema], known)
        case {"type": "enum", "symbols": symbols}:
            return _enum(symbols)
        case {"type": "array", "items": items}:
            return _array(reader(items, known))
        case {"type": "record", "fields": fields}:
            return _record({field["name"]: reader(field["type"], known) for field in fields})
        case {"type": underlying}:  # a logical type
            return reader(underlying, known)
        case _:
            return _union([reader(branch, known) for branch in schema])


def _enum(symbols: Sequence[str]) -> AvroReader:
    def read(data: bytes, at: int) -> tuple[str, int]:
        place, at = long(data, at)
        return symbols[place], at

    return read


def _array(item: AvroReader) -> AvroReader:
    def read(data: bytes, at: int) -> tuple[list[Any], int]:
        found: list[Any] = []
        while data[at]:
            count, at = long(data, at)
            if count < 0:  # followed by the size of the block in bytes
                count, (_, at) = -count, long(data, at)
            for _ in range(count):
                value, at = item(data, at)
                found.append(value)
        return found, at + 1

    return read


def _union(branches: Sequence[AvroReader]) -> AvroReader:
    def read(data: bytes, at: int) -> tuple[Any, int]:
        place, at = long(data, at)
        return branches[place](data, at)

    return read


def _record(fields: Mapping[str, AvroReader]) -> AvroReader:
    def read(data: bytes, at: int) -> tuple[dict[str, Any], int]:
        found = {}
        for name, field in fields.items():
            found[name], at = field(data, at)
        return found, at

    return read


def write_long(value: int) -> bytes:
    """Give the bytes of an int or a long."""
    rest = value << 1 if value >= 0 else (-value << 1) - 1
    out = bytearray()
    while rest > 0x7F:
        out.append((rest & 0x7F) | 0x80)
        rest >>= 7
    out.append(rest)
    return bytes(out)


def write_text(value: str) -> bytes:
    """Give the bytes of a string."""
    data = value.encode()
    return write_long(len(data)) + data


def write_array(items: Sequence[bytes]) -> bytes:
    """Give the bytes of an array whose items are encoded already."""
    return b"".join((write_long(len(items)), *items, b"\x00")) if items else b"\x00"


def write_optional(item: bytes | None) -> bytes:
    """Give the bytes of a null, or of what is encoded already as the second branch of a union with null."""
    return b"\x00" if item is None else b"\x02" + item
