"""Erasing a person: one transaction that makes everything kept about them unreadable, and keeps them from coming back.

Keys and links go, the register remembers (by digests under its own key), states and rows that wait go, sealed rows of
their dossier lose their keys, a tombstone tells streams to forget, and what is still owed about them is withdrawn.
Ciphertexts stay in topics and journals until their retention: nothing opens them. Asking again destroys what has
arrived since about persons of the register, by its digests: nothing else still leads to them.

Source: RGPD art. 17; erasure protocol of the security notes.
"""

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

import psycopg

from bus import topics
from bus.db import LOCK_OUTBOX
from bus.identity import parse_nir
from bus.vault import subjects
from bus.vault.links import Pepper
from consumers.ledger.fates import Why
from producers.journal import spool
from producers.journal.roles import ADULTS

TYPE: Final = "personne.effacee"
_CAUSE: Final = Why.EFFACEE.value


class Erased(StrEnum):
    """How a request ended."""

    ERASED = "effacee"
    ALREADY = "deja_effacee"
    UNKNOWN = "inconnue"


@dataclass(slots=True)
class Proof:
    """What was destroyed, by kind; nothing of it is a personal value. ``sujet`` is the random id of the bus."""

    resultat: Erased
    sujet: str | None
    le: datetime = field(default_factory=lambda: datetime.now(UTC))
    cles_detruites: int = 0
    liens_au_registre: int = 0
    etats: int = 0
    contacts: int = 0
    lignes_en_attente: int = 0
    enregistrements_en_quarantaine: int = 0
    fichiers_refuses: int = 0
    livraisons_retirees: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Give it as ``--json`` shows it."""
        return asdict(self)


def subject_of(conn: psycopg.Connection, pepper: Pepper, nir: str) -> tuple[Erased, str | None]:
    """Find whom a NIR leads to: a subject, somebody erased already, or nobody.

    Raises:
        InvalidNir: the text is no NIR; the error never shows it.
    """
    nir13 = parse_nir(nir).nir13
    if (subject := subjects.subject_of_nir(conn, pepper, nir13)) is not None:
        return Erased.ERASED, subject
    digest = pepper.erased("nir", pepper.nir(nir13))
    row = conn.execute("select 1 from vault.erased where kind = 'nir' and digest = %s", (digest,)).fetchone()
    return (Erased.UNKNOWN if row is None else Erased.ALREADY), None


def erase(conn: psycopg.Connection, pepper: Pepper, subject: str, folder: Path) -> Proof:
    """Erase a subject in one transaction.

    Args:
        conn: acts as ``bus_guichet``, outside a transaction.
        pepper: of the role ingest: the register needs it.
        subject: id of the subject.
        folder: of the spooled files.
    """
    with conn.transaction():
        # The verdict of a flux holds the same lock: it comes wholly before, or wholly after and sees this.
        conn.execute("select pg_advisory_xact_lock(%s)", (LOCK_OUTBOX,))
        known = _count(conn, "select count(*) from vault.subject where subject_id = %s", subject)
        if not known:
            proof = Proof(Erased.ALREADY if _tombstone_exists(conn, subject) else Erased.UNKNOWN, subject)
            if proof.resultat is Erased.ALREADY:
                _destroy_records(conn, proof, _registered(conn, pepper), folder)
                proof.livraisons_retirees = _withdraw(conn, subject)
            return proof
        proof = Proof(Erased.ERASED, subject)
        _destroy(conn, pepper, proof, folder)
        _tombstone(conn, subject)
        proof.livraisons_retirees = _withdraw(conn, subject)
    return proof


def erase_again(conn: psycopg.Connection, pepper: Pepper, folder: Path) -> Proof:
    """Destroy what has arrived since about somebody whom only the register knows; arguments as for ``erase``."""
    proof = Proof(Erased.ALREADY, None)
    with conn.transaction():
        conn.execute("select pg_advisory_xact_lock(%s)", (LOCK_OUTBOX,))
        _destroy_records(conn, proof, _registered(conn, pepper), folder)
    return proof


def _destroy(conn: psycopg.Connection, pepper: Pepper, proof: Proof, folder: Path) -> None:
    subject = proof.sujet or ""
    held = conn.execute(
        "select distinct dossier, role from journal.person where subject_id = %s", (subject,)
    ).fetchall()
    proof.cles_detruites = _count(conn, "select count(*) from vault.key where subject_id = %s", subject)
    proof.liens_au_registre = _count(conn, "select count(*) from vault.link where subject_id = %s", subject)
    subjects.erase(conn, pepper, subject)
    _register_roles(conn, pepper, held)
    _destroy_records(conn, proof, held, folder)
    proof.etats = conn.execute("delete from journal.person where subject_id = %s", (subject,)).rowcount
    proof.contacts = conn.execute("delete from journal.contact where subject_id = %s", (subject,)).rowcount
    conn.execute("delete from journal.suspect where %s in (subject_id, other_id)", (subject,))


def _destroy_records(conn: psycopg.Connection, proof: Proof, held: list[tuple[Any, ...]], folder: Path) -> None:
    """Destroy the sealed rows and the refused files of places, each a dossier and a role."""
    dossiers = sorted({dossier for dossier, _ in held})
    proof.lignes_en_attente = _delete_sealed(conn, _WAITING, [f"{dossier}|{role}" for dossier, role in held])
    proof.enregistrements_en_quarantaine = _delete_sealed(conn, _QUARANTINED, dossiers)
    proof.fichiers_refuses = _destroy_files(conn, dossiers, folder)


def _registered(conn: psycopg.Connection, pepper: Pepper) -> list[tuple[str, str]]:
    """Give the places named by what is kept that the register knows as an erased person's."""
    places = conn.execute(_PLACES, (list(ADULTS),)).fetchall()
    return list(subjects.erased_roles(conn, pepper, [(dossier, role) for dossier, role in places]))


def _count(conn: psycopg.Connection, query: str, value: str) -> int:
    row = conn.execute(query, (value,)).fetchone()
    return int(row[0]) if row else 0


def _register_roles(conn: psycopg.Connection, pepper: Pepper, held: list[tuple[Any, ...]]) -> None:
    """Enter the roles in the register too: a row that names only dossier and role must not lead to the person again."""
    digests = [pepper.erased_role(dossier, role) for dossier, role in held]
    conn.execute(
        "insert into vault.erased (kind, digest) select 'dossier_role', unnest(%s::bytea[]) on conflict do nothing",
        (digests,),
    )


# A quarantined record and a refused file name a dossier, not who in it.
_PLACES: Final = """
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


def _tombstone_exists(conn: psycopg.Connection, subject: str) -> bool:
    return _count(conn, "select count(*) from journal.outbox where key = %s and body is null", subject) > 0


def _tombstone(conn: psycopg.Connection, subject: str) -> None:
    """Tell the topics, in the order of the outbox: all that was said of the person before is said before."""
    event_id = uuid5(NAMESPACE_URL, f"insertion-bus:{TYPE}:{subject}")
    conn.execute(
        "insert into journal.outbox (event_id, topic, key, type, version, body, observed_at)"
        " values (%s, %s, %s, %s, 1, null, now())",
        (event_id, topics.EVENEMENTS, subject, TYPE),
    )
    conn.execute("notify journal_outbox")


def _withdraw(conn: psycopg.Connection, subject: str) -> int:
    return conn.execute(
        "update ledger.delivery set etat = 'retiree', cause = %s, ended_at = now()"
        " where lane = %s and etat = 'en_attente'",
        (_CAUSE, subject),
    ).rowcount
