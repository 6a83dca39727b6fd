"""What the journal and the vault know, asked once per batch: live tables and what this flux has staged so far.

What is staged wins: a dossier or a person may occur twice in one file.
"""

from collections.abc import Collection, Iterable
from datetime import date
from typing import Final, NamedTuple

import psycopg

from bus.sealing import DataKey, KekRing
from bus.vault.epochs import opened
from bus.vault.keys import keys_of

Link = tuple[str, bytes]


class RoleHolder(NamedTuple):
    """A person in a dossier, by role, and the authority that its scope is of."""

    dossier: str
    role: str
    subject_id: str
    authority: str


_HOLDERS: Final = """
select p.dossier, p.role, p.subject_id, s.authority from (
  select p.scope_id, p.dossier, p.role, p.subject_id from journal.person p
   where (p.dossier = any(%(dossiers)b) or p.subject_id = any(%(subjects)b))
     and not exists (select from journal.staged_dossier s
                      where s.persons and s.scope_id = p.scope_id and s.dossier = p.dossier)
  union all
  select scope_id, dossier, role, subject_id from journal.staged_person
   where dossier = any(%(dossiers)b) or subject_id = any(%(subjects)b)
) p join journal.scope s using (scope_id)
"""


def holders(conn: psycopg.Connection, dossiers: Collection[str], subjects: Collection[str]) -> list[RoleHolder]:
    """Give the people of some dossiers, and every dossier of some people."""
    rows = conn.execute(_HOLDERS, {"dossiers": list(dossiers), "subjects": list(subjects)}).fetchall()
    return [RoleHolder(*row) for row in rows]


def links(conn: psycopg.Connection, wanted: Iterable[Link]) -> dict[Link, str]:
    """Give the subject that each look-up digest leads to, where there is one."""
    pairs = list(wanted)
    query = """
select l.kind, l.digest, l.subject_id from unnest(%(k)b::text[], %(d)b::bytea[]) as w (k, d)
  join vault.link l on l.kind = w.k and l.digest = w.d
union all
select l.kind, l.digest, l.subject_id from unnest(%(k)b::text[], %(d)b::bytea[]) as w (k, d)
  join journal.staged_link l on l.kind = w.k and l.digest = w.d"""
    rows = conn.execute(query, {"k": [kind for kind, _ in pairs], "d": [digest for _, digest in pairs]}).fetchall()
    return {(kind, bytes(digest)): subject for kind, digest, subject in rows}


def erased(conn: psycopg.Connection, register: Iterable[Link]) -> set[Link]:
    """Give those of some register digests that the register holds: people who must not come back."""
    pairs = list(register)
    rows = conn.execute(
        "select e.kind, e.digest from unnest(%b::text[], %b::bytea[]) as w (k, d)"
        " join vault.erased e on e.kind = w.k and e.digest = w.d",
        ([kind for kind, _ in pairs], [digest for _, digest in pairs]),
    ).fetchall()
    return {(kind, bytes(digest)) for kind, digest in rows}


def keys(conn: psycopg.Connection, ring: KekRing, subjects: Collection[str]) -> dict[str, DataKey]:
    """Give the key of each subject that has one; an erased subject is absent."""
    found = keys_of(conn, ring, subjects)
    staged = "select subject_id, key_id, epoch, wrapped from journal.staged_key where subject_id = any(%b)"
    return found | dict(opened(conn, ring, staged, ([one for one in subjects if one not in found],)))


def suspects(conn: psycopg.Connection, subjects: Collection[str]) -> set[tuple[str, str]]:
    """Give the pairs of possible doubles already told for some subjects."""
    rows = conn.execute(
        "select subject_id, other_id from journal.suspect where subject_id = any(%(s)b)"
        " union select subject_id, other_id from journal.staged_suspect where subject_id = any(%(s)b)",
        {"s": list(subjects)},
    ).fetchall()
    return {(subject, other) for subject, other in rows}


def contact_states(conn: psycopg.Connection, source: str, subjects: Collection[str]) -> dict[str, tuple[bytes, date]]:
    """Give what a source last said of each person's contacts: fingerprint and date."""
    rows = conn.execute(
        "select subject_id, fingerprint, as_of, 0 from journal.contact where source = %(c)s and subject_id = any(%(s)b)"
        " union all select subject_id, fingerprint, as_of, 1 from journal.staged_contact"
        " where source = %(c)s and subject_id = any(%(s)b) order by 4",
        {"c": source, "s": list(subjects)},
    ).fetchall()
    return {subject: (bytes(fingerprint), as_of) for subject, fingerprint, as_of, _ in rows}
