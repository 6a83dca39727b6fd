"""The plan of a world: which lives are touched, when, and by what. It grows with the movements, not the population."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from synth import places
from synth.config import Config
from synth.days import FileCalendar, Slot, build
from synth.draws import Draws
from synth.kinds import NEWCOMERS, NOT_AFTER_A_MOVE, LifeTurn
from synth.lives import Life, Moment
from synth.people import Family, Identifiers, Seat, adult, household
from synth.places import Caisse
from synth.situations import CHANGES, Circumstances, Payer, Step, found, living

EXTRAS: Final = 10_000  # numbers kept for the households of unreadable records, who have no life
_TRIES: Final = 60  # draws before giving up on finding a dossier to which a movement can happen
_STOCK_STATES: Final = "2" * 170 + "4" * 18 + "3" * 2 + "0" * 2 + "5" * 5 + "6" * 2 + "1"
_SECOND_SHARE: Final = {"MSA": 6, "CAF": 50}
_NEWCOMER_STATES: Final = {
    LifeTurn.ARRIVEE_OUVERTE: "2",
    LifeTurn.ARRIVEE_SUSPENDUE: "34",
    LifeTurn.ARRIVEE_EN_ATTENTE: "0",
    LifeTurn.ARRIVEE_CLOSE: "56",
}


class World:
    """Every household of every authority: the stock by its number, the touched ones by their planned life."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.scopes = {code: places.caisses(code, config.caisses) for code in config.authorities}
        if config.households == 1:
            self.scopes = {code: scopes[:1] for code, scopes in self.scopes.items()}
        self.calendar: FileCalendar = build(
            config, tuple(caisse for scopes in self.scopes.values() for caisse in scopes)
        )
        self.stock_size = len(config.authorities) * config.households
        self.capacity = 2 * self.stock_size + 64 * (config.months + 1) * len(config.authorities)
        self.registry = Identifiers.of(config.seed, capacity=self.capacity + EXTRAS, year=config.start.year)
        self.touched: dict[int, Life] = {}
        self.newcomers: dict[Caisse, list[int]] = defaultdict(list)
        self.arrived: dict[str, list[int]] = defaultdict(list)
        self.told: dict[tuple[Caisse, int], list[int]] = defaultdict(list)
        self.next_number = self.stock_size
        self.lost = self._lost_numbers()
        self._plan()

    def numbers(self, authority: str) -> range:
        """Give the numbers of the stock of one authority."""
        first = self.config.authorities.index(authority) * self.config.households
        return range(first, first + self.config.households)

    def caisse_of(self, number: int) -> Caisse:
        """Give the caisse of a stock household; the first ones make sure that every caisse has somebody."""
        authority, rank = divmod(number, self.config.households)
        scopes = self.scopes[self.config.authorities[authority]]
        if rank < len(scopes):
            return scopes[rank]
        share = _SECOND_SHARE[scopes[-1].fonorg]
        second = len(scopes) > 1 and Draws(self.config.seed, "caisse", number).below(100) < share
        return scopes[-1 if second else 0]

    def life(self, number: int) -> Life:
        """Give a life, planned or, for a stock household that nothing touches, invented again."""
        return self.touched.get(number) or self._stock_life(number)

    def stock(self, caisse: Caisse) -> Iterator[Life]:
        """Give every stock life of one caisse, in the order of numbers."""
        for number in self.numbers(caisse.authority):
            if self.caisse_of(number) is caisse:
                yield self.life(number)

    def anchor(self, number: int) -> bool:
        """Tell whether a household is left alone: it keeps every monthly of its caisse from being empty."""
        rank = number % self.config.households
        return number < self.stock_size and rank < len(
            self.scopes[self.config.authorities[number // self.config.households]]
        )

    def _lost_numbers(self) -> frozenset[int]:
        """Choose the households whose commune nobody knows: in the 69 only, where the commune decides.

        One authority has them all: two files of one caisse that both held some would restate one another's as absent.
        """
        config = self.config
        shared = [code for code in config.authorities if code in ("69M", "69D")][:1]
        if config.anomalies <= 0 or not shared:
            return frozenset()
        count = max(1, int(config.anomalies * config.households / 20))
        return frozenset(self.numbers(shared[0])[3 : 3 + count])

    def _stock_life(self, number: int) -> Life:
        caisse = self.caisse_of(number)
        lost = number in self.lost
        home = household(self.registry, number, caisse, year=self.config.start.year, lost=lost)
        draws = Draws(self.config.seed, "stock", number)
        slot = self.calendar.slots[caisse][0]
        state = "2" if lost or self.anchor(number) else draws.pick(_STOCK_STATES)
        kind = LifeTurn.QUARANTAINE if lost else LifeTurn.STOCK
        return Life(home, [Moment(slot, kind, found(home, draws, state, day=slot.day))])

    # The plan itself, month by month.

    def _plan(self) -> None:
        for month in range(self.config.months):
            for authority in self.config.authorities:
                draws = Draws(self.config.seed, "plan", authority, month)
                for kind in self.config.rates:
                    self._plan_kind(draws, authority, month, kind)
        for number, life in self.touched.items():
            for moment in life.moments:
                if moment.kind not in (LifeTurn.STOCK, LifeTurn.QUARANTAINE):
                    self.told[life.household.caisse, moment.slot.place].append(number)

    def _plan_kind(self, draws: Draws, authority: str, month: int, kind: LifeTurn) -> None:
        if not any(self._slots(caisse, month, kind) for caisse in self.scopes[authority]):
            return
        count = draws.count(self.config.rates[kind] * self.config.households)
        if kind is LifeTurn.ARRIVEE_OUVERTE and self.config.rates[kind] > 0:
            count = max(1, count)
        for _ in range(count):
            if kind in NEWCOMERS:
                self._newcomer(draws, draws.pick(self.scopes[authority]), month, kind)
            else:
                self._touch(draws, authority, month, kind)

    def _slots(self, caisse: Caisse, month: int, kind: LifeTurn) -> list[Slot]:
        return [
            slot
            for slot in self.calendar.slots[caisse]
            if slot.month == month and slot.place > 0 and (slot.monthly or kind is not LifeTurn.ABSENCE)
        ]

    def _newcomer(self, draws: Draws, caisse: Caisse, month: int, kind: LifeTurn) -> None:
        slots = self._slots(caisse, month, kind)
        if not slots:
            return
        slot = draws.pick(slots)
        home = self._new_household(draws, caisse, slot)
        life = Life(home, [Moment(slot, kind, found(home, draws, draws.pick(_NEWCOMER_STATES[kind]), day=slot.day))])
        self._keep(life)
        if kind is LifeTurn.ARRIVEE_EN_ATTENTE and draws.below(5):
            self._follow(draws, life, LifeTurn.OUVERTURE, 15)

    def _new_household(self, draws: Draws, caisse: Caisse, slot: Slot) -> Family:
        home = household(self.registry, self._number(), caisse, year=self.config.start.year)
        return home._replace(claimed=(slot.day - timedelta(days=1 + draws.below(45))).isoformat())

    def _number(self) -> int:
        self.next_number += 1
        if self.next_number > self.capacity:
            raise RuntimeError("the plan outgrew the numbers kept for newcomers")
        return self.next_number - 1

    def _keep(self, life: Life) -> None:
        number = life.household.number
        if number not in self.touched and number >= self.stock_size:
            self.newcomers[life.household.caisse].append(number)
            self.arrived[life.household.caisse.authority].append(number)
        self.touched[number] = life

    def _touch(self, draws: Draws, authority: str, month: int, kind: LifeTurn) -> None:
        """Find somebody to whom this can happen, in a file after what happened to them last."""
        for _ in range(_TRIES):
            life = self.life(self._anybody(draws, authority))
            slots = [
                slot for slot in self._slots(life.household.caisse, month, kind) if slot.place > life.last().slot.place
            ]
            if slots and self._may(life, kind) and self._happen(draws, life, draws.pick(slots), kind):
                return

    def _anybody(self, draws: Draws, authority: str) -> int:
        stock, arrived = self.numbers(authority), self.arrived[authority]
        place = draws.below(len(stock) + len(arrived))
        return stock[place] if place < len(stock) else arrived[place - len(stock)]

    def _may(self, life: Life, kind: LifeTurn) -> bool:
        number = life.household.number
        if self.anchor(number) or number in self.lost or life.last().kind in (LifeTurn.DEMENAGEMENT, LifeTurn.ABSENCE):
            return False
        if kind is LifeTurn.UNION and len(life.household.adults) > 1:
            return False
        return life.origin is None or kind not in NOT_AFTER_A_MOVE

    def _happen(self, draws: Draws, life: Life, slot: Slot, kind: LifeTurn) -> bool:
        situation = life.last().after
        if situation is None:
            return False
        if kind is LifeTurn.DEMENAGEMENT:
            return self._move(draws, life, slot, situation)
        if kind is LifeTurn.UNION:
            life, situation = _with_partner(self.registry, life)
        if kind is LifeTurn.ABSENCE:
            after = None if living(situation) else situation
        else:
            after = CHANGES[kind](life.household, situation, Step(draws, slot.day))
        if after is situation or (after is None and kind is not LifeTurn.ABSENCE):
            return False
        life.moments.append(Moment(slot, kind, after))
        self._keep(life)
        self._flap(draws, life, kind)
        return True

    def _flap(self, draws: Draws, life: Life, kind: LifeTurn) -> None:
        """Resume two suspensions in five soon after; the closed ones may be regularised or reopened later."""
        if (
            kind in (LifeTurn.SUSPENSION_VERSEMENT, LifeTurn.SUSPENSION_BARREE, LifeTurn.SUSPENSION_DROIT)
            and draws.below(5) < 2
        ):
            self._follow(draws, life, LifeTurn.REPRISE, 20)

    def _follow(self, draws: Draws, life: Life, kind: LifeTurn, within: int) -> None:
        later = [slot for slot in self.calendar.slots[life.household.caisse] if slot.place > life.last().slot.place]
        if later:
            self._happen(draws, life, draws.pick(later[:within]), kind)

    def _move(self, draws: Draws, life: Life, slot: Slot, situation: Circumstances) -> bool:
        """Close the dossier here by a transfer, and open one there some files later, with the same people."""
        others = [code for code in self.config.authorities if code != life.household.caisse.authority]
        if not others or situation.state != "2" or not all(person.nir for person in life.household.adults):
            return False
        target = self.scopes[draws.pick(others)][0]
        later = [there for there in self.calendar.slots[target] if there.day > slot.day]
        if not later:
            return False
        step = Step(draws, slot.day)
        named = draws.below(10) < 7
        after = situation._replace(
            state="5", ending=("MUT", step.before(10)), silent=draws.below(3) == 0,
            given_to=Payer(target.fonorg, target.numorg, step.before(10)) if named else None,
        )  # fmt: skip
        life.moments.append(Moment(slot, LifeTurn.DEMENAGEMENT, after))
        self._keep(life)
        self._arrive(draws, life, target, draws.pick(later[:4]))
        return True

    def _arrive(self, draws: Draws, left: Life, target: Caisse, slot: Slot) -> None:
        old = left.household
        number = self._number()
        shell = household(self.registry, number, target, year=self.config.start.year)
        present = left.moments[-2].after
        assert present is not None  # noqa: S101 - the caller has just read it
        people = tuple(person for person in old.adults if present.present[person.rank])
        people = tuple(person._replace(rank=rank) for rank, person in enumerate(people))
        step = Step(draws, slot.day)
        home = shell._replace(adults=people, children=old.children, claimed=step.before(20))
        from_ = Payer(old.caisse.fonorg, old.caisse.numorg, step.before(12)) if draws.below(100) < 85 else None
        arrived = found(home, draws, "2", day=slot.day)._replace(taken_from=from_)
        left.next = Life(home, [Moment(slot, LifeTurn.EMMENAGEMENT, arrived)], origin=left)
        self._keep(left.next)


def _with_partner(registry: Identifiers, life: Life) -> tuple[Life, Circumstances]:
    """Give a single person's life again, with a partner who is absent from all that was told so far."""
    home = life.household
    seat = Seat(home.number, 1, "CJT", woman=not home.adults[0].woman, sure=home.caisse.fonorg == "MSA")
    partner = adult(registry, seat, Draws(registry.seed, "union", home.number))
    moments = [
        moment._replace(
            after=moment.after._replace(bound=(*moment.after.bound, None), present=(*moment.after.present, False))
        )
        for moment in life.moments
        if moment.after is not None
    ]
    changed = Life(home._replace(adults=(*home.adults, partner)), moments, life.origin)
    after = moments[-1].after
    assert after is not None  # noqa: S101 - absent dossiers were refused before
    return changed, after
