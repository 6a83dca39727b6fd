"""What the ingest role shows of its sources, from real files and a real journal."""

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from helpers.vrsb_file import Fichier, Foyer, Who, mensuel, nir13, quotidien
from prometheus_client import REGISTRY

from bus.platform.postgres import database
from bus.settings import Settings
from bus.telemetry.metrics import INGEST_LAST_SUCCESS
from bus.vault.provisioning import create_secrets
from producers import measures
from producers.ingest import Ingest
from producers.journal.source import Source
from producers.journal.verdict import Report
from producers.registry import SOURCES, kinds
from producers.settings import IngestSettings

DAY = 86_400
STOCK = Foyer(who=(Who(nir=nir13(1)),))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    folder = tmp_path_factory.mktemp("mesures")
    create_secrets(folder / "secrets")
    with database(Settings(data_dir=folder, secrets_dir=folder / "secrets" / "ingest")) as settings:
        measures.announce(IngestSettings())
        yield settings


class Desk:
    """An empty journal that takes files in and shows what it says."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings, self.folder = settings, folder

    def take(self, octets: bytes, name: str = "rsa.xml", source: Source = SOURCES["cnaf"]) -> Report:
        path = self.folder / name
        path.write_bytes(octets)
        with Ingest(self.settings) as ingestion:
            report = ingestion.file(path, source)
        self.look()
        return report

    def look(self) -> None:
        with psycopg.connect(str(self.settings.database_url)) as conn:
            measures.show(conn)


@pytest.fixture
def desk(server: Settings, tmp_path: Path) -> Iterator[Desk]:
    with psycopg.connect(str(server.database_url), autocommit=True) as conn:
        names = conn.execute(
            "select schemaname || '.' || tablename from pg_tables where schemaname in ('vault', 'journal')"
        )
        conn.execute(f"truncate {', '.join(name for (name,) in names)} restart identity")
        yield Desk(server, tmp_path)


def value(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


def gap(source: str = "cnaf-quotidien") -> float | None:
    return value("bus_ingest_reconciliation_gap_records", source=source)


def short(file: Fichier, by: int) -> bytes:
    """Give a file whose trailer announces ``by`` records more than it holds."""
    return re.sub(
        rb"(<NBTOTDOSRSATRANSM>)(\d+)", lambda found: found[1] + str(int(found[2]) + by).encode(), file.octets()
    )


def test_a_gap_lasts_until_a_repaired_copy_is_accepted(desk: Desk) -> None:
    file = quotidien(STOCK)

    assert desk.take(short(file, 2)).motif == "compteur"
    assert gap() == 2
    desk.take(short(file, 3))
    assert gap() == 3, "the second bad copy replaces the first"
    desk.take(quotidien(STOCK, Foyer(numero="00000000153")).octets(), "autre.xml")
    assert desk.take(file.octets()).verdict == "accepte"

    assert gap() == 0
    assert gap("cnaf-mensuel") == 0


def test_too_many_is_a_gap_below_zero_and_does_not_hide_too_few(desk: Desk) -> None:
    first, second = quotidien(STOCK, STOCK), replace(quotidien(STOCK, STOCK), heure="02:00:00.0000")

    desk.take(short(first, -1))
    assert gap() == -1
    desk.take(short(second, 1), "deux.xml")

    assert gap() == 1


def test_a_later_monthly_of_the_same_caisse_makes_a_gap_good(desk: Desk) -> None:
    desk.take(short(quotidien(STOCK), 4))
    desk.take(replace(mensuel(STOCK), jour="2026-03-31").octets(), "mensuel.xml")

    assert gap() == 0


def test_the_last_success_is_the_journal_s_and_survives_a_restart(desk: Desk) -> None:
    desk.take(quotidien(STOCK).octets())
    with psycopg.connect(str(desk.settings.database_url), autocommit=True) as conn:
        conn.execute("update journal.flux set decided_at = to_timestamp(1772400000)")
    INGEST_LAST_SUCCESS.clear()  # what a new process knows

    desk.look()

    assert value("bus_ingest_last_success_timestamp_seconds", source="cnaf-quotidien") == 1772400000
    assert value("bus_ingest_last_success_timestamp_seconds", source="contact") is None


def accepted(desk: Desk, emitter: str, days: int) -> None:
    with psycopg.connect(str(desk.settings.database_url), autocommit=True) as conn:
        conn.execute(
            "insert into journal.flux (flux_id, source, emetteur, kind, received_at, decided_at, verdict, lus,"
            " valides, rejets, hors_perimetre, effaces, en_attente, evenements)"
            " values (%s, 'cnaf', %s, 'cnaf-quotidien', now(),"
            " now() - make_interval(days => %s), 'accepte', 1, 1, 0, 0, 0, 0, '{}')",
            (f"sha256:{emitter}-{days}", emitter, days),
        )


def silence() -> float:
    return time.time() - (value("bus_ingest_last_success_timestamp_seconds", source="cnaf-quotidien") or 0)


def test_the_last_success_is_that_of_the_caisse_that_is_most_late(desk: Desk) -> None:
    accepted(desk, "caf-521", 9)
    accepted(desk, "caf-521", 6)
    accepted(desk, "caf-211", 1)
    accepted(desk, "caf-691", 91)  # has left

    desk.look()

    assert silence() == pytest.approx(6 * DAY, abs=600)


def test_a_kind_that_nobody_sends_any_more_stays_silent_after_ninety_days(desk: Desk) -> None:
    accepted(desk, "caf-521", 120)
    accepted(desk, "caf-211", 100)

    desk.look()

    assert silence() == pytest.approx(100 * DAY, abs=600)


def test_the_expected_intervals_are_those_of_the_settings(desk: Desk) -> None:
    measures.announce(IngestSettings(intervalle_contact_jours=2))

    assert value("bus_ingest_expected_interval_seconds", source="contact") == 2 * DAY
    assert value("bus_ingest_expected_interval_seconds", source="cnaf-mensuel") == 31 * DAY
    assert value("bus_ingest_expected_interval_seconds", source="cnaf-reprise") is None
    measures.announce(IngestSettings())


@pytest.mark.parametrize("result", ["accepted", "duplicate", "rejected", "quarantined"])
def test_every_fate_of_every_source_is_there_before_the_first_file(server: Settings, result: str) -> None:
    assert all(value("bus_ingest_records_total", source=one.label, result=result) is not None for one in kinds())
    wanted = result != "quarantined"
    assert all(
        (value("bus_ingest_files_total", source=one.label, result=result) is not None) is wanted for one in kinds()
    )


def records(result: str) -> float:
    return value("bus_ingest_records_total", source="cnaf-quotidien", result=result) or 0.0


def test_records_are_counted_by_fate_and_a_file_sent_again_counts_its_records(desk: Desk) -> None:
    before = {one: records(one) for one in ("accepted", "duplicate", "rejected", "quarantined")}
    good = quotidien(STOCK, *(Foyer(numero=f"0000000016{n}") for n in range(5)), Foyer(numero="00000000170", etat="Z"))

    desk.take(good.octets())
    desk.take(good.octets(), "encore.xml")
    desk.take(short(quotidien(STOCK, STOCK, STOCK), 1), "court.xml")

    assert records("accepted") - before["accepted"] == 6
    assert records("quarantined") - before["quarantined"] == 1
    assert records("duplicate") - before["duplicate"] == 7
    assert records("rejected") - before["rejected"] == 3


def files(source: str, result: str) -> float:
    return value("bus_ingest_files_total", source=source, result=result) or 0.0


@pytest.mark.parametrize(
    "octets",
    [b"", b"\xff\xfe\x00", b"<Racine>", b"<Autre></Autre>", quotidien(STOCK).octets()[:400]],
    ids=["empty", "encoding", "cut", "other schema", "cut in its header"],
)
def test_a_file_refused_before_a_record_counts_is_counted(desk: Desk, octets: bytes) -> None:
    before = sum(files(one.label, "rejected") for one in kinds())

    assert desk.take(octets).verdict == "rejete"

    assert sum(files(one.label, "rejected") for one in kinds()) == before + 1


def test_files_are_counted_by_verdict(desk: Desk) -> None:
    before = {one: files("cnaf-quotidien", one) for one in ("accepted", "duplicate", "rejected")}
    good = quotidien(STOCK)

    desk.take(good.octets())
    desk.take(good.octets(), "encore.xml")
    desk.take(short(quotidien(STOCK, STOCK, STOCK), 1), "court.xml")

    assert {one: files("cnaf-quotidien", one) - seen for one, seen in before.items()} == dict.fromkeys(before, 1)


def test_what_is_put_aside_is_counted_and_held_until_it_goes(desk: Desk) -> None:
    labels = {"stage": "ingest", "reason": "valeur"}
    before = value("bus_quarantine_messages_total", **labels) or 0
    others = [Foyer(numero=f"0000000016{n}") for n in range(5)]

    desk.take(quotidien(*others, Foyer(numero="00000000170", etat="Z")).octets())

    assert (value("bus_quarantine_messages_total", **labels) or 0) - before == 1
    assert value("bus_quarantine_messages", **labels) == 1
    assert (value("bus_quarantine_oldest_message_timestamp_seconds", **labels) or 0) > 1_700_000_000
    with psycopg.connect(str(desk.settings.database_url), autocommit=True) as conn:
        conn.execute("delete from journal.quarantine")
    desk.look()
    assert value("bus_quarantine_messages", **labels) == 0
    assert value("bus_quarantine_oldest_message_timestamp_seconds", **labels) == 0


def test_a_record_put_aside_goes_after_thirty_days_with_its_key_and_the_alert_with_it(desk: Desk) -> None:
    others = [Foyer(numero=f"0000000016{n}") for n in range(5)]
    old, young = (quotidien(*others, Foyer(numero=f"0000000017{n}", etat="Z"), jour=f"2026-03-1{n}") for n in (0, 1))
    oldest = "bus_quarantine_oldest_message_timestamp_seconds"

    def left() -> tuple[int, int]:
        with psycopg.connect(str(desk.settings.database_url), autocommit=True) as conn:
            held = conn.execute("select count(*) from journal.quarantine").fetchall()[0][0]
            keys = conn.execute("select count(*) from vault.owned_key where owner like 'record:%'").fetchall()[0][0]
            return held, keys

    with psycopg.connect(str(desk.settings.database_url), autocommit=True) as conn:
        desk.take(old.octets(), "vieux.xml")
        conn.execute("update journal.quarantine set created_at = now() - interval '31 days'")
        desk.take(young.octets(), "jeune.xml")
    assert left() == (2, 2)

    with Ingest(desk.settings) as ingestion:
        ingestion.purge()
    desk.look()

    assert left() == (1, 1)
    assert time.time() - (value(oldest, stage="ingest", reason="valeur") or 0) < 3600


def test_the_delay_of_a_source_runs_from_the_date_of_its_file(desk: Desk) -> None:
    def observed(bound: str) -> float:
        return value("bus_ingest_source_delay_seconds_bucket", source="cnaf-quotidien", le=bound) or 0.0

    before, ever = observed(str(float(DAY))), observed("+Inf")

    desk.take(quotidien(STOCK).octets())

    assert observed("+Inf") == ever + 1
    assert observed(str(float(DAY))) == before, "the file was made months ago"


def test_rows_of_children_and_rows_that_come_too_late_are_in_the_report(desk: Desk) -> None:
    header = "MATRICULE;ROLE PERSONNE;TYPE PERSONNE;NIR;NUMERO DEMANDE RSA;NUMERO TELEPHONE DOSSIER;ADRESSE\n"
    desk.take(quotidien(STOCK).octets())

    def rows(phone: str) -> bytes:
        told = f"1;DEMANDEUR;X;{nir13(1)};00000000152;{phone};\n1;ENFANT;X;;00000000152;{phone};\n"
        return (header.replace("ADRESSE", "ADRESSE ELECTRONIQUE DOSSIER") + told).encode()

    newer = desk.take(rows("0639980001"), "contact.20260310.csv", SOURCES["contact"])
    older = desk.take(rows("0639980002"), "contact.20260303.csv", SOURCES["contact"])

    assert "1 ligne(s) d’enfant" in str(newer.detail)
    assert "1 ligne(s) plus ancienne(s)" in str(older.detail)
