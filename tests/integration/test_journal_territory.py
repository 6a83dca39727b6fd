"""Whose a record is: emitters of record, authorities served, moves, the two halves of the Rhône."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.journal import STOCK, Bench, journal_server, new_bench
from helpers.scene import ALBA, LEO
from helpers.vrsb_file import Foyer, Who, mensuel, nir13, quotidien

from bus.settings import Settings


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with journal_server(tmp_path_factory.mktemp("journal")) as settings:
        yield settings


@pytest.fixture
def bench(server: Settings, tmp_path: Path) -> Iterator[Bench]:
    with new_bench(server, tmp_path) as found:
        yield found


def test_12_a_file_sent_again_by_a_departement_is_not_of_the_emitter_of_record(bench: Bench) -> None:
    bench.take(mensuel(STOCK), quotidien(replace(STOCK, etat="5"), applieme="IOD"))

    closing = [event for event in bench.events() if event["type"] == "rsa.droit.clos"]
    assert [event["emetteur_fait_foi"] for event in closing] == [False, False]


def test_19_records_of_another_authority_are_out_of_scope(bench: Bench) -> None:
    (partly,) = bench.take(mensuel(STOCK, replace(STOCK, ideparte="021", numero="00000000921")), served=("52",))
    (none,) = bench.take(mensuel(replace(STOCK, ideparte="021")), served=("52",))
    (unknown,) = bench.take(mensuel(replace(STOCK, ideparte="0ZZ")))

    assert (partly.lus, partly.valides, partly.rejets) == (2, 1, 0)
    assert (none.motif, unknown.motif) == ("territoire", "territoire")


def test_a_move_between_two_authorities_is_told_by_each_side(bench: Bench) -> None:
    there = replace(STOCK, ideparte="021", numorg="211", commune="21231", numero="00000000921")
    stock = Foyer(numero="00000000821", ideparte="021", numorg="211", commune="21231", who=(Who(prenom="UNE"),))
    bench.take(mensuel(STOCK), mensuel(stock))

    left = bench.since(quotidien(replace(STOCK, etat="5", cloture="MUT", who=(ALBA,), prenant="211")))
    arrived = bench.since(quotidien(replace(there, who=(ALBA,))))

    assert left == ["mutation.sortante", "droits_devoirs.sortie", "droit.clos", "droits_devoirs.sortie"]
    assert arrived == ["droit.ouvert", "mutation.entrante", "droits_devoirs.entree"]
    entry = bench.events()[-2]
    assert (entry["donnees"]["population"], entry["territoire"]["ideparte"]) == ("mutation", "21")


def test_a_second_dossier_adds_no_entry_and_keeps_the_person_in(bench: Bench) -> None:
    bench.one(mensuel(STOCK))
    second = Foyer(numero="00000000252", who=(ALBA,))

    assert bench.since(quotidien(second)) == ["droit.ouvert"]
    assert bench.since(quotidien(replace(second, etat="5"), jour="2026-03-11")) == ["droit.clos"]
    assert bench.since(quotidien(replace(STOCK, etat="5"), jour="2026-03-12")).count("droits_devoirs.sortie") == 2


def test_a_record_of_lyon_whose_commune_is_unknown_is_published_as_it_says(bench: Bench) -> None:
    lost = Foyer(ideparte="069", numorg="691", commune="00000", who=(ALBA,))
    known = replace(lost, commune="69123", numero="00000000269", who=(LEO,))
    rhone = replace(lost, commune="69243", numero="00000000369", who=(Who(prenom="NOE", nir=nir13(3)),))
    bench.one(mensuel(lost, known))

    report = bench.one(mensuel(rhone, jour="2026-03-06"))

    assert report.autorite == "69D"
    assert dict(report.evenements) == {"rsa.etat.publie": 1, "flux.traite": 1}
    assert bench.events()[0]["territoire"] == {"ideparte": "69", "commune_insee": "00000"}
