"""The key of a person, unwrapped: by subject, or by its own name."""

from collections.abc import Iterable

import psycopg

from bus.sealing import DataKey, KekRing
from bus.vault import epochs


def keys_of(conn: psycopg.Connection, ring: KekRing, subject_ids: Iterable[str]) -> dict[str, DataKey]:
    """Give the newest key of each subject that still has one."""
    query = (
        "select distinct on (subject_id) subject_id, key_id, epoch, wrapped from vault.key"
        " where subject_id = any(%s) order by subject_id, created_at desc"
    )
    return dict(epochs.opened(conn, ring, query, (list(subject_ids),)))


def keys_by_id(conn: psycopg.Connection, ring: KekRing, key_ids: Iterable[str]) -> dict[str, DataKey]:
    """Give the keys that still exist among those named; an erased person's key is simply absent."""
    query = "select key_id, key_id, epoch, wrapped from vault.key where key_id = any(%s)"
    return dict(epochs.opened(conn, ring, query, (list(key_ids),)))
