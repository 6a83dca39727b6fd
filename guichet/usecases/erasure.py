"""Erasing a person: one transaction that makes everything kept about them unreadable, and keeps them from coming back.

Keys and links go, the register remembers (by digests under its own key), states and rows that wait go, sealed rows of
their dossier lose their keys, a tombstone tells streams to forget, and what is still owed about them is withdrawn.
Ciphertexts stay in topics and journals until their retention: nothing opens them. Asking again destroys what has
arrived since about persons of the register, by its digests: nothing else still leads to them.

Source: RGPD art. 17; erasure protocol of the security notes.
"""

from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import psycopg

from bus.identity import parse_nir
from bus.vault import subjects
from bus.vault.links import Pepper
from consumers.ledger import ledger
from producers.journal import forgetting, outbox, transaction
from producers.journal.forgetting import RoleInDossier


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
    return (Erased.ALREADY if subjects.erased_nir(conn, pepper, nir13) else Erased.UNKNOWN), None


def erase(conn: psycopg.Connection, pepper: Pepper, subject: str, folder: Path) -> Proof:
    """Erase a subject in one transaction.

    Args:
        conn: acts as ``bus_guichet``, outside a transaction.
        pepper: of the role ingest: the register needs it.
        subject: id of the subject.
        folder: of the spooled files.
    """
    with conn.transaction():
        # The verdict of a flux waits for the same turn: it comes wholly before, or wholly after and sees this.
        transaction.take_turn(conn)
        proof = Proof(_fate(conn, subject), subject)
        if proof.resultat is Erased.ERASED:
            _destroy(conn, pepper, proof, subject, folder)
        elif proof.resultat is Erased.ALREADY:
            _destroy_records(conn, proof, _registered(conn, pepper), folder)
        if proof.resultat is not Erased.UNKNOWN:
            proof.livraisons_retirees = ledger.withdraw_person(conn, subject)
    return proof


def erase_again(conn: psycopg.Connection, pepper: Pepper, folder: Path) -> Proof:
    """Destroy what has arrived since about somebody whom only the register knows; arguments as for ``erase``."""
    proof = Proof(Erased.ALREADY, None)
    with conn.transaction():
        transaction.take_turn(conn)
        _destroy_records(conn, proof, _registered(conn, pepper), folder)
    return proof


def _fate(conn: psycopg.Connection, subject: str) -> Erased:
    if subjects.known(conn, subject):
        return Erased.ERASED
    return Erased.ALREADY if outbox.entombed(conn, subject) else Erased.UNKNOWN


def _destroy(conn: psycopg.Connection, pepper: Pepper, proof: Proof, subject: str, folder: Path) -> None:
    held = forgetting.held(conn, subject)
    proof.liens_au_registre, proof.cles_detruites = subjects.erase(conn, pepper, subject)
    subjects.register_roles(conn, pepper, held)
    _destroy_records(conn, proof, held, folder)
    proof.etats, proof.contacts = forgetting.forget_states(conn, subject)
    outbox.tombstone(conn, subject)
    outbox.wake(conn)


def _destroy_records(conn: psycopg.Connection, proof: Proof, places: Collection[RoleInDossier], folder: Path) -> None:
    """Destroy the sealed rows and the refused files of some places."""
    gone = forgetting.destroy_records(conn, places, folder)
    proof.lignes_en_attente, proof.enregistrements_en_quarantaine, proof.fichiers_refuses = gone


def _registered(conn: psycopg.Connection, pepper: Pepper) -> set[RoleInDossier]:
    """Give the places named by what is kept that the register knows as an erased person's."""
    return subjects.erased_roles(conn, pepper, forgetting.named(conn))
