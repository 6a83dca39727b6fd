"""``bus ingest`` as its users run it: alone on an empty data folder, and watching a folder."""

import json
import os
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from helpers.vrsb_file import Foyer, Who, mensuel, nir13, quotidien
from helpers.wait import eventually

from bus.platform.ports import free_port
from bus.platform.postgres import database
from bus.settings import Settings
from bus.vault.provisioning import create_secrets
from producers.folder.watch import Watch
from producers.registry import recognise

STOCK = Foyer(who=(Who(nir=nir13(1)),))


def bus(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BUS_")}
    command = [sys.executable, "-m", "guichet", *arguments]
    return subprocess.run(command, cwd=cwd, env=clean, capture_output=True, text=True, check=False, timeout=300)


def servers(data: Path) -> list[str]:
    """Give the PostgreSQL processes of a data folder."""
    found = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return [line for line in found.splitlines() if "postgres" in line and f"-D {data}" in line]


def test_alone_ingest_starts_and_stops_its_own_database_and_keeps_what_it_decided(tmp_path: Path) -> None:
    good, bad = tmp_path / "rsa.mensuel.xml", tmp_path / "rsa.faux.xml"
    good.write_bytes(mensuel(STOCK).octets())
    bad.write_bytes(mensuel(STOCK, annonces=9).octets())

    first = bus(
        "ingest", str(good), str(bad), "--source", "cnaf", "--json", "--data", str(tmp_path / "data"), cwd=tmp_path
    )
    again = bus("ingest", str(good), "--source", "cnaf", "--data", str(tmp_path / "data"), cwd=tmp_path)

    reports = json.loads(first.stdout)
    assert [(one["verdict"], one["motif"]) for one in reports] == [("accepte", None), ("rejete", "compteur")]
    assert (first.returncode, again.returncode) == (1, 0)
    assert "doublon" in again.stdout
    assert good.exists()
    assert servers(tmp_path / "data") == []


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["ingest"], 2),
        (["ingest", "absent.xml", "--source", "cnaf"], 2),
        (["ingest", "present.xml"], 2),
        (["ingest", "present.xml", "--source", "autre"], 2),
        (["ingest", "present.xml", "--watch", "depot"], 2),
    ],
)
def test_a_wrong_command_is_told_and_touches_nothing(tmp_path: Path, arguments: list[str], code: int) -> None:
    (tmp_path / "present.xml").write_bytes(b"")

    done = bus(*arguments, cwd=tmp_path)

    assert (done.returncode, done.stdout) == (code, "")
    assert "Error" in done.stderr or "Erreur" in done.stderr
    assert not (tmp_path / ".bus" / "postgres").exists()


@dataclass
class Depot:
    """A watched folder and the role that watches it, in this process."""

    settings: Settings
    folder: Path

    @contextmanager
    def watched(self) -> Iterator[Watch]:
        role, stopped = Watch(self.settings, self.folder), threading.Event()
        failures: list[BaseException] = []

        def work() -> None:
            try:
                role.run(stopped)
            except BaseException as error:  # noqa: BLE001 - shown by the test, whatever it is
                failures.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield role
        finally:
            stopped.set()
            thread.join(60)
        assert failures == []

    def drop(self, name: str, octets: bytes) -> Path:
        """Put a file as a careful sender does: under another name first."""
        draft = self.folder / f"{name}.part"
        draft.write_bytes(octets)
        draft.rename(self.folder / name)
        return self.folder / f"{name}.rapport.json"

    def spooled(self) -> list[str]:
        return sorted(path.name for path in (self.settings.data_dir / "spool").glob("*"))


@pytest.fixture
def depot(tmp_path: Path) -> Iterator[Depot]:
    create_secrets(tmp_path / "secrets")
    (tmp_path / "depot").mkdir()
    with database(Settings(data_dir=tmp_path, secrets_dir=tmp_path / "secrets" / "ingest")) as settings:
        yield Depot(settings, tmp_path / "depot")


def report(path: Path) -> dict[str, Any]:
    eventually(path.exists, timeout=60, what=f"{path.name}")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def test_complete_files_are_sealed_taken_in_and_reported_beside(depot: Depot) -> None:
    unfinished = depot.folder / "rsa.suite.xml.part"
    unfinished.write_bytes(b"<Racine>")

    with depot.watched() as role:
        accepted = report(depot.drop("rsa.mensuel.xml", mensuel(STOCK).octets()))
        refused = report(depot.drop("rsa.faux.xml", mensuel(STOCK, annonces=9).octets()))
        contact = report(depot.drop("contact.20260311.csv", b"RIEN;DE;CONNU\n"))
        eventually(role.ready, timeout=30, what="ready")

    assert [one["verdict"] for one in (accepted, refused, contact)] == ["accepte", "rejete", "rejete"]
    assert (contact["source"], contact["motif"]) == ("contact", "schema")
    assert sorted(path.name for path in depot.folder.iterdir()) == [
        "contact.20260311.csv.rapport.json",
        "rsa.faux.xml.rapport.json",
        "rsa.mensuel.xml.rapport.json",
        "rsa.suite.xml.part",
    ]
    assert depot.spooled() == sorted(f"{one['flux'].removeprefix('sha256:')}.scelle" for one in (refused, contact))
    assert all(b"ZZTESTE" not in (depot.settings.data_dir / "spool" / name).read_bytes() for name in depot.spooled())


def test_a_growing_file_is_left_alone_until_two_scans_agree(depot: Depot) -> None:
    role, path = Watch(depot.settings, depot.folder), depot.folder / "rsa.lent.xml"
    octets = mensuel(STOCK).octets()

    with path.open("wb", buffering=0) as file:
        for start in range(0, len(octets), 500):
            file.write(octets[start : start + 500])
            assert role._complete() == []

    assert role._complete() == [path]


def test_half_a_file_and_a_pause_wait_for_the_other_half_however_it_is_written(depot: Depot) -> None:
    octets, path = mensuel(STOCK).octets(), depot.folder / "rsa.lent.xml"
    half = len(octets) // 2

    with depot.watched() as role, path.open("wb", buffering=0) as file:
        file.write(octets[:half])
        for number in range(3):  # taken one after the other: the role scans meanwhile
            report(depot.drop(f"contact.{number}.csv", b"RIEN;DE;CONNU\n%d\n" % number))
        assert path.exists()
        file.write(octets[half:])
        file.close()
        done = report(depot.folder / "rsa.lent.xml.rapport.json")
        assert role.ready()

    assert done["verdict"] == "accepte"


def test_names_that_are_too_long_or_not_utf8_have_their_report_and_do_not_hold_the_others_back(depot: Depot) -> None:
    long = "a" * 246 + ".xml"
    odd = os.fsdecode(b"mauvais\xff.xml")
    for jour, name in (("2026-03-10", long), ("2026-03-11", odd), ("2026-03-12", "bon.xml")):
        octets = mensuel(STOCK, jour=jour).octets()
        (depot.folder / ".brouillon").write_bytes(octets)
        (depot.folder / ".brouillon").rename(depot.folder / name)

    with depot.watched():
        good = report(depot.folder / "bon.xml.rapport.json")
        escaped = report(depot.folder / "mauvais\\xff.xml.rapport.json")
        eventually(lambda: any(depot.folder.glob("aaa*.rapport.json")), timeout=60, what="report of the long name")

    (shortened,) = depot.folder.glob("aaa*.rapport.json")
    told = report(shortened)
    assert [one["verdict"] for one in (good, escaped, told)] == ["accepte"] * 3
    assert (escaped["fichier"], told["fichier"]) == ("mauvais\\xff.xml", long)
    assert shortened.name.endswith(f".{told['flux'].removeprefix('sha256:')[:12]}.rapport.json")
    assert not [path for path in depot.folder.iterdir() if path.suffix == ".xml"]


def test_a_restart_resumes_from_the_spool_and_gives_the_report_that_a_crash_held_back(depot: Depot) -> None:
    files = {"rsa.un.xml": mensuel(STOCK).octets(), "rsa.deux.xml": quotidien(Foyer(etat="5", who=STOCK.who)).octets()}
    (depot.settings.data_dir / "points").mkdir()
    (depot.settings.data_dir / "points" / "ingest.after_verdict@1#1").touch()
    for name, octets in files.items():
        depot.drop(name, octets)
    env = {
        "BUS_FAILPOINTS_DIR": str(depot.settings.data_dir / "points"),
        "BUS_DATA_DIR": str(depot.settings.data_dir),
        "BUS_DATABASE_URL": str(depot.settings.database_url),
        "BUS_SECRETS_DIR": str(depot.settings.secrets_dir),
    }
    command = [sys.executable, "-m", "guichet", "ingest", "--watch", str(depot.folder)]
    killed = subprocess.run(command, env=os.environ | env, capture_output=True, check=False, timeout=120)
    assert killed.returncode == -signal.SIGKILL
    assert len(list(depot.folder.glob("*.rapport.json"))) == 0
    assert len(depot.spooled()) == 1

    with depot.watched():
        reports = [report(depot.folder / f"{name}.rapport.json") for name in files]

    assert [one["verdict"] for one in reports] == ["accepte", "accepte"]
    assert reports[0]["evenements"] == {"flux.traite": 1, "rsa.etat.publie": 1}
    assert depot.spooled() == []
    with psycopg.connect(str(depot.settings.database_url)) as conn:
        assert conn.execute("select count(*) from journal.flux").fetchone() == (2,)
        assert conn.execute("select count(*) from vault.owned_key").fetchone() == (0,)


def test_a_sealed_file_whose_clear_copy_outlived_a_crash_is_no_duplicate_of_itself(depot: Depot) -> None:
    octets = mensuel(STOCK).octets()
    depot.drop("rsa.un.xml", octets)
    role = Watch(depot.settings, depot.folder)
    role._complete()
    (path,) = role._complete()
    from producers.ingest import Ingest

    with Ingest(depot.settings) as ingestion:
        role._seal(ingestion, path)
    path.write_bytes(octets)  # as if the crash came before the clear file was removed

    with depot.watched() as watch:
        done = report(depot.folder / "rsa.un.xml.rapport.json")
        eventually(watch.ready, timeout=30, what="ready")

    assert done["verdict"] == "accepte"
    assert not path.exists()


def metrics_of(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as page:
        return str(page.read(), "utf-8")


def test_the_role_serves_its_metrics_and_stops_when_told(depot: Depot) -> None:
    port = free_port()
    env = {
        "BUS_DATA_DIR": str(depot.settings.data_dir),
        "BUS_DATABASE_URL": str(depot.settings.database_url),
        "BUS_METRICS_PORT": str(port),
    }
    command = [sys.executable, "-m", "guichet", "ingest", "--watch", str(depot.folder)]
    with subprocess.Popen(command, env=os.environ | env, stderr=subprocess.PIPE, text=True) as process:
        report(depot.drop("rsa.un.xml", mensuel(STOCK).octets()))
        # The report is written first, what the journal tells of all files is shown after it.
        shown = 'bus_ingest_last_success_timestamp_seconds{source="cnaf-mensuel"} 1.'
        eventually(lambda: shown in metrics_of(port), timeout=30, what="the file in the metrics")
        metrics = metrics_of(port)
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=60)[1]

    assert 'bus_ingest_records_total{result="accepted",source="cnaf-quotidien"} 0.0' in metrics
    assert 'bus_ingest_records_total{result="accepted",source="cnaf-mensuel"} 1.0' in metrics
    assert 'bus_ingest_expected_interval_seconds{source="cnaf-mensuel"}' in metrics
    assert process.returncode == 0
    assert "flux decided" in said
    assert "ZZTESTE" not in said


@pytest.mark.parametrize(
    ("head", "name", "source"),
    [
        (b"<?xml", "f.csv", "cnaf"),
        (b"\xef\xbb\xbf  <Racine", "f.txt", "cnaf"),
        ("<?xml".encode("utf-16"), "f.xml", "cnaf"),
        (b"MATRICULE;ROLE", "f.xml", "contact"),
        (b"", "f.csv", "contact"),
        (b"", "f.xml", "cnaf"),
    ],
)
def test_the_source_is_read_in_the_content(head: bytes, name: str, source: str) -> None:
    assert recognise(head, name).name == source
