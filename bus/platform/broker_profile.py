"""A broker configured by files of ``deploy/kafka`` instead of the local default: the same files, other places."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bus import java_properties
from bus.errors import Misconfigured
from bus.listeners import open_doors
from bus.settings import Settings

_BLANK: Final = re.compile(r"@[A-Z_]+@")


@dataclass(frozen=True, slots=True)
class BrokerProfile:
    """How one node differs from the local broker.

    Attributes:
        name: of its process, unique among the nodes of a machine.
        files: properties, read in order; a later line wins.
        values: what stands for each ``@NAME@``, ``DONNEES`` apart, which is the node's folder.
        changes: properties that one machine needs otherwise (one replica, short sessions).
        probe: a client that may ask for the metadata.
        cluster: the id that all nodes of a cluster share, 22 characters of base64.
        logging: the log4j2 configuration.
    """

    name: str
    files: Sequence[Path]
    values: Mapping[str, str]
    probe: Settings
    cluster: str
    logging: Path
    changes: Mapping[str, str] = field(default_factory=dict)

    def render(self, data: Path) -> str:
        """Give the broker's configuration.

        Raises:
            Misconfigured: a blank has no value, or the result would let anybody in.
        """
        text = "\n".join(path.read_text("utf-8") for path in self.files)
        for name, value in {**self.values, "DONNEES": str(data)}.items():
            text = text.replace(f"@{name}@", value)
        found = {**java_properties.parse(text), **self.changes}
        blanks = sorted({blank for value in found.values() for blank in _BLANK.findall(value)})
        if blanks:
            raise Misconfigured(f"profil de Kafka incomplet : {', '.join(blanks)}")
        if wrong := open_doors(found):
            raise Misconfigured("profil de Kafka refusé :\n" + "\n".join(f"  {line}" for line in wrong))
        return "".join(f"{key}={value}\n" for key, value in found.items())
