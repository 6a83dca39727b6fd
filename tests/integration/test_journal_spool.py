"""Refused files: their rejection is told, their sealed copy is kept for a while and reads back."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.journal import Bench, journal_server, new_bench
from helpers.shared import shared

from bus.settings import Settings
from producers.ingest import Ingest
from producers.journal import spool
from producers.journal.events import now
from producers.registry import UnknownSource


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with journal_server(tmp_path_factory.mktemp("journal")) as settings:
        yield settings


@pytest.fixture
def bench(server: Settings, tmp_path: Path) -> Iterator[Bench]:
    with new_bench(server, tmp_path) as found:
        yield found


def test_05_a_refused_flux_leaves_its_rejection_and_a_sealed_copy(bench: Bench) -> None:
    report = bench.octets("RSABEM.redacted.xml", shared("data/flux/RSABEM.redacted.xml").read_bytes())

    expected = json.loads(shared("examples/ingest.json").read_text(encoding="utf-8"))[1]
    assert report.as_json() | {"flux": ""} == expected | {"flux": ""}
    assert [event["type"] for event in bench.events()] == ["flux.rejete"]
    assert (bench.count("vault.subject"), bench.count("journal.person"), bench.staged()) == (0, 0, 0)
    assert (bench.count("journal.spool"), bench.count("journal.spool_dossier")) == (1, 1)
    (copy,) = (bench.settings.data_dir / "spool").glob(f"{report.flux.removeprefix('sha256:')}.scelle")
    assert b"TIFOUR" not in copy.read_bytes()


def test_05_the_repaired_public_file_is_accepted(bench: Bench) -> None:
    octets = shared("data/flux/RSABEM.redacted.xml").read_bytes()
    report = bench.octets("RSABEM.xml", octets.replace(b"<NBTOTDOSRSATRANSM>00000001", b"<NBTOTDOSRSATRANSM>00000002"))

    assert dict(report.evenements) == {"rsa.etat.publie": 3, "flux.traite": 1}


def test_refused_files_are_kept_for_thirty_days(bench: Bench) -> None:
    bench.octets("vide.xml", b"")
    with Ingest(bench.settings) as ingestion:
        ingestion.purge()
        assert bench.count("journal.spool") == 1
        bench.conn.execute("update journal.spool set received_at = received_at - interval '31 days'")
        ingestion.purge()

    assert bench.count("journal.spool") + bench.count("vault.owned_key") == 0
    assert not list((bench.settings.data_dir / "spool").glob("e3b0c442*"))


def test_a_spooled_file_reads_back_and_an_altered_one_does_not(bench: Bench) -> None:
    octets = os.urandom(700_000)
    flux_id, key, path = spool.write_sealed(bench.settings.data_dir / "spool", [octets[:300_000], octets[300_000:]])
    copy = spool.Spooled(flux_id, key, path, "cnaf", "f.xml", None, now())

    assert b"".join(copy.chunks()) == octets
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(Exception, match="scelle_illisible"):
        b"".join(copy.chunks())


def test_a_sealed_copy_of_a_source_that_this_version_does_not_read_waits_for_one_that_does(bench: Bench) -> None:
    flux_id, key, path = spool.write_sealed(bench.settings.data_dir / "spool", [b"octets"])
    copy = spool.Spooled(flux_id, key, path, "autre", "f.bin", str(bench.folder), now())

    with Ingest(bench.settings) as ingestion:
        ingestion.register(copy)
        with pytest.raises(UnknownSource, match="source inconnue : autre ; ce bus lit "):
            ingestion.spooled(copy)

    assert bench.conn.execute("select decided from journal.spool").fetchone() == (False,)
    assert path.exists()
