"""The last step before a recipient: is it entitled now, may the parts be opened, what exactly leaves.

Works on batches in a thread of its own: two round trips per batch (which deliveries still stand, which keys still
exist), none per delivery. Opened keys are remembered for at most five seconds, so that an erasure is final by then.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

import psycopg

from bus import vault
from bus.codec import Codec, decode_part
from bus.errors import InvalidEvent
from bus.sealing import DataKey, KekRing, unseal
from consumers import projection
from consumers.ledger import Pending
from consumers.projection import Selected
from consumers.subscription import Subscription

KEY_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """The head of a lane, about to leave."""

    subscription: Subscription
    row: Pending
    sequence: int


@dataclass(frozen=True, slots=True)
class Body:
    """May leave: the bytes to sign."""

    octets: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """May not leave any more; the cause is French."""

    cause: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Can never leave: its bytes are wrong."""

    reason: str


@dataclass(frozen=True, slots=True)
class Gone:
    """Somebody else has ended it (erasure, age): nothing to record."""


Prepared: TypeAlias = Body | Withdrawn | Unreadable | Gone

NOT_ENTITLED: Final = "l’abonnement en vigueur ne donne pas droit à cet événement"
ERASED: Final = "la personne a été effacée : sa clé n’existe plus"


class Preparation:
    """Prepares batches; one thread at a time."""

    def __init__(self, conn: psycopg.Connection, ring: KekRing, codec: Codec) -> None:
        self._conn = conn
        self._ring = ring
        self._codec = codec
        self._keys: dict[str, tuple[float, DataKey]] = {}

    def prepare(self, candidates: Sequence[Candidate]) -> list[Prepared]:
        """Give the fate of each candidate, in order."""
        standing = self._standing([candidate.row.seq for candidate in candidates])
        read = [self._read(candidate) for candidate in candidates]
        keys = self._fresh_keys({name for one in read if isinstance(one, Selected) for name in one.key_ids})
        return [
            _fate(candidate, one, keys) if candidate.row.seq in standing else Gone()
            for candidate, one in zip(candidates, read, strict=True)
        ]

    def _standing(self, seqs: list[int]) -> set[int]:
        rows = self._conn.execute(
            "select seq from ledger.delivery where seq = any(%s) and etat = 'en_attente'", (seqs,)
        )
        return {seq for (seq,) in rows}

    def _read(self, candidate: Candidate) -> Selected | Withdrawn | Unreadable:
        """Decode the event of a candidate that is still entitled to it."""
        row, subscription = candidate.row, candidate.subscription
        if not subscription.entitled(row.type, row.autorite, row.published_at, datetime.now(UTC)):
            return Withdrawn(NOT_ENTITLED)
        try:
            event = self._codec.decode(row.value)
        except InvalidEvent as error:
            return Unreadable(error.reason)
        return projection.select(event, row.autorite, subscription.fields)

    def _fresh_keys(self, wanted: set[str]) -> dict[str, DataKey]:
        """Give the keys that exist, read again when older than five seconds; what is not wanted any more is dropped."""
        now = time.monotonic()
        self._keys = {name: entry for name, entry in self._keys.items() if entry[0] > now - KEY_SECONDS}
        missing = wanted - self._keys.keys()
        if missing:
            found = vault.keys_by_id(self._conn, self._ring, missing)
            self._keys |= {name: (now, key) for name, key in found.items()}
        return {name: self._keys[name][1] for name in wanted if name in self._keys}


def _fate(candidate: Candidate, read: Selected | Withdrawn | Unreadable, keys: Mapping[str, DataKey]) -> Prepared:
    if not isinstance(read, Selected):
        return read
    if not read.key_ids <= keys.keys():
        return Withdrawn(ERASED)
    try:
        return Body(_body(candidate, read, keys))
    except InvalidEvent as error:
        return Unreadable(error.reason)


def _body(candidate: Candidate, read: Selected, keys: Mapping[str, DataKey]) -> bytes:
    def open_(part: Mapping[str, Any]) -> Mapping[str, Any]:
        sorte, version = part["sorte"], part["version_schema"]
        return decode_part(sorte, version, unseal(keys[part["cle_id"]], sorte, version, part["octets"]))

    data = projection.data(read, candidate.subscription.fields, open_)
    address = projection.Address(candidate.subscription.id, candidate.row.sujet, candidate.sequence)
    return projection.cloud_event(read.event, data, address)
