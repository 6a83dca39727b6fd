"""What a verdict makes visible: staged rows moved into the live tables, as statements of one transaction."""

from typing import Final

import psycopg

# An erasure may have happened since a batch was staged: nothing of an erased subject may come in.
STATEMENTS: Final = (
    "insert into vault.subject (subject_id) select subject_id from journal.staged_subject",
    """insert into vault.link (kind, digest, subject_id)
         select l.kind, l.digest, l.subject_id from journal.staged_link l
           join vault.subject s on s.subject_id = l.subject_id on conflict do nothing""",
    """insert into vault.key (key_id, subject_id, epoch, wrapped)
         select key_id, subject_id, epoch, wrapped from journal.staged_key""",
    """insert into vault.owned_key (key_id, owner, epoch, wrapped)
         select key_id, owner, epoch, wrapped from journal.staged_owned_key""",
    """insert into journal.dossier (scope_id, dossier, etat, seen_at, moved_out)
         select scope_id, dossier, etat, seen_at, moved_out from journal.staged_dossier
       on conflict (scope_id, dossier) do update
         set etat = excluded.etat, seen_at = excluded.seen_at, moved_out = excluded.moved_out""",
    """delete from journal.person p using journal.staged_dossier d
        where d.persons and p.scope_id = d.scope_id and p.dossier = d.dossier""",
    """insert into journal.person
         (scope_id, dossier, subject_id, role, eligible, obligation, address, commune, moved_in)
         select p.scope_id, p.dossier, p.subject_id, p.role, p.eligible, p.obligation, p.address, p.commune, p.moved_in
           from journal.staged_person p join vault.subject s on s.subject_id = p.subject_id""",
    """update journal.person p set eligible = false from journal.staged_absent a
        where p.scope_id = a.scope_id and p.dossier = a.dossier and p.subject_id = a.subject_id""",
    """insert into journal.contact (subject_id, source, fingerprint, as_of)
         select c.subject_id, c.source, c.fingerprint, c.as_of from journal.staged_contact c
           join vault.subject s on s.subject_id = c.subject_id
       on conflict (subject_id, source) do update set fingerprint = excluded.fingerprint, as_of = excluded.as_of""",
    """insert into journal.suspect (subject_id, other_id) select subject_id, other_id from journal.staged_suspect
       on conflict do nothing""",
    "delete from journal.waiting w using journal.staged_settled s where s.waiting_id = w.waiting_id",
    "delete from vault.owned_key k using journal.staged_settled s where s.key_id = k.key_id",
)
_WAITING: Final = """
insert into journal.waiting (flux_id, rank, dossier, role, as_of, expires_at, key_id, octets)
select %s, rank, dossier, role, as_of, expires_at, key_id, octets from journal.staged_waiting
"""
_QUARANTINE: Final = """
insert into journal.quarantine (flux_id, rank, dossier, chemin, code, key_id, octets)
select %s, rank, dossier, chemin, code, key_id, octets from journal.staged_quarantine
on conflict (flux_id, rank) do nothing
"""
_SPOOL_INDEX: Final = """
insert into journal.spool_dossier (flux_id, digest)
select %(flux)s, dossier from (select dossier from journal.staged_dossier union
                               select dossier from journal.staged_present) d
on conflict do nothing
"""


def states(conn: psycopg.Connection, flux_id: str) -> None:
    """Move everything that a flux staged but its events, which go to the outbox."""
    for statement in STATEMENTS:
        conn.execute(statement)
    conn.execute(_WAITING, (flux_id,))
    conn.execute(_QUARANTINE, (flux_id,))


def index(conn: psycopg.Connection, flux_id: str, *, complete: bool) -> None:
    """Keep which dossiers a refused file names, and whether they are all there."""
    conn.execute(_SPOOL_INDEX, {"flux": flux_id})
    conn.execute("update journal.spool set index_complete = %s where flux_id = %s", (complete, flux_id))
