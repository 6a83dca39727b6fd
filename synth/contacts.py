"""Who can be reached, since when, and the weekly files that say so.

A row names a person whom the bus knows already and whose right lives; what it holds differs from what was said last, or
repeats it.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from typing import Final, NamedTuple

from synth.draws import Draws
from synth.kinds import LifeTurn
from synth.lives import Life
from synth.people import Beneficiary
from synth.plan import World
from synth.situations import living

_COVERED: Final = 78  # of 100 adults
_CHANGES: Final = 0.0025  # per household and file
_REPEATS: Final = 0.02
_AFTER_A_MOVE: Final = 1000  # versions told by the new authority: never those of the old one


class Contact(NamedTuple):
    """The points of one person, in the order of the file: national numbers without their zero, addresses."""

    phones: tuple[str, ...]
    mails: tuple[str, ...]

    def truth(self) -> dict[str, list[str]]:
        """Give it as receivers see it: E.164 numbers."""
        return {"telephones": [f"+33{phone}" for phone in self.phones], "courriels": list(self.mails)}


class ToldContact(NamedTuple):
    """What one contact file said of one person for the first time."""

    day: date
    authority: str
    contact: Contact


class Shape(NamedTuple):
    """How the contact file of one authority is written. ``nir``: 0 without the column, else 13 or 15 characters."""

    separator: str
    nir: int
    tags: bool
    spreadsheet: bool


def shape(seed: int, authority: str) -> Shape:
    """Draw the variant that an authority receives, the same in every file."""
    draws = Draws(seed, "variante", authority)
    return Shape(draws.pick((";", ";", ",")), draws.pick((13, 15, 0)), draws.below(2) == 0, draws.below(3) > 0)


def contact(seed: int, adult: Beneficiary, version: int) -> Contact:
    """Give the points of a person; two versions never share one. Some couples share theirs."""
    person = int(adult.key[1:])
    home = person // 3
    owner = home * 3 if Draws(seed, "partage", home).below(10) < 3 else person
    fate = Draws(seed, "contact", owner, version).below(100)
    mobile = f"63998{(owner * 7919 + version * 137) % 10_000:04d}"
    other = f"63998{(owner * 7919 + version * 137 + 61) % 10_000:04d}"
    fixed = f"19900{(owner * 104_729 + version * 31) % 10_000:04d}"
    mail = f"zz.p{owner:06d}.{version}@example.{'fr' if owner % 3 else 'org'}"
    if fate < 43:
        return Contact((mobile,), (mail,))
    if fate < 70:
        return Contact((mobile,), ())
    if fate < 80:
        return Contact((), (mail,))
    if fate < 85:
        return Contact((fixed,), ())
    if fate < 95:
        return Contact((mobile, fixed) if fate < 90 else (fixed, mobile), (mail,) if fate % 2 else ())
    return Contact((mobile, other), ())


class Contacts:
    """The offers of the world: which version of whose contact comes up in which file."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.seed = world.config.seed
        self.shapes = {code: shape(self.seed, code) for code in world.config.authorities}
        self.offers: dict[int, list[tuple[int, int, int]]] = defaultdict(list)  # number -> (file, rank, version)
        self.due: dict[tuple[str, int], set[int]] = defaultdict(set)  # numbers whose offer comes up in a file
        for life in list(world.touched.values()):
            self._offer_to_newcomers(life)
        for authority in world.config.authorities:
            for file in range(1, len(world.calendar.saturdays)):
                self._offer_changes(authority, file)

    def told(self, life: Life, adult: Beneficiary) -> list[ToldContact]:
        """Give what contact files tell of a person, in order, each only when it differs from what was said before."""
        if not self.world.calendar.saturdays:
            return []
        told = [] if life.origin is None else self._inherited(life.origin, adult)
        for file, version in sorted(self._offered(life, adult.rank)):
            day = self.world.calendar.saturdays[file]
            new = contact(self.seed, adult, version)
            if self.reachable(life, adult, day) and (not told or told[-1].contact != new):
                told.append(ToldContact(day, life.household.caisse.authority, new))
        return told

    def known(self, life: Life, adult: Beneficiary, day: date) -> Contact | None:
        """Give what was last told of a person before a day."""
        before = [told.contact for told in self.told(life, adult) if told.day < day]
        return before[-1] if before else None

    def reachable(self, life: Life, adult: Beneficiary, day: date) -> bool:
        """Tell whether a row of that day would name this person without doubt, in a dossier that lives."""
        situation = life.before(day)
        if situation is None or not living(situation) or not situation.present[adult.rank] or life.household.lost:
            return False
        if self.shapes[life.household.caisse.authority].nir and adult.nir:
            return True
        roles = [person.role for person in life.household.adults]
        return adult.role in ("DEM", "CJT") and roles.count(adult.role) == 1

    def lives(self, authority: str, file: int) -> Iterator[Life]:
        """Give the lives of which a contact file may tell something new."""
        numbers = set(self.world.numbers(authority)) if file == 0 else set()
        for number in sorted(numbers | self.due[authority, file]):
            yield self.world.life(number)

    def repeats(self, authority: str, file: int) -> Iterator[tuple[Life, Beneficiary, Contact]]:
        """Give people of whom a file says again what this authority's files have said already."""
        draws = Draws(self.seed, "redites", authority, file)
        stock, day = self.world.numbers(authority), self.world.calendar.saturdays[file]
        seen: set[int] = set()
        for _ in range(draws.count(_REPEATS * len(stock)) if file else 0):
            number = stock[draws.below(len(stock))]
            if number in seen or number in self.due[authority, file]:
                continue
            seen.add(number)
            life = self.world.life(number)
            for adult in life.household.adults:
                last = self.known(life, adult, day)
                if last and self.reachable(life, adult, day):
                    yield life, adult, last

    def _inherited(self, origin: Life, adult: Beneficiary) -> list[ToldContact]:
        same = next(person for person in origin.household.adults if person.key == adult.key)
        return self.told(origin, same)

    def _covered(self, number: int, rank: int) -> bool:
        return Draws(self.seed, "couvert", number, rank).below(100) < _COVERED

    def _offered(self, life: Life, rank: int) -> list[tuple[int, int]]:
        number = life.household.number
        offered = [(file, version) for file, of, version in self.offers.get(number, ()) if of == rank]
        if number < self.world.stock_size and self._covered(number, rank):
            offered.append((0, 0))
        return offered

    def _offer(self, life: Life, rank: int, file: int, version: int) -> None:
        if file < len(self.world.calendar.saturdays):
            self.offers[life.household.number].append((file, rank, version))
            self.due[life.household.caisse.authority, file].add(life.household.number)

    def _offer_to_newcomers(self, life: Life) -> None:
        """Tell the contact of those who appear: most in the next file, some up to three weeks later, some never."""
        seen: set[int] = set()
        for moment in life.moments:
            if moment.kind is LifeTurn.STOCK and moment.after:
                seen.update(rank for rank, here in enumerate(moment.after.present) if here)
            if not living(moment.after) or moment.after is None:
                continue
            for adult in life.household.adults:
                if moment.after.present[adult.rank] and adult.rank not in seen:
                    seen.add(adult.rank)
                    self._offer_first(life, adult.rank, moment.slot.day)

    def _offer_first(self, life: Life, rank: int, day: date) -> None:
        draws = Draws(self.seed, "premier", life.household.number, rank)
        wanted = 50 if life.origin else _COVERED
        if draws.below(100) >= wanted:
            return
        later = sum(saturday <= day for saturday in self.world.calendar.saturdays)
        file = later + (0 if draws.below(4) else 1 + draws.below(3))
        self._offer(life, rank, file, _AFTER_A_MOVE + file if life.origin else 0)

    def _offer_changes(self, authority: str, file: int) -> None:
        """Give a few people a new number: also some who had none."""
        draws = Draws(self.seed, "nouveaux_contacts", authority, file)
        stock, arrived = self.world.numbers(authority), self.world.arrived[authority]
        for _ in range(draws.count(_CHANGES * len(stock))):
            place = draws.below(len(stock) + len(arrived))
            life = self.world.life(stock[place] if place < len(stock) else arrived[place - len(stock)])
            rank = draws.pick(life.household.adults).rank
            base = _AFTER_A_MOVE if life.origin else 0
            if all(known[0] != file for known in self.offers.get(life.household.number, ()) if known[1] == rank):
                self._offer(life, rank, file, base + file)
