"""The report views: what `bus_lecture` reads, and that it reads nothing else."""

from collections.abc import Iterator

import psycopg
import pytest
from alembic import command
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from bus import db
from bus.platform.postgres import database
from bus.settings import Settings
from producers.journal.observation import Code

VIEWS = {"journal.rapport_flux", "journal.rapport_jour", "journal.rapport_quarantaine"}
RELATIONS = """
select format('%I.%I', n.nspname, c.relname), c.relkind from pg_class c join pg_namespace n on n.oid = c.relnamespace
 where n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg_toast%'
   and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
"""
PRIVILEGES = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with database(Settings(data_dir=tmp_path_factory.mktemp("rapports"))) as settings:
        yield str(settings.database_url)


@pytest.fixture
def owner(address: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(address, autocommit=True) as conn:
        yield conn


@pytest.fixture
def reader(address: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(db.reader_address(address), autocommit=True) as conn:
        yield conn


def relations(conn: psycopg.Connection) -> dict[str, str]:
    return {name: kind.decode() if isinstance(kind, bytes) else kind for name, kind in conn.execute(RELATIONS)}


def test_the_reader_reads_the_views_and_no_other_relation(
    owner: psycopg.Connection, reader: psycopg.Connection
) -> None:
    readable = set()
    for name in relations(owner):
        try:
            reader.execute(f"select * from {name} limit 1")  # noqa: S608 - names from the catalogue
            readable.add(name)
        except psycopg.errors.InsufficientPrivilege:
            continue

    assert readable == VIEWS


def test_the_reader_is_granted_nothing_but_select_on_the_views(owner: psycopg.Connection) -> None:
    granted = {
        (name, privilege)
        for name, kind in relations(owner).items()
        if kind != "S"
        for privilege in PRIVILEGES
        if owner.execute("select has_table_privilege('bus_lecture', %s, %s)", (name, privilege)).fetchone() == (True,)
    }

    assert granted == {(name, "SELECT") for name in VIEWS}


def test_the_reader_owns_nothing_and_is_nobody_else(owner: psycopg.Connection) -> None:
    member = "select roleid::regrole::text from pg_auth_members where member = 'bus_lecture'::regrole"
    owns = "select count(*) from pg_class where relowner = 'bus_lecture'::regrole"
    creates = "select nspname from pg_namespace where has_schema_privilege('bus_lecture', nspname, 'CREATE')"

    assert owner.execute(member).fetchall() == []
    assert owner.execute(owns).fetchone() == (0,)
    assert owner.execute(creates).fetchall() == []


def test_the_reader_cannot_write_even_what_everybody_may(reader: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        reader.execute("create temporary table note (texte text)")


def test_no_view_has_a_column_that_could_name_somebody(owner: psycopg.Connection) -> None:
    columns = owner.execute(
        "select table_name || '.' || column_name from information_schema.columns"
        " where table_schema = 'journal' and table_name like 'rapport%%'"
        " and column_name similar to '%%(subject|sujet|dossier|file|fichier|octets|key|cle|detail)%%'"
    ).fetchall()

    assert columns == []


def test_every_view_and_column_explains_itself(owner: psycopg.Connection) -> None:
    silent = owner.execute(
        "select c.relname, a.attname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " join pg_attribute a on a.attrelid = c.oid and a.attnum > 0"
        " where n.nspname = 'journal' and c.relkind = 'v'"
        " and (col_description(c.oid, a.attnum) is null or obj_description(c.oid, 'pg_class') is null)"
    ).fetchall()

    assert silent == []


def test_a_record_put_aside_is_told_why_as_everywhere_else(
    owner: psycopg.Connection, reader: psycopg.Connection
) -> None:
    row = "(flux_id, rank, chemin, code, key_id, octets) values ('f', %s, 'x', %s, 'k', '')"
    owner.cursor().executemany(f"insert into journal.quarantine {row}", list(enumerate(Code)))

    told: dict[str, str] = dict(reader.execute("select code, raison from rapport_quarantaine").fetchall())

    assert told == {code.value: code.meaning for code in Code}


def test_going_back_leaves_what_the_release_before_had(address: str, owner: psycopg.Connection) -> None:
    owner.execute("create database essai")
    other = make_conninfo(address, dbname="essai")
    kept: list[dict[str, str]] = []

    for move, revision in ((command.upgrade, "0003"), (command.upgrade, "0004"), (command.downgrade, "0003")):
        move(db.migrations(other), revision)
        with psycopg.connect(other) as conn:
            kept.append(relations(conn))

    assert kept[1].keys() - kept[0].keys() == VIEWS
    assert kept[2] == kept[0]


def test_what_headers_say_changes_its_place_and_the_reader_sees_no_difference(
    address: str, owner: psycopg.Connection
) -> None:
    owner.execute("create database entetes")
    other = make_conninfo(address, dbname="entetes")
    said = ("D", "M", "2026-02-28", "2026-03-05", "01:18:36.0000")
    seen: list[list[tuple[object, ...]]] = []

    command.upgrade(db.migrations(other), "0007")
    with psycopg.connect(other) as conn:
        row = (
            "(flux_id, source, emetteur, natflux, typeflux, dtref, dtcreaflux, heucreaflux, received_at, verdict, lus,"
            " valides, rejets, hors_perimetre, effaces, en_attente, evenements)"
            " values (%s, %s, 'e', %s, %s, %s, %s, %s, now(), 'accepte', 1, 1, 0, 0, 0, 0, '{}')"
        )
        conn.execute(f"insert into journal.flux {row}", ("sha256:1", "cnaf", *said))
        conn.execute(f"insert into journal.flux {row}", ("sha256:2", "cnaf", *[None] * 5))
        conn.execute(f"insert into journal.flux {row}", ("sha256:3", "contact", *[None] * 5))
    for move, revision in ((command.upgrade, "0008"), (command.downgrade, "0007"), (command.upgrade, "0008")):
        with psycopg.connect(other) as conn:
            seen.append(conn.execute("select * from journal.rapport_flux order by flux").fetchall())
        move(db.migrations(other), revision)

    assert seen[0] == seen[1] == seen[2]
    assert seen[0][0][4:7] == said[:3]
    with psycopg.connect(other) as conn:
        kinds = conn.execute("select kind, entete ->> 'heucreaflux' from journal.flux order by flux_id").fetchall()
    assert kinds == [("cnaf-mensuel", said[4]), ("cnaf-illisible", None), ("contact", None)]


def test_the_address_of_the_reader_carries_no_password_of_another() -> None:
    told = db.reader_address("postgresql://proprietaire:secret@base.example/bus?sslmode=require")

    assert conninfo_to_dict(told) == {
        "user": "bus_lecture",
        "dbname": "bus",
        "host": "base.example",
        "sslmode": "require",
    }
