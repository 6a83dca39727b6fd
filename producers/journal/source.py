"""What each room under producers gives: one ``SOURCE``, whose doors are *recognise*, *read* and *stage*."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Protocol

import psycopg

from producers.journal.flux import Flux, Tools
from producers.journal.origin import Origin, Said

Reopen = Callable[[], Iterable[bytes]]
"""Gives the bytes of a file from its start, in chunks, as often as it is called."""


class Header(Protocol):
    """What a file says of itself before its records."""

    @property
    def said(self) -> Said:
        """What the journal keeps of it and the report shows."""

    @property
    def day(self) -> date:
        """The day on which the file was made."""


class Reader(ABC):
    """The records of one file, in order and in constant memory; counts are right at any time.

    Attributes:
        header: None until it is read, and for a source whose files have none.
        read: records given so far.
        unknown: elements that no rule names.
    """

    header: Header | None = None
    read = 0
    unknown = 0

    @abstractmethod
    def __iter__(self) -> Iterator[Any]:
        """Give records and bad records.

        Raises:
            FluxRejected: any motif that the file alone decides.
        """


class Stager(ABC):
    """What the records of one file will make visible. It writes to the staging tables and never commits."""

    @abstractmethod
    def stage(self, batch: Sequence[Any]) -> None:
        """Stage one batch (≤ 1,000 records): states, people, events."""

    def finish(self) -> None:  # noqa: B027 - most sources say everything record by record
        """Count what only the whole file tells. Called once, after the last record."""

    def unsaid(self) -> Iterator[Sequence[Any]]:
        """Give, by batches, what the whole file tells by not saying it."""
        return iter(())

    def infer(self, batch: Sequence[Any]) -> None:  # noqa: B027 - most sources tell nothing by their silence
        """Stage one batch of what is not said."""

    def accepted(self) -> None:  # noqa: B027 - most sources have nothing to add to the verdict
        """Do, in the verdict transaction of an accepted file, what only its source knows of."""


class Pause(StrEnum):
    """How long a file that does not end as its source's do must hold still before it counts as whole."""

    SHORT = "short"
    LONG = "long"


def _undated(_flux: Flux, _header: Header | None) -> None:
    return None


def _nothing(_tools: Tools, _flux: Flux) -> None:
    return None


def _no_gap(_conn: psycopg.Connection) -> Mapping[str, int]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source(Origin):
    """A source: its values, its three doors and how its files behave in a folder.

    Attributes:
        recognise: whether some first bytes and a name are those of one of its files.
        ends: whether some last bytes are those of a whole file.
        pause: the patience with a file that does not end so.
        read: opens a file; called before the first byte is judged.
        stage: opens the staging of a file once its header, if it has one, is read.
        dated: the instant that a file bears, None when it bears none.
        retry: stages what earlier files left waiting and this one, of whatever source, has made possible.
        gaps: by kind, records announced and not held, as long as they are not made good.
    """

    recognise: Callable[[bytes, str], bool]
    ends: Callable[[bytes], bool]
    pause: Pause = Pause.LONG
    read: Callable[[Reopen], Reader]
    stage: Callable[[Tools, Flux, Any], Stager]  # each room's own header
    dated: Callable[[Flux, Any], datetime | None] = _undated
    retry: Callable[[Tools, Flux], None] = _nothing
    gaps: Callable[[psycopg.Connection], Mapping[str, int]] = _no_gap
