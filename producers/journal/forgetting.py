"""What the journal keeps of a person, destroyed; each function works in the caller's transaction."""

from collections.abc import Collection
from pathlib import Path
from typing import Final, NamedTuple

import psycopg

from producers.journal import spool
from producers.journal.roles import ADULTS

RoleInDossier = tuple[str, str]
"""A dossier and a role."""


class Records(NamedTuple):
    """How many sealed records were destroyed."""

    waiting: int
    put_aside: int
    files: int


class States(NamedTuple):
    """How many states were destroyed."""

    places: int
    contacts: int


def held(conn: psycopg.Connection, subject_id: str) -> list[RoleInDossier]:
    """Give the places that a person has."""
    query = "select distinct dossier, role from journal.person where subject_id = %s"
    return [(dossier, role) for dossier, role in conn.execute(query, (subject_id,))]


def named(conn: psycopg.Connection) -> list[RoleInDossier]:
    """Give the places named by what waits, is put aside or was refused."""
    return [(dossier, role) for dossier, role in conn.execute(_NAMED, (sorted(ADULTS),))]


def forget_states(conn: psycopg.Connection, subject_id: str) -> States:
    """Destroy what is known of a person: places, contacts, suspicions; gives how many."""
    places = conn.execute("delete from journal.person where subject_id = %s", (subject_id,)).rowcount
    contacts = conn.execute("delete from journal.contact where subject_id = %s", (subject_id,)).rowcount
    conn.execute("delete from journal.suspect where %s in (subject_id, other_id)", (subject_id,))
    return States(places, contacts)


def destroy_records(conn: psycopg.Connection, places: Collection[RoleInDossier], folder: Path) -> Records:
    """Destroy the sealed rows and the refused files of some places, with their keys; gives how many."""
    dossiers = sorted({dossier for dossier, _ in places})
    return Records(
        waiting=_delete_sealed(conn, _WAITING, [f"{dossier}|{role}" for dossier, role in places]),
        put_aside=_delete_sealed(conn, _QUARANTINED, dossiers),
        files=_destroy_files(conn, dossiers, folder),
    )


# A quarantined record and a refused file name a dossier, not who in it.
_NAMED: Final = """
select dossier, role from journal.waiting
union select dossier, role from (
  select dossier from journal.quarantine where dossier is not null union select digest from journal.spool_dossier
) d cross join unnest(%s::text[]) as r(role)
"""
_WAITING: Final = "delete from journal.waiting where dossier || '|' || role = any(%s) returning key_id"
_QUARANTINED: Final = "delete from journal.quarantine where dossier = any(%s) returning key_id"


def _delete_sealed(conn: psycopg.Connection, query: str, places: list[str]) -> int:
    """Delete sealed rows and the keys of their own; gives how many."""
    keys = [key for (key,) in conn.execute(query, (places,))]
    conn.execute("delete from vault.owned_key where key_id = any(%s)", (keys,))
    return len(keys)


def _destroy_files(conn: psycopg.Connection, dossiers: list[str], folder: Path) -> int:
    """Destroy the refused files that name the dossier, or may: one not read to its end, or one that has no index.

    A file still waiting for its verdict stays: the register keeps the person out, and the verdict destroys the file.
    """
    rows = conn.execute(
        "select flux_id from journal.spool s where decided and (not index_complete"
        " or exists (select from journal.spool_dossier d where d.flux_id = s.flux_id and d.digest = any(%s)))",
        (dossiers,),
    ).fetchall()
    for (flux_id,) in rows:
        spool.destroy(conn, folder, flux_id)
    return len(rows)
