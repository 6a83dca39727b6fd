"""The last step before a recipient: is it entitled now, may the parts be opened, what exactly leaves.

Works on batches in a thread of its own: two round trips per batch (which deliveries still stand, which keys still
exist), none per delivery. Opened keys are remembered for at most five seconds, so that an erasure is final by then.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import psycopg

from bus.codec import Codec, decode_part
from bus.errors import InvalidEvent
from bus.sealing import DataKey, KekRing, unseal
from bus.vault import keys
from consumers.ledger.fates import Why
from consumers.payload import projection
from consumers.payload.departure import Body, Departure, Gone, Prepared, Unreadable, Withdrawn
from consumers.payload.projection import Selected

KEY_SECONDS: Final = 5.0


class View(NamedTuple):
    """An event as one kind of recipient may see it."""

    event_id: UUID
    authority: str
    fields: frozenset[str]


@dataclass(frozen=True, slots=True)
class Projected:
    """An event, and its data as JSON for one view."""

    event: Mapping[str, Any]
    data: bytes = field(repr=False)


NOT_ENTITLED: Final = Why.SANS_DROIT.value
ERASED: Final = Why.CLE_DETRUITE.value


class Preparation:
    """Prepares batches; one thread at a time."""

    def __init__(self, conn: psycopg.Connection, ring: KekRing, codec: Codec) -> None:
        self._conn = conn
        self._ring = ring
        self._codec = codec
        self._keys: dict[str, tuple[float, DataKey]] = {}

    def prepare(self, candidates: Sequence[Departure]) -> list[Prepared]:
        """Give the fate of each candidate, in order; what several of them share is decoded, opened, serialised once."""
        standing = self._standing([candidate.row.seq for candidate in candidates])
        now = datetime.now(UTC)
        # Judged one by one, before anything is shared: two recipients with the same view may not both be entitled.
        refused = {one.row.seq: fate for one in candidates if (fate := _refusal(one, standing, now)) is not None}
        selected = self._select([one for one in candidates if one.row.seq not in refused])
        keys = self._fresh_keys(
            {name for one in selected.values() if isinstance(one, Selected) for name in one.key_ids}
        )
        projected = {view: _project(one, view.fields, keys) for view, one in selected.items()}
        return [refused.get(one.row.seq) or _address(one, projected[view_of(one)]) for one in candidates]

    def _select(self, candidates: Sequence[Departure]) -> dict[View, Selected | Unreadable]:
        events: dict[tuple[UUID, str], Mapping[str, Any] | Unreadable] = {}
        selected: dict[View, Selected | Unreadable] = {}
        for one in candidates:
            view = view_of(one)
            if view in selected:
                continue
            if (place := (view.event_id, view.authority)) not in events:
                events[place] = self._decode(one.row.value)
            event = events[place]
            selected[view] = (
                event if isinstance(event, Unreadable) else projection.select(event, view.authority, view.fields)
            )
        return selected

    def _decode(self, value: bytes) -> Mapping[str, Any] | Unreadable:
        try:
            return self._codec.decode(value)
        except InvalidEvent as error:
            return Unreadable(error.reason.value)

    def _standing(self, seqs: list[int]) -> set[int]:
        rows = self._conn.execute(
            "select seq from ledger.delivery where seq = any(%s) and etat = 'en_attente'", (seqs,)
        )
        return {seq for (seq,) in rows}

    def _fresh_keys(self, wanted: set[str]) -> dict[str, DataKey]:
        """Give the keys that exist, read again when older than five seconds; what is not wanted any more is dropped."""
        now = time.monotonic()
        self._keys = {name: entry for name, entry in self._keys.items() if entry[0] > now - KEY_SECONDS}
        missing = wanted - self._keys.keys()
        if missing:
            found = keys.keys_by_id(self._conn, self._ring, missing)
            self._keys |= {name: (now, key) for name, key in found.items()}
        return {name: self._keys[name][1] for name in wanted if name in self._keys}


def view_of(candidate: Departure) -> View:
    """Give what a candidate sees: candidates with the same view get the same data."""
    return View(candidate.row.event_id, candidate.row.autorite, candidate.subscription.fields)


def _refusal(candidate: Departure, standing: set[int], now: datetime) -> Gone | Withdrawn | None:
    """Tell why a candidate may not leave, whatever it holds."""
    row = candidate.row
    if row.seq not in standing:
        return Gone()
    if not candidate.subscription.entitled(row.type, row.autorite, row.published_at, now):
        return Withdrawn(NOT_ENTITLED)
    return None


def _project(
    selected: Selected | Unreadable, fields: frozenset[str], keys: Mapping[str, DataKey]
) -> Projected | Withdrawn | Unreadable:
    """Open the parts and serialise the data, unless a key is gone or the bytes are wrong."""

    def open_(part: Mapping[str, Any]) -> Mapping[str, Any]:
        sorte, version = part["sorte"], part["version_schema"]
        return decode_part(sorte, version, unseal(keys[part["cle_id"]], sorte, version, part["octets"]))

    if isinstance(selected, Unreadable):
        return selected
    if not selected.key_ids <= keys.keys():
        return Withdrawn(ERASED)
    try:
        return Projected(selected.event, projection.data(selected, fields, open_))
    except InvalidEvent as error:
        return Unreadable(error.reason.value)


def _address(candidate: Departure, projected: Projected | Withdrawn | Unreadable) -> Prepared:
    if not isinstance(projected, Projected):
        return projected
    address = projection.Recipient(candidate.subscription.id, candidate.row.sujet, candidate.sequence)
    return Body(projection.cloud_event(projected.event, projected.data, address))
