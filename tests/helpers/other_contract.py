"""This process as it would be with other versions of a record, and what one version sees of a record of another."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import avro_schemas
from avro_schemas.named import full_name, named_types
from bus import codec
from streams import reading

Schema = dict[str, Any]
CACHES = (codec._local, codec._event_schema, codec._envelope_schema, codec._enrichment_schema)


@contextmanager
def knowing(name: str, schemas: Sequence[Schema]) -> Iterator[None]:
    """Know exactly these versions of a record, from v1 on; the last one is the newest. The others stay as they are."""
    real_read, real_versions = avro_schemas.read, avro_schemas.versions

    def read(asked: str, version: int | None = None) -> Schema:
        return schemas[(version or len(schemas)) - 1] if asked == name else real_read(asked, version)

    def versions(asked: str) -> tuple[int, ...]:
        return tuple(range(1, len(schemas) + 1)) if asked == name else real_versions(asked)

    events = {type_: len(versions(type_)) for type_ in codec.EVENT_VERSION}
    parts = {sorte: len(versions(f"scelle.{sorte}")) for sorte in codec.PART_VERSION}
    with ExitStack() as stack:
        stack.callback(_forget)
        stack.enter_context(patch.multiple(avro_schemas, read=read, versions=versions))
        stack.enter_context(patch.multiple(codec, EVENT_VERSION=events, PART_VERSION=parts))
        stack.enter_context(patch.object(reading, "EVENT_VERSION", events))
        _forget()
        yield


def _forget() -> None:
    for cache in CACHES:
        cache.cache_clear()


def seen(writer: Schema, reader: Schema, record: Mapping[str, Any]) -> dict[str, Any]:
    """Give what a version sees of a record that another wrote: by names, with defaults, unknown symbols as INCONNU.

    Written from the specification, not with the library that the codec uses.
    """
    kinds = [{full_name(named): named for named in named_types(schema)} for schema in (writer, reader)]
    found: dict[str, Any] = _Resolution(*kinds).value(writer, reader, record)
    return found


class _Resolution:
    def __init__(self, writer: Mapping[str, Schema], reader: Mapping[str, Schema]) -> None:
        self._writer, self._reader = writer, reader

    def value(self, writer: Any, reader: Any, value: Any) -> Any:
        writer = self._writer.get(writer, writer) if isinstance(writer, str) else writer
        reader = self._reader.get(reader, reader) if isinstance(reader, str) else reader
        match reader:
            case list():
                return None if value is None else self.value(writer[1], reader[1], value)
            case {"type": "array"}:
                return [self.value(writer["items"], reader["items"], item) for item in value]
            case {"type": "enum"}:
                return value if value in reader["symbols"] else "INCONNU"
            case {"type": "record"}:
                return self._record(writer, reader, value)
            case _:
                return value

    def _record(self, writer: Schema, reader: Schema, value: Mapping[str, Any]) -> dict[str, Any]:
        wrote = {field["name"]: field["type"] for field in writer["fields"]}
        return {
            field["name"]: self.value(wrote[field["name"]], field["type"], value[field["name"]])
            if field["name"] in wrote
            else field["default"]
            for field in reader["fields"]
        }
