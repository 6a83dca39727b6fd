"""A registry in memory: ids from 1, the same text always under the same id, nothing registered by a look-up."""

from collections.abc import Mapping
from typing import Any

import avro_schemas
from bus.errors import InvalidEvent, Misconfigured
from bus.reasons import Reason


class MemoryRegistry:
    """What ``bus.codec.Codec`` asks, with the same errors as the real client."""

    def __init__(self) -> None:
        self.schemas: list[Mapping[str, Any]] = []
        self.asked = 0

    def register(self, subject: str, schema: Mapping[str, Any]) -> int:
        if schema not in self.schemas:
            self.schemas.append(schema)
        return self.id_of(subject, schema)

    def id_of(self, subject: str, schema: Mapping[str, Any]) -> int:
        self.asked += 1
        if schema not in self.schemas:
            raise Misconfigured(subject)
        return self.schemas.index(schema) + 1

    def schema(self, schema_id: int) -> dict[str, Any]:
        self.asked += 1
        if not 0 < schema_id <= len(self.schemas):
            raise InvalidEvent(Reason.SCHEMA_INCONNU)
        return dict(self.schemas[schema_id - 1])


def filled() -> MemoryRegistry:
    """Give a registry that holds the whole contract."""
    registry = MemoryRegistry()
    for name in avro_schemas.names():
        registry.register(name, avro_schemas.read(name))
    return registry
