"""Contact files: each row goes to the person it names, waits sealed, or is not told again."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.journal import STOCK, Bench, journal_server, new_bench, row
from helpers.scene import ALBA, LEO
from helpers.vrsb_file import Foyer, mensuel, nir13, quotidien

from bus.settings import Settings
from bus.vault.subjects import subject_of_nir
from producers.journal.verdict import Verdict


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with journal_server(tmp_path_factory.mktemp("journal")) as settings:
        yield settings


@pytest.fixture
def bench(server: Settings, tmp_path: Path) -> Iterator[Bench]:
    with new_bench(server, tmp_path) as found:
        yield found


def test_a_contact_goes_to_the_person_it_names(bench: Bench) -> None:
    bench.one(mensuel(STOCK))
    report = bench.contact(row(1))

    assert dict(report.evenements) == {"contact.mis_a_jour": 1, "flux.traite": 1}
    event = bench.events()[-2]
    assert event["cle_personne"] == subject_of_nir(bench.conn, bench.pepper, nir13(1))
    assert [part["valeur"] for part in bench.opened(event, "contact")] == ["+33639980001", "zz.alba@example.fr"]
    parts = [(part["canal"], part["type"], part["rang"], part["consentement"]) for part in event["scelle"]]
    assert parts == [("telephone", "mobile", 1, "inconnu"), ("courriel", None, 1, "inconnu")]
    assert report.autorite == "52"


def test_the_same_contact_again_is_not_told(bench: Bench) -> None:
    bench.one(mensuel(STOCK))
    bench.contact(row(1))

    assert bench.contact(row(1), name="contact.20260318.csv").verdict is Verdict.DOUBLON
    other_line = row(1).replace("MADAME", "MME")
    assert dict(bench.contact(other_line, name="contact.20260318.csv").evenements) == {"flux.traite": 1}
    changed = bench.contact(row(1, phone="639980002"), name="contact.20260325.csv")
    assert changed.evenements["contact.mis_a_jour"] == 1


def test_a_contact_without_nir_matches_dossier_and_role_where_unique(bench: Bench) -> None:
    bench.one(mensuel(Foyer(who=(ALBA, LEO, replace(LEO, prenom="MAX", nir=nir13(4))))))

    report = bench.contact(row(None), row(None, role="CONJOINT"))

    assert (report.valides, report.rejets, report.evenements["contact.mis_a_jour"]) == (2, 0, 1)
    assert "1 ligne(s) en attente" in str(report.detail)


def test_54_a_contact_that_comes_first_waits_sealed_and_is_told_when_its_person_appears(bench: Bench) -> None:
    bench.one(mensuel(Foyer(numero="00000000252", who=(LEO,))))
    waiting = bench.contact(row(None))

    assert (waiting.rejets, bench.count("journal.waiting")) == (0, 1)
    assert bench.since(quotidien(STOCK)) == [
        "droit.ouvert",
        "droits_devoirs.entree",
        "droit.ouvert",
        "contact.mis_a_jour",
    ]
    assert bench.count("journal.waiting") == 0
    assert bench.conn.execute("select count(*) from vault.owned_key where owner like 'waiting:%'").fetchone() == (0,)


def test_a_file_received_without_a_date_in_its_name_yields_to_the_next_dated_one(bench: Bench) -> None:
    bench.one(mensuel(STOCK))
    bench.contact(row(1), name="contacts.csv")

    later = bench.contact(row(1, phone="639980002"), name="contact_52_20260327.csv")

    assert later.evenements["contact.mis_a_jour"] == 1
