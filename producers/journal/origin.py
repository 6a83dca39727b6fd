"""What the journal knows of a source: values only. Which sources there are is the registry's affair."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from producers.settings import IngestSettings

Said = Mapping[str, str | None]
"""What the header of a file says, by the names under which the journal keeps it; empty when there is none."""


class Every(NamedTuple):
    """A file is expected every so many days."""

    days: float


class Configured(NamedTuple):
    """A file is expected at the rhythm that a deployment sets, in days."""

    days: Callable[[IngestSettings], float]


class OnDemand(NamedTuple):
    """No file is expected at any time, for the reason given: a silence says nothing."""

    why: str


Calendar = Every | Configured | OnDemand


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file of a source.

    Attributes:
        label: the value of the metric label ``source`` and of ``journal.flux.kind``.
        calendar: when a file is expected.
        empty: why a file without any record is refused, in French; None when it may have none.
        announced: it ends with a control total, so that a gap can be told.
    """

    label: str
    calendar: Calendar
    empty: str | None = None
    announced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What the verdict, the report and the metrics need to know of a source.

    Attributes:
        name: how the command line, the journal and the report call it.
        emitter: the ``source`` of what is told of a file when no record of it says which body speaks.
        fait_foi: its word is law: the emitter of record of what it states.
        kinds: the kinds of its files.
        kind_of: the kind of a file, by what its header says.
        one_authority: a file is one authority's; else the report names one only when all its people share it.
        indexed: the dossiers of a refused file are listed, so that an erasure destroys those files that name a person
            and no other.
    """

    name: str
    emitter: str
    fait_foi: bool
    kinds: tuple[Kind, ...]
    kind_of: Callable[[Said], Kind]
    one_authority: bool = True
    indexed: bool = True
