"""The rights and duties of domain/difference-rules.md, as tables of before and after."""

from dataclasses import replace
from datetime import date

import pytest
from helpers.differences import BASE, DAY, NOTHING, OPEN, after, only, step, told
from helpers.vrsb_file import Foyer, Who

from producers.caisse import difference
from producers.caisse.eligibility import ELIGIBLE_SUSPENSIONS, eligible
from producers.caisse.states import Elsewhere, Past


@pytest.mark.parametrize(
    ("etat", "motifs", "obligation", "expected"),
    [
        ("2", [], True, True),
        ("3", [], True, True),
        ("4", ["06"], True, True),
        ("4", ["06", "44"], True, True),
        ("4", ["06", "AB"], True, False),
        ("4", [], True, False),
        ("0", [], True, False),
        ("1", [], True, False),
        ("5", [], True, False),
        ("6", [], True, False),
        ("2", [], False, False),
        ("2", [], None, False),
    ],
)
def test_who_is_eligible(etat: str, motifs: list[str], obligation: bool | None, expected: bool) -> None:  # noqa: FBT001 - a table
    assert eligible(etat, motifs, obligation=obligation) is expected


def test_the_baseline_publishes_each_adult_and_tells_nothing_else() -> None:
    outcome = step(NOTHING, Foyer(who=(Who(), Who(role="CJT", prenom="LEO", top="0"))), BASE)

    assert told(outcome) == ["etat.publie", "etat.publie"]
    assert [fact.donnees["eligible"] for fact in outcome.facts] == [True, False]
    assert outcome.facts[0].parts == difference.FULL


RIGHTS = {
    ("0", "2"): ["droit.ouvert", "droits_devoirs.entree"],
    ("1", "2"): ["droit.ouvert", "droits_devoirs.entree"],
    ("0", "3"): ["droit.ouvert", "droit.suspendu", "droits_devoirs.entree"],
    ("0", "4"): ["droit.ouvert", "droit.suspendu"],
    ("2", "3"): ["droit.suspendu"],
    ("2", "4"): ["droit.suspendu", "droits_devoirs.sortie"],
    ("3", "4"): ["droit.suspendu", "droits_devoirs.sortie"],
    ("4", "3"): ["droit.suspendu", "droits_devoirs.entree"],
    ("3", "2"): ["droit.repris"],
    ("4", "2"): ["droit.repris", "droits_devoirs.entree"],
    ("2", "5"): ["droits_devoirs.sortie", "droit.clos"],
    ("4", "6"): ["droit.clos"],
    ("0", "5"): ["droit.clos"],
    ("5", "2"): ["droit.ouvert", "droits_devoirs.entree"],
    ("6", "3"): ["droit.ouvert", "droit.suspendu", "droits_devoirs.entree"],
    ("5", "6"): [],
    ("6", "5"): [],
    ("2", "1"): ["droits_devoirs.sortie"],
    ("0", "1"): [],
}


@pytest.mark.parametrize(("states", "expected"), RIGHTS.items(), ids="→".join)
def test_changes_of_the_right(states: tuple[str, str], expected: list[str]) -> None:
    before = step(NOTHING, Foyer(etat=states[0], motifs=("AB",) if states[0] == "4" else ()), BASE)

    assert told(step(after(before), Foyer(etat=states[1], motifs=("AB",) if states[1] == "4" else ()))) == expected


@pytest.mark.parametrize(
    ("etat", "expected"),
    [
        ("2", ["droit.ouvert", "droits_devoirs.entree"]),
        ("3", ["droit.ouvert", "droit.suspendu", "droits_devoirs.entree"]),
        ("0", []),
        ("5", []),
        ("6", []),
    ],
)
def test_a_dossier_first_seen(etat: str, expected: list[str]) -> None:
    assert told(step(NOTHING, Foyer(etat=etat))) == expected


def test_several_blocks_make_one_event_with_all_reasons() -> None:
    before = step(NOTHING, OPEN, BASE)

    fact = only(step(after(before), Foyer(etat="4", motifs=("06", "44", "06"))), "rsa.droit.suspendu")

    assert (fact.motifs, fact.donnees["niveau"], fact.date_effet) == (("06", "44"), "versement", date(2026, 2, 10))


def test_dates_of_effect() -> None:
    opened = step(after(step(NOTHING, Foyer(etat="0"), BASE)), OPEN)
    closed = step(after(opened), Foyer(etat="5", cloture="PCG"))

    assert only(opened, "rsa.droit.ouvert").date_effet == date(2026, 2, 15)
    assert only(opened, "rsa.droits_devoirs.entree").date_effet == DAY
    assert only(closed, "rsa.droit.clos").date_effet == date(2026, 2, 28)
    assert only(closed, "rsa.droits_devoirs.sortie").date_effet == DAY


def test_a_missing_obligation_block_keeps_the_previous_obligation() -> None:
    before = step(NOTHING, OPEN, BASE)
    silent = step(after(before), Foyer(who=(Who(top=None),)))

    assert told(silent) == []
    assert silent.persons["s0"].eligible


def test_an_obligation_never_known_is_no_obligation() -> None:
    assert told(step(NOTHING, Foyer(who=(Who(top=None),)))) == ["droit.ouvert"]


def test_facts_are_evidence_and_no_trigger() -> None:
    before = step(NOTHING, OPEN, BASE)

    assert told(step(after(before), replace(OPEN, faits=("ENTDED", "MUT", "ADR")))) == []
    fresh = only(step(NOTHING, replace(OPEN, faits=("ENTDED",))), "rsa.droits_devoirs.entree")
    assert (fresh.donnees["faits"], fresh.donnees["population"]) == (["ENTDED"], "flux")


def test_the_reason_of_an_exit() -> None:
    before = after(step(NOTHING, OPEN, BASE))
    raisons = [
        only(step(before, foyer), "rsa.droits_devoirs.sortie").donnees["raison"]
        for foyer in (Foyer(etat="5"), Foyer(etat="4", motifs=("AB",)), Foyer(who=(Who(top="0"),)))
    ]

    assert raisons == ["droit_clos", "droit_suspendu", "obligation_levee"]


def test_who_leaves_the_household_leaves_alone() -> None:
    couple = Foyer(who=(Who(), Who(role="CJT", prenom="LEO")))
    outcome = step(after(step(NOTHING, couple, BASE)), OPEN)

    assert told(outcome) == ["droits_devoirs.sortie"]
    assert (outcome.facts[0].subject_id, outcome.facts[0].donnees["raison"]) == ("s1", "personne_retiree")


def test_an_exit_and_a_return_are_both_told() -> None:
    closed = step(after(step(NOTHING, OPEN, BASE)), Foyer(etat="5"))

    assert told(step(after(closed), OPEN)) == ["droit.ouvert", "droits_devoirs.entree"]


def test_a_second_dossier_in_the_authority_adds_no_entry() -> None:
    elsewhere = {"s0": Elsewhere(eligible_here=True)}

    assert told(step(Past(None, {}, elsewhere), OPEN)) == ["droit.ouvert"]


def test_an_exit_is_told_only_when_the_person_is_eligible_nowhere() -> None:
    before = after(step(NOTHING, OPEN, BASE), {"s0": Elsewhere(eligible_here=True)})

    assert told(step(before, Foyer(etat="5"))) == ["droit.clos"]
    assert told(step(before, Foyer(who=(Who(role="ENF"),)))) == []


def test_the_list_of_eligible_suspensions_is_the_published_one() -> None:
    assert sorted(ELIGIBLE_SUSPENSIONS) == ["01", "05", "06", "35", "36", "44", "70"]
