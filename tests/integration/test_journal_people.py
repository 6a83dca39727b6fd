"""Who is who in the journal: NIR that come later, twins, and people erased for good."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.journal import STOCK, Bench, journal_server, new_bench, row
from helpers.scene import ALBA, LEO
from helpers.vrsb_file import Foyer, Who, mensuel, nir13, quotidien

from bus.settings import Settings
from bus.vault.subjects import erase, subject_of_nir
from guichet.usecases.erasure import erase as erase_everywhere


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with journal_server(tmp_path_factory.mktemp("journal")) as settings:
        yield settings


@pytest.fixture
def bench(server: Settings, tmp_path: Path) -> Iterator[Bench]:
    with new_bench(server, tmp_path) as found:
        yield found


def test_21_a_nir_that_arrives_later_links_the_same_person(bench: Bench) -> None:
    anonymous = Foyer(who=(replace(ALBA, nir=None),))
    bench.take(mensuel(anonymous), quotidien(replace(STOCK, who=(ALBA,))))

    assert bench.count("vault.subject") == 1
    assert subject_of_nir(bench.conn, bench.pepper, nir13(1)) is not None


def test_27_two_partners_without_applicant_are_two_people(bench: Bench) -> None:
    bench.one(mensuel(Foyer(who=(replace(ALBA, role="CJT"), LEO))))

    assert bench.count("vault.subject") == 2


def test_a_nir_known_elsewhere_keeps_both_and_is_told_once(bench: Bench) -> None:
    twin = Foyer(numero="00000000252", who=(Who(prenom="NOE"),))
    bench.one(mensuel(STOCK, twin))
    named = replace(twin, who=(Who(prenom="NOE", nir=nir13(1)),))

    assert bench.since(quotidien(named)) == ["identite.doublon_suspecte"]
    assert bench.since(quotidien(named, jour="2026-03-11")) == []
    assert bench.count("vault.subject") == 3


def test_a_nir_that_nobody_knows_makes_a_person_whom_the_caisse_may_name_later(bench: Bench) -> None:
    bench.one(mensuel(Foyer(numero="00000000252", who=(LEO,))))
    bench.contact(row(1))

    assert bench.told()[-1] == "contact.mis_a_jour"
    assert bench.since(quotidien(Foyer(who=(ALBA,)))) == ["droit.ouvert", "droits_devoirs.entree"]
    assert bench.events()[-2]["donnees"]["population"] == "flux"
    assert bench.count("vault.subject") == 2


def test_an_erased_person_does_not_come_back(bench: Bench) -> None:
    bench.one(mensuel(STOCK))
    subject = subject_of_nir(bench.conn, bench.pepper, nir13(1))
    assert subject is not None
    erase(bench.conn, bench.pepper, subject)

    report = bench.one(quotidien(replace(STOCK, etat="5")))
    contact = bench.contact(row(1))

    assert dict(report.evenements) == {"flux.traite": 1, "rsa.droit.clos": 1, "rsa.droits_devoirs.sortie": 1}
    assert "1 personne(s) effacée(s)" in str(report.detail)
    assert dict(contact.evenements) == {"flux.traite": 1}
    assert bench.count("vault.subject") == 1


def test_a_row_without_nir_does_not_bring_the_contact_of_an_erased_person_back(bench: Bench) -> None:
    bench.one(mensuel(Foyer(who=(ALBA,))))
    subject = subject_of_nir(bench.conn, bench.pepper, nir13(1))
    assert subject is not None
    erase_everywhere(bench.conn, bench.pepper, subject, bench.settings.data_dir)
    bench.conn.commit()

    report = bench.contact(row(None))

    assert (dict(report.evenements), bench.count("journal.waiting")) == ({"flux.traite": 1}, 0)
    assert "1 personne(s) effacée(s)" in str(report.detail)


def test_27_two_partners_of_the_same_name_and_birth_with_two_nir_are_two_people(bench: Bench) -> None:
    twin = replace(ALBA, nir=nir13(7))

    bench.one(mensuel(Foyer(who=(ALBA, twin))))

    assert bench.told() == ["etat.publie", "etat.publie"]
    assert bench.count("vault.subject") == 2
