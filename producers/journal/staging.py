"""The staging tables of one flux: rows gathered by batch, one COPY per table, one TRUNCATE at the end."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final, LiteralString

import psycopg
from psycopg import sql

from bus.sealing import DataKey, KekRing
from bus.vault import epochs

# table → columns and their PostgreSQL types, in order; binary COPY wants the exact types.
TABLES: Final[Mapping[str, Mapping[str, str]]] = {
    "staged_subject": {"subject_id": "text"},
    "staged_link": {"kind": "text", "digest": "bytea", "subject_id": "text"},
    "staged_key": {"key_id": "text", "subject_id": "text", "epoch": "int4", "wrapped": "bytea"},
    "staged_owned_key": {"key_id": "text", "owner": "text", "epoch": "int4", "wrapped": "bytea"},
    "staged_suspect": {"subject_id": "text", "other_id": "text"},
    "staged_dossier": {
        "scope_id": "int4", "dossier": "text", "etat": "text", "seen_at": "timestamp", "moved_out": "bool",
        "persons": "bool",
    },
    "staged_person": {
        "scope_id": "int4", "dossier": "text", "subject_id": "text", "role": "text", "eligible": "bool",
        "obligation": "bool", "address": "bytea", "commune": "text", "moved_in": "int2",
    },
    "staged_present": {"scope_id": "int4", "dossier": "text"},
    "staged_absent": {"scope_id": "int4", "dossier": "text", "subject_id": "text"},
    "staged_contact": {"subject_id": "text", "source": "text", "fingerprint": "bytea", "as_of": "date"},
    "staged_waiting": {
        "rank": "int4", "dossier": "text", "role": "text", "as_of": "date", "expires_at": "timestamptz",
        "key_id": "text", "octets": "bytea",
    },
    "staged_settled": {"waiting_id": "int8", "key_id": "text"},
    "staged_quarantine": {
        "rank": "int4", "dossier": "text", "chemin": "text", "code": "text", "key_id": "text", "octets": "bytea",
    },
    "staged_outbox": {
        "ord": "int8", "event_id": "uuid", "topic": "text", "key": "text", "type": "text", "version": "int4",
        "body": "bytea", "observed_at": "timestamptz", "source": "text",
    },
}  # fmt: skip

ANALYSE_ROWS: Final = 2_000

Row = tuple[Any, ...]


class Staging:
    """What one flux will make visible, if it is accepted.

    The caller holds ``LOCK_INGEST``. Nothing here commits: a batch is the caller's transaction.
    """

    def __init__(self, conn: psycopg.Connection, ring: KekRing) -> None:
        self._conn, self._ring = conn, ring
        self._keys: list[tuple[str, DataKey, str]] = []
        self._rows: defaultdict[str, list[Row]] = defaultdict(list)
        self.order = 0
        self._sent: int | None = None  # unknown until the first ``clear``: a killed ingest may have left anything

    def add(self, table: str, *row: Any) -> None:  # noqa: ANN401 - the columns of TABLES[table], of any type
        """Keep a row for the next ``flush``."""
        self._rows[table].append(row)

    def add_key(self, table: str, key: DataKey, of: str) -> None:
        """Keep a new key for the next ``flush``, which wraps it; ``of`` is its subject or its owner."""
        self._keys.append((table, key, of))

    def publish(self, row: Iterable[Any]) -> None:
        """Keep an outbox row, in the order of the calls."""
        self.order += 1
        self._rows["staged_outbox"].append((self.order, *row))

    def flush(self) -> None:
        """Send every kept row to its table; new keys are wrapped now, under the epoch of the caller's transaction."""
        if self._keys:
            epoch = epochs.wrapping(self._conn, self._ring)
            for table, key, of in self._keys:
                self._rows[table].append((key.key_id, of, *self._ring.wrap(key, epoch)))
            self._keys.clear()
        with self._conn.cursor() as cursor:
            for table, rows in self._rows.items():
                _copy(cursor, table, rows)
                self._sent = (self._sent or 0) + len(rows)
        self._rows.clear()

    def forget_dossiers(self, keys: list[tuple[int, str]]) -> None:
        """Remove what an earlier batch of this flux staged for dossiers that the file holds twice."""
        if keys:
            scopes, dossiers = [scope for scope, _ in keys], [dossier for _, dossier in keys]
            for table in ("staged_dossier", "staged_person"):
                self._conn.execute(_FORGET[table], (scopes, dossiers))

    def forget_contacts(self, subjects: list[str]) -> None:
        """Remove the contact states that an earlier batch of this flux staged for people the file names twice."""
        if subjects:
            self._conn.execute("delete from journal.staged_contact where subject_id = any(%s)", (subjects,))

    def forget_events(self) -> None:
        """Take back every event that was staged: nothing of a refused flux is told but its refusal."""
        self._rows.pop("staged_outbox", None)
        self._conn.execute(f"{self._emptying} journal.staged_outbox")

    def clear(self) -> None:
        """Empty every staging table, whatever a killed ingest left in them."""
        statements = [sql.SQL(f"{self._emptying} {{}}").format(sql.Identifier("journal", table)) for table in TABLES]
        self._conn.execute(sql.SQL("; ").join(statements))
        self._rows.clear()
        self._keys.clear()
        self.order = self._sent = 0

    @property
    def _emptying(self) -> LiteralString:
        # Truncating costs some 50 ms: as much as a small flux.
        return "delete from" if self._known_small else "truncate"

    @property
    def _known_small(self) -> bool:
        return self._sent is not None and self._sent < ANALYSE_ROWS

    def analyse(self) -> None:
        """Give the planner true sizes before the tables are joined as wholes; a small flux is not worth it."""
        if self._known_small:
            return
        for table in TABLES:
            self._conn.execute(sql.SQL("analyze {}").format(sql.Identifier("journal", table)))


_FORGET: Final = {
    "staged_dossier": (
        "delete from journal.staged_dossier using unnest(%s::int[], %s::text[]) as k (s, d)"
        " where scope_id = k.s and dossier = k.d"
    ),
    "staged_person": (
        "delete from journal.staged_person using unnest(%s::int[], %s::text[]) as k (s, d)"
        " where scope_id = k.s and dossier = k.d"
    ),
}


def _copy(cursor: psycopg.Cursor, table: str, rows: list[Row]) -> None:
    columns = TABLES[table]
    statement = sql.SQL("copy {} ({}) from stdin (format binary)").format(
        sql.Identifier("journal", table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with cursor.copy(statement) as copy:
        copy.set_types(list(columns.values()))
        for row in rows:
            copy.write_row(row)
