"""What the contract holds, for who writes and reads by it: each event type and sealed part, at its newest version."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from avro_schemas import SEALED, names, versions

EVENT_VERSION: Final[Mapping[str, int]] = MappingProxyType(
    {name: versions(name)[-1] for name in names() if not name.startswith(SEALED)}
)
PART_VERSION: Final[Mapping[str, int]] = MappingProxyType(
    {name.removeprefix(SEALED): versions(name)[-1] for name in names() if name.startswith(SEALED)}
)
