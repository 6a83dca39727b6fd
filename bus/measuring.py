"""The labels that the stages put on their metrics, each from a closed set, and what a stage tells of a batch.

Bounds: 4 stages; the types of the contract, a tombstone, and one word for anything else; the fates below; the reasons
below and one word for anything else. What arrives from outside never becomes a label as it came.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from prometheus_client import Gauge

from bus.codec import EVENT_VERSION
from bus.reasons import Reason
from bus.telemetry.metrics import EVENTS_PROCESSED, PROCESSING_DURATION, QUARANTINE_MESSAGES, ROUTING_UNROUTABLE

OTHER: Final = "autre"
ERASURE: Final = "effacement"
TYPES: Final = frozenset((*EVENT_VERSION, ERASURE))


class Stage(StrEnum):
    """The label ``stage``: the four steps of an event."""

    INGEST = "ingest"
    RELAY = "relay"
    STREAM = "stream"
    DELIVER = "deliver"


class Fate(StrEnum):
    """The label ``result`` of events: how they left a stage."""

    OK = "ok"  # ingest, relay: written for the next stage
    ROUTED = "route"
    WAITS = "en_attente"
    WITHHELD = "retenu"
    SEEN = "deja_vu"
    FORGOTTEN = "oubli"
    QUARANTINED = "quarantaine"
    OWED = "owed"
    UNCLAIMED = "unclaimed"


UNROUTABLE: Final[frozenset[str]] = frozenset(
    (Reason.TERRITOIRE_ABSENT, Reason.AUTORITE_INCONNUE, Reason.COMMUNE_INCONNUE)
)
_UNREADABLE: Final[frozenset[str]] = frozenset(
    (Reason.CADRE_CONFLUENT, Reason.SCHEMA_INCONNU, Reason.AVRO_ILLISIBLE, Reason.HORS_SCHEMA)
)
REASONS: Final[Mapping[Stage, frozenset[str]]] = {
    Stage.INGEST: frozenset(("absent", "valeur", "date", "taille")),
    Stage.STREAM: UNROUTABLE | _UNREADABLE | {Reason.CLE_ABSENTE, Reason.CLE_DIFFERENTE, Reason.TYPE_INCONNU},
    Stage.DELIVER: _UNREADABLE | {Reason.IDENTIFIANT_INVALIDE},
}
"""Why each stage puts something aside."""


def event_type(text: str) -> str:
    """Give a type as a label: itself when the contract has it."""
    return text if text in TYPES else OTHER


def reason(stage: Stage, text: str) -> str:
    """Give a reason as a label: itself when the stage is known to say it."""
    return text if text in REASONS.get(stage, ()) else OTHER


class Rows:
    """The rows of a gauge, replaced as a whole: what is no longer said disappears."""

    def __init__(self, gauge: Gauge) -> None:
        self._gauge = gauge
        self._shown: set[tuple[str, ...]] = set()

    def show(self, rows: Mapping[tuple[str, ...], float]) -> None:
        """Show these values by labels, in the gauge's order, and no other."""
        for labels in self._shown - rows.keys():
            self._gauge.remove(*labels)
        for labels, value in rows.items():
            self._gauge.labels(*labels).set(value)
        self._shown = set(rows)


def processed(stage: Stage, fates: Mapping[tuple[str, str], int], seconds: float) -> None:
    """Tell of a batch that a stage has ended: its events by type and fate, and how long the batch took.

    The time of a batch is observed once for each pair that it holds: a cost per batch, not per event.
    """
    for (type_, fate), count in fates.items():
        labels = (stage.value, event_type(type_), fate)
        EVENTS_PROCESSED.labels(*labels).inc(count)
        PROCESSING_DURATION.labels(*labels).observe(seconds)


def put_aside(stage: Stage, text: str, count: int = 1) -> None:
    """Tell that a stage has put something aside, and whether it was for want of an authority."""
    QUARANTINE_MESSAGES.labels(stage.value, reason(stage, text)).inc(count)
    if stage is Stage.STREAM and text in UNROUTABLE:
        ROUTING_UNROUTABLE.labels(text).inc(count)


def declare(stage: Stage) -> None:
    """Show at zero what a stage may put aside: ``increase`` does not see the first event of a new series."""
    for known in REASONS.get(stage, ()):
        QUARANTINE_MESSAGES.labels(stage.value, known)
    if stage is Stage.STREAM:
        for known in UNROUTABLE:
            ROUTING_UNROUTABLE.labels(known)
