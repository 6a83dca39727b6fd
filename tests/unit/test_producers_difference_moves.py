"""Addresses, departures and arrivals of domain/difference-rules.md, as tables of before and after."""

from dataclasses import replace
from datetime import date

import pytest
from helpers.differences import BASE, CTX, DAY, NOTHING, OPEN, after, only, present, seen, step, told
from helpers.vrsb_file import Foyer, Who

from producers.caisse import difference
from producers.caisse.states import Arrival, Elsewhere, Past


def test_an_address_is_told_once_per_adult_when_it_changes() -> None:
    couple = Foyer(who=(Who(), Who(role="CJT", prenom="LEO")))
    before = after(step(NOTHING, couple, BASE))

    moved = step(before, replace(couple, commune="52121"), address=b"b")

    assert told(moved) == ["adresse.changee", "adresse.changee"]
    assert moved.facts[0].donnees["ancienne_commune"] == "52448"
    assert moved.facts[0].donnees["nouvelle_commune"] == "52121"
    assert told(step(after(moved), couple, address=b"b")) == []


def test_a_departure_is_told_once_by_the_old_authority() -> None:
    before = after(step(NOTHING, OPEN, BASE))
    leaving = step(before, Foyer(prenant="211"))
    closing = step(after(leaving), Foyer(etat="5", cloture="MUT", prenant="211"))

    assert told(leaving) == ["mutation.sortante"]
    assert (leaving.facts[0].donnees["caisse_prenante"], leaving.facts[0].date_effet) == ("caf-211", date(2026, 2, 25))
    assert told(closing) == ["droits_devoirs.sortie", "droit.clos"]


def test_a_closing_for_transfer_is_a_departure() -> None:
    outcome = step(after(step(NOTHING, OPEN, BASE)), Foyer(etat="5", cloture="MUT"))

    assert told(outcome) == ["mutation.sortante", "droits_devoirs.sortie", "droit.clos"]


def test_a_move_between_caisses_of_one_authority_is_no_departure() -> None:
    assert told(step(after(step(NOTHING, OPEN, BASE)), Foyer(prenant="529"))) == []
    assert told(step(NOTHING, Foyer(cedant="529"))) == ["droit.ouvert", "droits_devoirs.entree"]


@pytest.mark.parametrize(("number", "expected"), [("521", []), ("211", ["mutation.sortante"])])
def test_a_move_to_the_msa_of_the_same_departement_is_no_departure(number: str, expected: list[str]) -> None:
    household = seen(Foyer(prenant=number))
    assert household.prenant is not None
    moving = replace(household, prenant=household.prenant._replace(caisse=f"msa-{number}"))

    outcome = difference.compare(after(step(NOTHING, OPEN, BASE)), moving, present(moving), CTX)

    assert told(outcome) == expected


def test_an_arrival_is_told_once_and_its_entry_is_a_mutation() -> None:
    arriving = step(NOTHING, Foyer(cedant="921"))
    again = step(after(arriving), Foyer(cedant="921"))

    assert told(arriving) == ["droit.ouvert", "mutation.entrante", "droits_devoirs.entree"]
    assert only(arriving, "rsa.mutation.entrante").donnees["autorite_cedante"] == "92"
    assert only(arriving, "rsa.mutation.entrante").date_effet == date(2026, 2, 20)
    assert only(arriving, "rsa.droits_devoirs.entree").donnees["population"] == "mutation"
    assert told(again) == []


def test_a_person_known_in_another_authority_arrives_without_being_announced() -> None:
    outcome = step(Past(None, {}, {"s0": Elsewhere(authorities=("21",))}), OPEN)
    fact = only(outcome, "rsa.mutation.entrante")

    assert (fact.stated, fact.donnees["autorite_cedante"], fact.date_effet) == (False, "21", DAY)


def test_the_entry_of_an_arrival_may_come_later() -> None:
    waiting = step(NOTHING, Foyer(etat="0", cedant="921"))
    entered = step(after(waiting), Foyer(cedant="921"))

    assert told(waiting) == ["mutation.entrante"]
    assert only(entered, "rsa.droits_devoirs.entree").donnees["population"] == "mutation"
    closed = step(after(entered), Foyer(etat="5"))
    assert only(step(after(closed), OPEN), "rsa.droits_devoirs.entree").donnees["population"] == "flux"


def test_the_stock_of_a_baseline_arrives_from_nowhere() -> None:
    stock = step(Past(None, {}, {"s0": Elsewhere(authorities=("21",))}), Foyer(cedant="921"), BASE)

    assert told(stock) == ["etat.publie"]
    assert stock.persons["s0"].moved_in == Arrival.SETTLED
    assert told(step(after(stock), Foyer(cedant="921"))) == []


def test_what_left_and_closed_has_not_come_back() -> None:
    left = step(after(step(NOTHING, OPEN, BASE)), Foyer(prenant="211"))
    elsewhere = {"s0": Elsewhere(authorities=("21",))}
    closed = step(after(left, elsewhere), Foyer(etat="5", cloture="RAU"))

    assert "mutation.entrante" not in told(closed)
    assert told(step(after(closed, elsewhere), OPEN)) == ["droit.ouvert", "mutation.entrante", "droits_devoirs.entree"]


@pytest.mark.parametrize(
    ("caisse", "authority"),
    [
        ("caf-011", "01"),
        ("caf-971", "971D"),
        ("caf-201", "20R"),
        ("caf-672", "6AE"),
        ("caf-691", None),
        ("msa-211", None),
    ],
)
def test_a_caisse_names_its_authority_when_its_number_leaves_no_doubt(caisse: str, authority: str | None) -> None:
    found = difference._authority_of(caisse)

    assert (found or "").rstrip("D") == (authority or "").rstrip("D")
