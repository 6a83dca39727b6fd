"""Facts turned into the records of the contract: envelope, clear data, sealed parts, in bare Avro."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final, NamedTuple

from bus.codec import EVENT_VERSION
from bus.topics import EVENEMENTS, FLUX
from producers.journal import splicing
from producers.journal.flux import Flux, Tools
from producers.journal.parts import SealedPart

NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_URL, "urn:insertion-bus:evenement")


class Territory(NamedTuple):
    """The source's statement of a territory: département code and INSEE commune."""

    ideparte: str | None = None
    commune_insee: str | None = None


NOWHERE: Final = Territory()


class OutboxRow(NamedTuple):
    """One row of ``journal.outbox`` before it has a ``seq``."""

    event_id: uuid.UUID
    topic: str
    key: str
    type: str
    version: int
    body: bytes
    observed_at: datetime
    source: str


@dataclass(frozen=True, slots=True)
class Cause:
    """Where an event comes from: record rank from 1 (0 = the flux), place of the event among the record's, rule."""

    flux_id: str
    rank: int
    index: int
    rule: str | None


@dataclass(frozen=True, slots=True)
class NewEvent:
    """Everything that a record of the contract says and a fact does not decide by itself."""

    type: str
    cause: Cause
    source: str
    fait_foi: bool
    date_effet: date
    observed_at: datetime
    donnees: Mapping[str, Any]
    subject_id: str | None = None
    dossier: str | None = None
    territoire: Territory = NOWHERE
    scelle: tuple[SealedPart, ...] = ()


def event_id(cause: Cause, type_: str) -> uuid.UUID:
    """Give the id of an event: the same for the same record of the same file, whenever it is read."""
    return uuid.uuid5(NAMESPACE, f"{cause.flux_id}|{cause.rank}|{type_}|{cause.index}")


def tell(tools: Tools, flux: Flux, event: NewEvent) -> None:
    """Tell a fact: count it in the report of a flux and stage it after what was told before, published with the flux.

    It is keyed by its subject, or by its flux when it is about none.
    """
    flux.tally.events[event.type] += 1
    tools.staging.publish(_outbox_row(event, flux.received_at))


def _outbox_row(event: NewEvent, published_at: datetime) -> OutboxRow:
    identifier = event_id(event.cause, event.type)
    body = splicing.body(event.type, _record(event, identifier, published_at))
    topic, key = (EVENEMENTS, event.subject_id) if event.subject_id else (FLUX, event.cause.flux_id)
    said = (event.type, EVENT_VERSION[event.type], body, event.observed_at, event.source)
    return OutboxRow(identifier, topic, key, *said)


def _record(event: NewEvent, identifier: uuid.UUID, published_at: datetime) -> dict[str, Any]:
    cause = event.cause
    return {
        "id": str(identifier),
        "type": event.type,
        "source": event.source,
        "emetteur_fait_foi": event.fait_foi,
        "date_effet": event.date_effet,
        "date_observation": event.observed_at,
        "date_publication": published_at,
        "cle_personne": event.subject_id,
        "cle_dossier": event.dossier,
        "territoire": event.territoire._asdict(),
        "cause": {"flux_id": cause.flux_id, "enregistrement": cause.rank, "regle": cause.rule},
        "corrige": None,
        "annule": None,
        "portee": list(dict.fromkeys(part["sorte"] for part in event.scelle)),
        "donnees": event.donnees,
        "scelle": list(event.scelle),
        "enrichissement": None,
    }


def now() -> datetime:
    """Give the present instant, UTC."""
    return datetime.now(UTC)
