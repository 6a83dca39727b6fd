"""The difference rules of domain/difference-rules.md, as tables of before and after."""

import itertools
from dataclasses import dataclass, replace
from datetime import date, datetime

import pytest
from helpers.vrsb_file import Foyer, Who, quotidien
from hypothesis import given
from hypothesis import strategies as st

from producers.caisse import difference
from producers.caisse.eligibility import ELIGIBLE_SUSPENSIONS, eligible
from producers.caisse.observation import Household
from producers.caisse.states import Arrival, Context, Elsewhere, Fact, Past, Present, Told
from producers.caisse.vrsb import VrsbReader

CTX = Context(at=datetime(2026, 3, 10, 1, 18, 36), baseline=False, degraded=False, authority="52")  # noqa: DTZ001 - files carry no zone
DAY = date(2026, 3, 10)
NOTHING = Past(None, {}, {})


def seen(foyer: Foyer) -> Household:
    (found,) = VrsbReader([quotidien(foyer).octets()])
    assert isinstance(found, Household)
    return found


def present(household: Household, address: bytes = b"a") -> tuple[Present, ...]:
    return tuple(Present(f"s{index}", adult, address) for index, adult in enumerate(household.adults))


def step(past: Past, foyer: Foyer, ctx: Context = CTX, address: bytes = b"a") -> Told:
    household = seen(foyer)
    return difference.compare(past, household, present(household, address), ctx)


def after(outcome: Told, elsewhere: dict[str, Elsewhere] | None = None) -> Past:
    return Past(outcome.dossier, outcome.persons, elsewhere or {})


def told(outcome: Told) -> list[str]:
    return [fact.type.removeprefix("rsa.") for fact in outcome.facts]


def only(outcome: Told, kind: str) -> Fact:
    (fact,) = [fact for fact in outcome.facts if fact.type == kind]
    return fact


BASE = replace(CTX, baseline=True)
OPEN = Foyer()


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


@dataclass(frozen=True)
class Dossier:
    etat: str
    motifs: tuple[str, ...]
    tops: tuple[str | None, ...]
    roles: tuple[str, ...]

    def foyer(self) -> Foyer:
        pairs = zip(self.roles, self.tops, strict=True)
        return Foyer(
            etat=self.etat,
            motifs=self.motifs,
            who=tuple(Who(role=role, top=top, prenom=f"P{n}") for n, (role, top) in enumerate(pairs)),
        )


DOSSIERS = st.integers(1, 3).flatmap(
    lambda size: st.builds(
        Dossier,
        etat=st.sampled_from("0123456"),
        motifs=st.lists(st.sampled_from(["06", "44", "AB", "CG"]), max_size=2).map(tuple),
        tops=st.tuples(*[st.sampled_from(["0", "1", None])] * size),
        roles=st.tuples(*[st.sampled_from(["DEM", "CJT", "ENF", "RDO"])] * size),
    )
)


@given(DOSSIERS, DOSSIERS)
def test_the_same_observation_again_tells_nothing(first: Dossier, second: Dossier) -> None:
    outcome = step(after(step(NOTHING, first.foyer(), BASE)), second.foyer())

    assert told(step(after(outcome), second.foyer())) == []


@given(st.lists(DOSSIERS, min_size=1, max_size=5))
def test_entries_and_exits_of_a_person_alternate_and_children_are_never_told(dossiers: list[Dossier]) -> None:
    past = NOTHING
    facts: list[Fact] = []
    for dossier in dossiers:
        outcome = step(past, dossier.foyer())
        past = after(outcome)
        facts += outcome.facts

    for subject, group in itertools.groupby(
        sorted(facts, key=lambda fact: fact.subject_id), lambda fact: fact.subject_id
    ):
        moves = [fact.type for fact in group if "droits_devoirs" in fact.type]
        assert all(one != other for one, other in itertools.pairwise(moves)), subject
        assert not moves or moves[0].endswith("entree")
    assert all(fact.donnees["role"] != "ENF" for fact in facts)


def test_the_list_of_eligible_suspensions_is_the_published_one() -> None:
    assert sorted(ELIGIBLE_SUSPENSIONS) == ["01", "05", "06", "35", "36", "44", "70"]
