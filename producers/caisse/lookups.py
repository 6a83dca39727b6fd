"""What the journal knows of dossiers and of their people: what this flux has staged wins over the live tables."""

from collections.abc import Collection
from typing import Final, NamedTuple

import psycopg

from producers.caisse.states import DossierState, KnownPerson

DossierKey = tuple[int, str]


class KnownDossier(NamedTuple):
    """A dossier as last known; ``staged`` when this very flux has already restated it."""

    state: DossierState
    staged: bool


class PersonRow(NamedTuple):
    """One person in one dossier."""

    key: DossierKey
    subject_id: str
    state: KnownPerson


_DOSSIERS: Final = """
select d.scope_id, d.dossier, d.etat, d.seen_at, d.moved_out, false from unnest(%(scopes)b::int[], %(dossiers)b::text[])
  as k (s, d) join journal.dossier d on d.scope_id = k.s and d.dossier = k.d
union all
select d.scope_id, d.dossier, d.etat, d.seen_at, d.moved_out, true from unnest(%(scopes)b::int[], %(dossiers)b::text[])
  as k (s, d) join journal.staged_dossier d on d.scope_id = k.s and d.dossier = k.d
"""


def dossiers(conn: psycopg.Connection, keys: Collection[DossierKey]) -> dict[DossierKey, KnownDossier]:
    """Give what is known of each dossier of a batch."""
    wanted = {"scopes": [scope for scope, _ in keys], "dossiers": [dossier for _, dossier in keys]}
    rows = conn.execute(_DOSSIERS, wanted).fetchall()
    found = {(row[0], row[1]): KnownDossier(DossierState(*row[2:5]), row[5]) for row in rows if not row[5]}
    return found | {(row[0], row[1]): KnownDossier(DossierState(*row[2:5]), row[5]) for row in rows if row[5]}


_PERSONS: Final = """
select p.scope_id, p.dossier, p.subject_id, p.role, p.eligible, p.obligation, p.address, p.commune, p.moved_in
  from journal.person p
 where (p.dossier = any(%(dossiers)b) or p.subject_id = any(%(subjects)b))
   and not exists (select from journal.staged_dossier s
                    where s.persons and s.scope_id = p.scope_id and s.dossier = p.dossier)
union all
select scope_id, dossier, subject_id, role, eligible, obligation, address, commune, moved_in from journal.staged_person
 where dossier = any(%(dossiers)b) or subject_id = any(%(subjects)b)
"""


def persons(conn: psycopg.Connection, dossier_ids: Collection[str], subjects: Collection[str]) -> list[PersonRow]:
    """Give the people of some dossiers, and every dossier of some people."""
    rows = conn.execute(_PERSONS, {"dossiers": list(dossier_ids), "subjects": list(subjects)}).fetchall()
    return [PersonRow((row[0], row[1]), row[2], KnownPerson(*row[3:])) for row in rows]


def absent(conn: psycopg.Connection, subjects: Collection[str]) -> set[tuple[DossierKey, str]]:
    """Give the dossiers in which this flux has already staged some people as absent."""
    rows = conn.execute(
        "select scope_id, dossier, subject_id from journal.staged_absent where subject_id = any(%b)", (list(subjects),)
    ).fetchall()
    return {((scope, dossier), subject) for scope, dossier, subject in rows}
