"""One flux on its way: what every step of its ingestion shares, and the counts that its verdict stands on."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

import psycopg

from bus.sealing import KekRing
from bus.vault.links import Pepper
from producers.journal.origin import Origin
from producers.journal.staging import Staging


@dataclass(frozen=True, slots=True)
class Tools:
    """The tools of an ingestion: connection, secrets, staging, the authorities served (empty = all)."""

    conn: psycopg.Connection
    ring: KekRing
    pepper: Pepper
    staging: Staging
    served: frozenset[str]

    def serves(self, authority: str) -> bool:
        """Tell whether this deployment serves an authority; ``69`` (commune unknown) is served with either half."""
        wanted = {"69D", "69M"} if authority == "69" else {authority}
        return not self.served or bool(wanted & self.served)


class Note(NamedTuple):
    """A French sentence of the report, with ``{}`` for how many; what only one source knows of, its own room says.

    Notes are told by place: below 10 a source's of the whole file, 20 to 29 its notes of records; the journal's others.
    """

    place: int
    sentence: str


@dataclass(slots=True)
class Tally:
    """Counts of one flux. Records are what its source's files are made of: dossiers, rows."""

    read: int = 0
    valid: int = 0
    bad: int = 0
    out_of_scope: int = 0
    stale: int = 0
    anomalies: int = 0
    erased: int = 0
    waiting: int = 0
    unknown_elements: int = 0
    notes: Counter[Note] = field(default_factory=Counter)  # what only its source counts
    codes: Counter[str] = field(default_factory=Counter)  # why records are put aside
    events: Counter[str] = field(default_factory=Counter)
    authorities: Counter[str] = field(default_factory=Counter)
    emitters: Counter[str] = field(default_factory=Counter)

    @property
    def authority(self) -> str | None:
        """The authority of most records."""
        return self.authorities.most_common(1)[0][0] if self.authorities else None

    def emitter(self, default: str) -> str:
        """The ``source`` of most records."""
        return self.emitters.most_common(1)[0][0] if self.emitters else default


@dataclass(frozen=True, slots=True)
class Flux:
    """One delivery of a source.

    Attributes:
        flux_id: ``sha256:<hex>`` of its bytes.
        received_at: also the publication date of its events.
    """

    flux_id: str
    source: Origin
    file_name: str
    received_at: datetime
    tally: Tally = field(default_factory=Tally)
