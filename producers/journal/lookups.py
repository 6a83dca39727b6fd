"""What the journal and the vault know, asked once per batch: live tables and what this flux has staged so far.

What is staged wins: a dossier or a person may occur twice in one file.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, NamedTuple

import psycopg

from bus.sealing import DataKey, KekRing
from bus.vault.epochs import opened
from bus.vault.keys import keys_of
from producers.caisse.states import DossierState, KnownPerson

DossierKey = tuple[int, str]
Link = tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class Scope:
    """Where "last seen" and the baseline belong: one caisse and one authority.

    Attributes:
        monthly_at: emitter's time of the last monthly or reload; None before the baseline.
        monthly_dtref: its DTREF.
        baseline_at: emitter's time of the last monthly or reload that was a baseline.
    """

    scope_id: int
    fonorg: str
    numorg: str
    authority: str
    monthly_at: datetime | None
    monthly_dtref: date | None
    baseline_at: datetime | None

    def corrected_baseline(self, at: datetime) -> bool:
        """Tell whether a monthly of this time restates the baseline itself: it publishes, and tells nothing."""
        return self.monthly_at is not None and self.monthly_at == self.baseline_at == at

    @property
    def source(self) -> str:
        """The ``source`` of its events: ``cnaf/caf-521``."""
        return f"cnaf/{self.fonorg.lower()}-{self.numorg.lower()}"


class Found(NamedTuple):
    """A dossier as last known; ``staged`` when this very flux has already restated it."""

    state: DossierState
    staged: bool


class PersonRow(NamedTuple):
    """One person in one dossier."""

    key: DossierKey
    subject_id: str
    state: KnownPerson


def scopes(conn: psycopg.Connection) -> dict[tuple[str, str, str], Scope]:
    """Give every scope, by caisse and authority: some hundreds."""
    rows = conn.execute(
        "select scope_id, fonorg, numorg, authority, monthly_at, monthly_dtref, baseline_at from journal.scope"
    ).fetchall()
    return {(row[1], row[2], row[3]): Scope(*row) for row in rows}


def new_scope(conn: psycopg.Connection, fonorg: str, numorg: str, authority: str) -> Scope:
    """Number a scope met for the first time; it says nothing until a flux is accepted."""
    row = conn.execute(
        "insert into journal.scope (fonorg, numorg, authority) values (%s, %s, %s)"
        " on conflict (fonorg, numorg, authority) do update set fonorg = excluded.fonorg"
        " returning scope_id, fonorg, numorg, authority, monthly_at, monthly_dtref, baseline_at",
        (fonorg, numorg, authority),
    ).fetchone()
    assert row is not None  # noqa: S101 - "returning" of an upsert always gives its row
    return Scope(*row)


_DOSSIERS: Final = """
select d.scope_id, d.dossier, d.etat, d.seen_at, d.moved_out, false from unnest(%(scopes)b::int[], %(dossiers)b::text[])
  as k (s, d) join journal.dossier d on d.scope_id = k.s and d.dossier = k.d
union all
select d.scope_id, d.dossier, d.etat, d.seen_at, d.moved_out, true from unnest(%(scopes)b::int[], %(dossiers)b::text[])
  as k (s, d) join journal.staged_dossier d on d.scope_id = k.s and d.dossier = k.d
"""


def dossiers(conn: psycopg.Connection, keys: Collection[DossierKey]) -> dict[DossierKey, Found]:
    """Give what is known of each dossier of a batch."""
    wanted = {"scopes": [scope for scope, _ in keys], "dossiers": [dossier for _, dossier in keys]}
    rows = conn.execute(_DOSSIERS, wanted).fetchall()
    found = {(row[0], row[1]): Found(DossierState(*row[2:5]), row[5]) for row in rows if not row[5]}
    return found | {(row[0], row[1]): Found(DossierState(*row[2:5]), row[5]) for row in rows if row[5]}


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
