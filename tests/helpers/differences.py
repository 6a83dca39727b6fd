"""A dossier before and after, and what the difference rules tell of it."""

from dataclasses import replace
from datetime import date, datetime

from helpers.vrsb_file import Foyer, quotidien

from producers.caisse import difference
from producers.caisse.observation import Household
from producers.caisse.states import Context, Elsewhere, Fact, Past, Present, Told
from producers.caisse.vrsb import VrsbReader

CTX = Context(at=datetime(2026, 3, 10, 1, 18, 36), baseline=False, degraded=False, authority="52")  # noqa: DTZ001 - files carry no zone
DAY = date(2026, 3, 10)
NOTHING = Past(None, {}, {})
BASE = replace(CTX, baseline=True)
OPEN = Foyer()


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
