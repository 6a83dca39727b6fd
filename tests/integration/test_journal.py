"""The journal on a real PostgreSQL: what monthlies, dailies and their corrections tell, and in which order."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.journal import STOCK, Bench, journal_server, new_bench
from helpers.vrsb_file import Foyer, Who, mensuel, nir13, quotidien

from bus.settings import Settings
from producers.journal.verdict import Verdict


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with journal_server(tmp_path_factory.mktemp("journal")) as settings:
        yield settings


@pytest.fixture
def bench(server: Settings, tmp_path: Path) -> Iterator[Bench]:
    with new_bench(server, tmp_path) as found:
        yield found


def test_a_first_monthly_is_a_baseline_with_sealed_identities(bench: Bench) -> None:
    report = bench.one(mensuel(STOCK))

    assert (report.verdict, dict(report.evenements)) == (Verdict.ACCEPTE, {"rsa.etat.publie": 2, "flux.traite": 1})
    alba = bench.events()[0]
    assert bench.opened(alba, "identite")[0]["prenoms"] == ["ALBA"]
    assert bench.opened(alba, "nir")[0]["nir"] == nir13(1)
    assert bench.opened(alba, "adresse")[0]["commune_insee"] == "52448"
    assert (alba["source"], alba["territoire"]) == ("cnaf/caf-521", {"ideparte": "52", "commune_insee": "52448"})
    assert alba["date_observation"].isoformat() == "2026-03-05T00:18:36+00:00"
    assert bench.staged() == 0


def test_a_daily_tells_entries_once(bench: Bench) -> None:
    bench.one(mensuel(STOCK))
    entrant = Foyer(numero="00000000252", who=(Who(prenom="NOE", nir=nir13(3)),))

    assert bench.since(quotidien(entrant)) == ["droit.ouvert", "droits_devoirs.entree"]
    assert bench.since(quotidien(entrant, jour="2026-03-11")) == []


def test_a_daily_without_reference_publishes_states_and_the_first_monthly_is_the_baseline(bench: Bench) -> None:
    report = bench.one(quotidien(STOCK, jour="2026-03-01"))

    assert "aucune référence" in str(report.detail)
    assert bench.told() == ["etat.publie", "etat.publie"]
    assert bench.since(mensuel(STOCK)) == ["etat.publie", "etat.publie"]


def test_07_same_bytes_are_a_duplicate_and_same_header_other_bytes_a_correction(bench: Bench) -> None:
    bench.one(mensuel(STOCK, jour="2026-02-05", dtref="2026-01-31"))
    bench.one(mensuel(STOCK))
    again = bench.octets("autre-nom.xml", mensuel(STOCK).octets())
    corrected = bench.one(mensuel(replace(STOCK, etat="4", motifs=("AB",))))

    assert (again.verdict, again.evenements) == (Verdict.DOUBLON, {})
    assert "accepte" in str(again.detail)
    assert corrected.verdict is Verdict.ACCEPTE
    assert corrected.evenements["rsa.droits_devoirs.sortie"] == 2


def test_07_a_correction_of_the_baseline_is_a_baseline(bench: Bench) -> None:
    newcomer = Foyer(numero="00000000252", who=(Who(prenom="IRIS", nir=nir13(5)),))
    bench.one(mensuel(STOCK))
    after = bench.last()

    bench.one(mensuel(newcomer))
    corrected = bench.told(after)
    after = bench.last()
    bench.one(quotidien(Foyer(numero="00000000352", who=(Who(prenom="NOE", nir=nir13(6)),))))

    assert corrected == ["etat.publie"]
    assert "droits_devoirs.entree" in bench.told(after)


def test_08_staleness_is_judged_per_dossier(bench: Bench) -> None:
    other = Foyer(numero="00000000252", who=(Who(prenom="NOE", nir=nir13(3)),))
    bench.take(mensuel(STOCK, other), quotidien(replace(STOCK, etat="5"), jour="2026-03-12"))

    late = quotidien(STOCK, replace(other, etat="5"), jour="2026-03-11")

    assert bench.since(late) == ["droits_devoirs.sortie", "droit.clos"]
    assert bench.one(quotidien(STOCK, jour="2026-03-10", heure="02:00:00.0000")).motif == "antidate"


def test_08_the_hour_decides_between_two_dailies_of_a_day(bench: Bench) -> None:
    bench.take(mensuel(STOCK), quotidien(replace(STOCK, etat="5"), heure="03:00:00.0000"))

    assert bench.one(quotidien(STOCK, heure="02:00:00.0000")).motif == "antidate"
    assert bench.one(quotidien(STOCK, heure="04:00:00.0000")).verdict is Verdict.ACCEPTE


def test_09_a_reload_publishes_states_and_no_entry(bench: Bench) -> None:
    bench.one(mensuel(replace(STOCK, etat="0")))

    assert bench.since(replace(mensuel(STOCK, jour="2026-03-20"), typeflux="R")) == ["etat.publie", "etat.publie"]


def test_a_dossier_absent_from_the_next_monthly_is_an_exit_and_no_closing(bench: Bench) -> None:
    other = Foyer(numero="00000000252", who=(Who(prenom="NOE", nir=nir13(3)),))
    bench.one(mensuel(STOCK, other))

    assert bench.since(mensuel(STOCK, jour="2026-04-05", dtref="2026-03-31")) == ["droits_devoirs.sortie"]
    sortie = bench.events()[-2]
    assert (sortie["donnees"]["raison"], sortie["cause"]["enregistrement"]) == ("absent_du_mensuel", 0)
    assert bench.one(quotidien(other, jour="2026-04-01")).motif == "antidate"
    assert bench.since(quotidien(other, jour="2026-04-07")) == ["droits_devoirs.entree"]


def test_11_nothing_is_inferred_after_a_long_gap(bench: Bench) -> None:
    other = Foyer(numero="00000000252", who=(Who(prenom="NOE", nir=nir13(3)),))
    bench.one(mensuel(STOCK, other))

    report = bench.one(mensuel(STOCK, jour="2026-05-05", dtref="2026-04-30"))

    assert "rsa.droits_devoirs.sortie" not in report.evenements
    assert "45 jours" in str(report.detail)


def test_an_unreadable_or_abnormal_record_is_not_absent(bench: Bench) -> None:
    others = [Foyer(numero=f"000000{n}52", who=(Who(prenom=f"P{n}", nir=nir13(n)),)) for n in range(100, 110)]
    bench.one(mensuel(STOCK, *others))
    broken = replace(others[0], etat="9")
    strange = replace(others[1], extra="<Anomalie><LIBANO>ESSAI</LIBANO></Anomalie>")

    report = bench.one(mensuel(STOCK, broken, strange, *others[2:], jour="2026-04-05", dtref="2026-03-31"))

    assert dict(report.evenements) == {"enregistrement.rejete": 1, "flux.traite": 1}
    assert (report.lus, report.valides, report.rejets) == (11, 10, 1)
    rejected = next(event for event in bench.events() if event["type"] == "enregistrement.rejete")
    assert rejected["donnees"]["code"] == "valeur"
    assert bench.count("journal.quarantine") == 1
