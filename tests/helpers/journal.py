"""A journal on a real PostgreSQL: files of invented people in, what it tells of them out."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from helpers.scene import COUPLE
from helpers.vrsb_file import Fichier, nir15

from bus.codec import decode_body, decode_part
from bus.platform.postgres import database
from bus.sealing import KekRing, unseal
from bus.settings import Settings
from bus.vault.keys import keys_by_id
from bus.vault.links import Pepper
from bus.vault.provisioning import create_secrets
from producers.ingest import Ingest
from producers.journal.source import Source
from producers.journal.verdict import Report
from producers.registry import SOURCES

STOCK = COUPLE
CONTACT_HEADER = (
    "MATRICULE;ROLE PERSONNE;TYPE PERSONNE;NIR;NUMERO DEMANDE RSA;NUMERO TELEPHONE DOSSIER;NUMERO TELEPHONE 2 DOSSIER;"
    "ADRESSE ELECTRONIQUE DOSSIER"
)


class Bench:
    """One empty journal, and what a test asks of it."""

    def __init__(self, settings: Settings, folder: Path, conn: psycopg.Connection) -> None:
        self.settings, self.folder, self.conn = settings, folder, conn
        self._ring = KekRing.load(settings.secrets_dir)
        self.pepper = Pepper.load(settings.secrets_dir)

    def take(self, *files: Fichier, served: tuple[str, ...] = ()) -> list[Report]:
        return [self.octets(f"rsa.{number}.xml", file.octets(), served=served) for number, file in enumerate(files)]

    def one(self, file: Fichier) -> Report:
        return self.take(file)[0]

    def contact(self, *rows: str, name: str = "contact.20260311.csv") -> Report:
        return self.octets(name, "\n".join((CONTACT_HEADER, *rows)).encode(), SOURCES["contact"])

    def octets(
        self, name: str, octets: bytes, source: Source = SOURCES["cnaf"], served: tuple[str, ...] = ()
    ) -> Report:
        path = self.folder / name
        path.write_bytes(octets)
        with Ingest(self.settings.model_copy(update={"autorites": list(served)})) as ingestion:
            return ingestion.file(path, source)

    def events(self, after: int = 0) -> list[dict[str, Any]]:
        rows = self.conn.execute("select type, version, body from journal.outbox where seq > %s order by seq", (after,))
        return [decode_body(kind, version, bytes(body)) for kind, version, body in rows.fetchall()]

    def told(self, after: int = 0) -> list[str]:
        return [event["type"].removeprefix("rsa.") for event in self.events(after) if event["cle_personne"]]

    def last(self) -> int:
        row = self.conn.execute("select coalesce(max(seq), 0) from journal.outbox").fetchone()
        return int(row[0]) if row else 0

    def since(self, *files: Fichier) -> list[str]:
        """Give what some files make told."""
        before = self.last()
        self.take(*files)
        return self.told(before)

    def opened(self, event: dict[str, Any], sorte: str) -> list[dict[str, Any]]:
        keys = keys_by_id(self.conn, self._ring, [part["cle_id"] for part in event["scelle"]])
        return [
            decode_part(
                sorte,
                part["version_schema"],
                unseal(keys[part["cle_id"]], sorte, part["version_schema"], part["octets"]),
            )
            for part in event["scelle"]
            if part["sorte"] == sorte
        ]

    def count(self, table: str) -> int:
        row = self.conn.execute(f"select count(*) from {table}").fetchone()  # noqa: S608 - names from this test
        return int(row[0]) if row else 0

    def staged(self) -> int:
        names = self.conn.execute("select tablename from pg_tables where tablename like 'staged%'").fetchall()
        return sum(self.count(f"journal.{name}") for (name,) in names)


def row(number: int | None, *, claim: str = "152", role: str = "DEMANDEUR", phone: str = "639980001") -> str:
    return f"T;{role};MADAME;{nir15(number) if number else ''};{claim};{phone};;zz.alba@example.fr"


@contextmanager
def journal_server(folder: Path) -> Iterator[Settings]:
    """Start a migrated database, and make the secrets of a new deployment."""
    create_secrets(folder / "secrets")
    with database(Settings(data_dir=folder, secrets_dir=folder / "secrets" / "ingest")) as settings:
        yield settings


@contextmanager
def new_bench(server: Settings, folder: Path) -> Iterator[Bench]:
    """Empty the journal and the vault of a running server."""
    with psycopg.connect(str(server.database_url), autocommit=True) as conn:
        names = conn.execute(
            "select schemaname || '.' || tablename from pg_tables where schemaname in ('vault', 'journal')"
        )
        conn.execute(f"truncate {', '.join(name for (name,) in names)} restart identity")
        yield Bench(server, folder, conn)
