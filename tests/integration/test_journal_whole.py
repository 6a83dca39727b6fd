"""Files in, outbox out, nothing half done, whatever dies in between; nothing readable is kept."""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from helpers.journal import STOCK, Bench, journal_server, new_bench, row
from helpers.scene import ALBA, LEO
from helpers.vrsb_file import Foyer, Who, mensuel, nir13, quotidien

from bus import db
from bus.settings import Settings
from producers.ingest import Ingest
from producers.registry import SOURCES


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with journal_server(tmp_path_factory.mktemp("journal")) as settings:
        yield settings


@pytest.fixture
def bench(server: Settings, tmp_path: Path) -> Iterator[Bench]:
    with new_bench(server, tmp_path) as found:
        yield found


def test_ids_are_those_of_the_file_whoever_reads_it(bench: Bench, server: Settings) -> None:
    bench.take(mensuel(STOCK), quotidien(replace(STOCK, etat="5")))
    first = [event["id"] for event in bench.events()]
    names = bench.conn.execute(
        "select schemaname || '.' || tablename from pg_tables where schemaname in ('vault', 'journal')"
    )
    bench.conn.execute(f"truncate {', '.join(name for (name,) in names)} restart identity")

    bench.take(mensuel(STOCK), quotidien(replace(STOCK, etat="5")))

    assert [event["id"] for event in bench.events()] == first
    assert len(set(first)) == len(first)


def test_nothing_readable_is_kept_in_the_database(bench: Bench) -> None:
    bench.take(mensuel(STOCK), quotidien(replace(STOCK, who=(ALBA, replace(LEO, nom="")))))
    bench.contact(row(1), row(None, claim="999"))
    needles = [b"ZZTESTE", b"ALBA", nir13(1).encode(), b"639980001", b"example.fr", b"00000000152", b"ESSAIS"]

    names = bench.conn.execute(
        "select schemaname, tablename from pg_tables where schemaname in ('vault', 'journal')"
    ).fetchall()
    for schema, table in names:
        for values in bench.conn.execute(f"select * from {schema}.{table}").fetchall():  # noqa: S608 - from the catalogue
            kept = b"\x1f".join(value if isinstance(value, bytes) else str(value).encode() for value in values)
            assert [needle for needle in needles if needle in kept] == [], table


KILLED = """
import sys
from pathlib import Path
from bus.settings import Settings
from producers.journal.events import now
from producers.ingest import Ingest
from producers.registry import SOURCES
data = Path(sys.argv[1])
settings = Settings(data_dir=data, secrets_dir=data / "secrets" / "ingest", database_url=sys.argv[2])
with Ingest(settings) as ingestion:
    ingestion.file(Path(sys.argv[3]), SOURCES["cnaf"])
"""


@pytest.mark.parametrize(
    ("point", "verdict"), [("ingest.mid_file@2", "accepte"), ("ingest.after_verdict@1", "doublon")]
)
def test_a_killed_ingest_is_done_again_from_the_start(bench: Bench, tmp_path: Path, point: str, verdict: str) -> None:
    crowd = [Foyer(numero=f"{n:08d}052", who=(Who(prenom=f"P{n}"),)) for n in range(2_500)]
    path = tmp_path / "rsa.gros.xml"
    path.write_bytes(mensuel(*crowd).octets())
    (tmp_path / f"{point}#1").touch()

    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(bench.settings.data_dir), str(bench.settings.database_url), str(path)],
        env=os.environ | {"BUS_FAILPOINTS_DIR": str(tmp_path)},
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    assert bench.count("journal.person") == (0 if verdict == "accepte" else 2_500)

    with Ingest(bench.settings) as ingestion:
        assert ingestion.file(path, SOURCES["cnaf"]).verdict.value == verdict
    assert Counter(bench.told()) == {"etat.publie": 2_500}
    assert bench.staged() == 0


def test_batches_do_not_change_what_is_told(bench: Bench) -> None:
    crowd = [Foyer(numero=f"{n:08d}052", who=(Who(prenom=f"P{n}"),)) for n in range(2_100)]
    bench.one(mensuel(*crowd))

    report = bench.one(mensuel(*crowd[:1_050], jour="2026-04-05", dtref="2026-03-31"))

    assert dict(report.evenements) == {"rsa.droits_devoirs.sortie": 1_050, "flux.traite": 1}
    assert len({event["id"] for event in bench.events()}) == 2_100 + 1 + 1_050 + 1


def test_the_role_of_ingest_may_not_read_the_ledger(bench: Bench) -> None:
    with db.connect(bench.settings, "bus_ingest") as conn, pytest.raises(psycopg.errors.InsufficientPrivilege):
        conn.execute("select * from ledger.event")
