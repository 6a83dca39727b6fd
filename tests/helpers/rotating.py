"""A vault of its own on a shared server: secrets of two roles, keys in every table, rotations in this process."""

import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import psycopg

from bus import db
from bus.platform.postgres import Postgres
from bus.sealing import DataKey, KekRing, new_key
from bus.settings import Settings
from bus.vault import epochs, provisioning
from bus.vault.rotation import Rotated, Rotation
from bus.vault.rotation_site import Folders, Telling

TABLES = {"vault.key": "subject_id", "vault.owned_key": "owner", "journal.staged_key": "subject_id",
          "journal.staged_owned_key": "owner"}  # fmt: skip


@dataclass
class Vault:
    settings: Settings
    secrets: Path
    said: list[str] = field(default_factory=list)

    @property
    def ingest(self) -> Path:
        return self.secrets / "ingest"

    @property
    def deliver(self) -> Path:
        return self.secrets / "deliver"

    @property
    def everywhere(self) -> Folders:
        return Folders(self.ingest, self.deliver)

    def connect(self, role: str = "bus_ingest", *, autocommit: bool = True) -> psycopg.Connection:
        return db.connect(self.settings, role, autocommit=autocommit)

    def fill(self, count: int, tables: tuple[str, ...] = tuple(TABLES)) -> dict[str, DataKey]:
        """Write keys under the epoch in force, as ingest would."""
        ring = KekRing.load(self.ingest)
        found: dict[str, DataKey] = {}
        with closing(self.connect()) as conn:
            for table in tables:
                keys = [new_key() for _ in range(count)]
                conn.cursor().executemany(
                    f"insert into {table} (key_id, {TABLES[table]}, epoch, wrapped) values (%s, %s, %s, %s)".encode(),  # noqa: S608 - names of this test
                    [(key.key_id, "essai", *ring.wrap(key)) for key in keys],
                )
                found |= {key.key_id: key for key in keys}
        return found

    def add(self, ring: KekRing | None = None) -> DataKey:
        """Write one key under the epoch that the vault names, as ingest does."""
        ring, key = ring or KekRing.load(self.ingest), new_key()
        with closing(self.connect(autocommit=False)) as conn:
            epoch, wrapped = ring.wrap(key, epochs.wrapping(conn, ring))
            conn.execute("insert into vault.key values (%s, 'essai', %s, %s)", (key.key_id, epoch, wrapped))
            conn.commit()
        return key

    def opened(self) -> dict[str, DataKey]:
        """Open every key with what the folders hold now, the same in both."""
        rings = [KekRing.load(folder) for folder in (self.ingest, self.deliver)]
        query = " union all ".join(f"select key_id, epoch, wrapped from {table}" for table in TABLES)  # noqa: S608 - as above
        with closing(self.connect()) as conn:
            rows = conn.execute(query.encode()).fetchall()
        found = [{name: ring.unwrap(name, epoch, bytes(octets)) for name, epoch, octets in rows} for ring in rings]
        assert found[0] == found[1]
        return found[0]

    def epochs(self) -> list[int]:
        with closing(self.connect()) as conn:
            return [epoch for (epoch,) in conn.execute("select epoch from vault.epoch order by 1")]

    def rows(self) -> list[tuple[str, int, bytes]]:
        with closing(self.connect()) as conn:
            rows = conn.execute("select key_id, epoch, wrapped from vault.key").fetchall()
        return [(name, epoch, bytes(wrapped)) for name, epoch, wrapped in rows]

    def files(self) -> list[list[str]]:
        """Give the names of all that concerns KEKs in both folders, hidden files too."""
        return [sorted(file.name for file in folder.iterdir() if "kek" in file.name)
                for folder in (self.ingest, self.deliver)]  # fmt: skip

    def rotate(self, folders: Folders | None = None, *, patience: float = 30, min_age: float = 0) -> Rotated:
        telling = Telling(self.said.append, lambda _done, _total: None, patience)
        with closing(self.connect("bus_rotate")) as conn:
            return Rotation(conn, folders or self.everywhere, telling).run(timedelta(days=min_age))


@contextmanager
def new_vault(server: Settings, folder: Path) -> Iterator[Vault]:
    """Make a database of its own on a running server, and the secrets of a new deployment."""
    base, name = Postgres(server.data_dir), f"coffre_{uuid.uuid4().hex}"
    with psycopg.connect(base.dsn("postgres"), autocommit=True) as conn:
        conn.execute(f"create database {name} template bus".encode())  # migrated, and nobody works in it
    dsn = base.dsn(name)
    provisioning.create_secrets(folder / "secrets")
    settings = Settings(data_dir=folder, database_url=dsn, secrets_dir=folder / "secrets" / "ingest")
    yield Vault(settings, folder / "secrets")
