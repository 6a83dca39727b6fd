"""Erasing again, on a real database without a broker: what arrived since about an erased person goes too."""

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from bus.db import connect
from bus.platform.postgres import database
from bus.sealing import KekRing, new_key, seal
from bus.settings import Settings
from bus.vault import provisioning, subjects
from bus.vault.links import Pepper
from guichet.usecases.erasure import Erased, Proof, erase, erase_again

ROLE = "CJT"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    folder = tmp_path_factory.mktemp("erasure")
    provisioning.create_secrets(folder / "secrets")
    with database(Settings(data_dir=folder)) as found:
        yield found


@pytest.fixture
def secrets(settings: Settings) -> Path:
    return settings.data_dir / "secrets" / "ingest"


@pytest.fixture
def guichet(settings: Settings) -> Iterator[psycopg.Connection]:
    with connect(settings, "bus_guichet", autocommit=True) as found:
        yield found


def person(settings: Settings, dossier: str) -> str:
    subject = subjects.new_subject_id()
    with connect(settings, "bus_ingest") as conn:
        conn.execute("insert into vault.subject (subject_id) values (%s)", (subject,))
        conn.execute(
            "insert into journal.person (scope_id, dossier, subject_id, role, eligible, moved_in)"
            " values (1, %s, %s, %s, true, 0)",
            (dossier, subject, ROLE),
        )
    return subject


def arrive(settings: Settings, secrets: Path, dossier: str) -> None:
    """Let a row wait and a record stand in quarantine, each sealed under a key of its own."""
    waiting, aside = new_key(), new_key()
    flux = "sha256:" + os.urandom(16).hex()
    ring = KekRing.load(secrets)
    with connect(settings, "bus_ingest") as conn:
        for key in (waiting, aside):
            conn.execute("insert into vault.owned_key values (%s, %s, %s, %s)", (key.key_id, flux, *ring.wrap(key)))
        conn.execute(
            "insert into journal.waiting (flux_id, rank, dossier, role, as_of, expires_at, key_id, octets)"
            " values (%s, 1, %s, %s, '2026-03-01', '2099-01-01', %s, %s)",
            (flux, dossier, ROLE, waiting.key_id, seal(waiting, "attente", 1, b"x")),
        )
        conn.execute(
            "insert into journal.quarantine (flux_id, rank, dossier, chemin, code, key_id, octets)"
            " values (%s, 1, %s, 'a', 'b', %s, %s)",
            (flux, dossier, aside.key_id, seal(aside, "attente", 1, b"x")),
        )


def left(conn: psycopg.Connection) -> list[int]:
    tables = ("journal.waiting", "journal.quarantine", "vault.owned_key")
    rows = [conn.execute(f"select count(*) from {table}").fetchone() for table in tables]  # noqa: S608 - names of ours
    return [row[0] for row in rows if row is not None]


def counts(proof: Proof) -> tuple[Erased, int, int]:
    return proof.resultat, proof.lignes_en_attente, proof.enregistrements_en_quarantaine


@pytest.mark.parametrize("by_subject", [True, False])
def test_what_arrived_since_an_erasure_goes_when_it_is_asked_again_and_the_rest_stays(
    settings: Settings, secrets: Path, guichet: psycopg.Connection, *, by_subject: bool
) -> None:
    mine, neighbour = os.urandom(16).hex(), os.urandom(16).hex()
    subject, pepper, spool = person(settings, mine), Pepper.load(secrets), settings.data_dir / "spool"
    erase(guichet, pepper, subject, spool)
    before = left(guichet)
    for dossier in (mine, neighbour):
        arrive(settings, secrets, dossier)

    def again() -> Proof:
        return erase(guichet, pepper, subject, spool) if by_subject else erase_again(guichet, pepper, spool)

    first, second = again(), again()

    assert counts(first) == (Erased.ALREADY, 1, 1)
    assert counts(second) == (Erased.ALREADY, 0, 0)
    assert [now - then for now, then in zip(left(guichet), before, strict=True)] == [1, 1, 2]
