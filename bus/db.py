"""The database: connections by role, migrations, and the advisory locks that make some work exclusive."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from bus.errors import Misconfigured, Unavailable
from bus.settings import Settings

if TYPE_CHECKING:
    from alembic.config import Config

READER: Final = "bus_lecture"
"""The role of operators and of the DPO: the report views of the journal, nothing else."""
_CREDENTIALS: Final = frozenset({"user", "password", "passfile", "sslcert", "sslkey", "sslpassword"})

LOCK_MIGRATE: Final = 7_010
LOCK_INGEST: Final = 7_011  # one flux at a time: differences read what the previous flux has written
LOCK_OUTBOX: Final = 7_012  # held to the end of the transaction, so that the order of seq is the order of commits
LOCK_RELAY: Final = 7_013
LOCK_DELIVER: Final = 7_014
LOCK_ROTATE: Final = 7_015


def connect(settings: Settings, role: str, *, autocommit: bool = False) -> psycopg.Connection:
    """Open a connection that has the rights of one role of the migrations and no other, whoever the address names.

    Raises:
        Misconfigured: no database address.
        Unavailable: the server does not answer.
    """
    if settings.database_url is None:
        raise Misconfigured("aucune base : indiquez BUS_DATABASE_URL ou démarrez la plateforme (bus dev up)")
    try:
        conn = psycopg.connect(
            make_conninfo(settings.database_url, application_name=role), autocommit=True, connect_timeout=10
        )
        conn.execute(f'set role "{role}"')
        conn.autocommit = autocommit
    except psycopg.OperationalError as error:
        raise Unavailable("la base PostgreSQL ne répond pas") from error
    except psycopg.ProgrammingError as error:
        raise Misconfigured("BUS_DATABASE_URL n’est pas une adresse PostgreSQL") from error
    return conn


def reader_address(address: str) -> str:
    """Give the libpq address of the same database for the role that reads the reports, with no password of another."""
    kept = {name: value for name, value in conninfo_to_dict(address).items() if name not in _CREDENTIALS}
    return make_conninfo("", **(kept | {"user": READER}))


def migrate(dsn: str) -> None:
    """Bring the database to the current schema; safe to call by several processes at once and again."""
    from alembic import command  # half a second to load, and only a migration needs it

    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("select pg_advisory_lock(%s)", (LOCK_MIGRATE,))  # freed when the connection ends
        command.upgrade(migrations(dsn), "head")


def migrations(dsn: str) -> "Config":
    """Give what Alembic needs to move one database along the migrations of this package."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["dsn"] = dsn
    return config
