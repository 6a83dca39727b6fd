"""The situation of a dossier on one day, and how each movement changes it."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Final, NamedTuple

from synth.draws import Draws
from synth.kinds import LifeTurn
from synth.people import Family
from synth.places import UNKNOWN_COMMUNE, Locality, communes_of, neighbour
from synth.words import COMPLEMENTS, PLACES_SAID, STREET_KINDS, STREETS

# With these reasons, and only these, a suspended payment leaves the person bound (domain/lifecycle.md §4).
BINDING_REASONS: Final = ("01", "05", "06", "35", "36", "44", "70")
_BARRING: Final = ("02", "04", "09", "34", "84", "97", "AB", "CG")
_RIGHT_REASONS: Final = ("DA", "DB", "DE", "DI", "DK", "DL", "GX")
_ENDINGS: Final = ("PCG", "ECH", "RGD", "RFD", "RAU")


class Dwelling(NamedTuple):
    """The main address (RGADR 01). ``commune`` None: abroad, or no fixed address without a detailed block."""

    commune: Locality | None
    number: str
    kind: str
    street: str
    complement: str
    place: str
    moved_in: str
    homeless: bool


class Payer(NamedTuple):
    """The other caisse of a move, and its day when the file says it."""

    fonorg: str
    numorg: str
    day: str


class Circumstances(NamedTuple):
    """What is true of a dossier from one file on.

    ``bound`` per adult: the obligation; None while no file has said it. ``suspensions``: reason and first day of each
    block. ``ending``: reason and day. ``silent``: this record leaves the obligation block out, which changes nothing.
    """

    state: str
    bound: tuple[bool | None, ...]
    present: tuple[bool, ...]
    address: Dwelling
    suspensions: tuple[tuple[str, str], ...] = ()
    ending: tuple[str, str] | None = None
    given_to: Payer | None = None
    taken_from: Payer | None = None
    silent: bool = False


class Step(NamedTuple):
    """What a change draws from: chance, and the day of the file that will tell it."""

    draws: Draws
    day: date

    def before(self, most: int) -> str:
        """Draw a day at most so many days before the file."""
        return (self.day - timedelta(days=1 + self.draws.below(most))).isoformat()


def owed(situation: Circumstances | None, rank: int) -> bool:
    """Tell whether an adult counts among those bound by rights and duties (``eligibilite-1``)."""
    if situation is None or not situation.present[rank] or situation.bound[rank] is not True:
        return False
    if situation.state == "4":
        return bool(situation.suspensions) and all(reason in BINDING_REASONS for reason, _ in situation.suspensions)
    return situation.state in ("2", "3")


def living(situation: Circumstances | None) -> bool:
    """Tell whether the right is open or suspended: the only time when contact is told."""
    return situation is not None and situation.state in ("2", "3", "4")


def address(household: Family, draws: Draws, *, moved_in: str) -> Dwelling:
    """Draw a main address in the territory; a few are abroad, homeless, or on the wrong side of a border."""
    caisse = household.caisse
    fate = draws.below(1000) if caisse.departement != "69" else 999
    commune: Locality | None = draws.pick(communes_of(caisse.authority, caisse.departement))
    if household.lost:
        commune = Locality(UNKNOWN_COMMUNE, "COMMUNE INVENTÉE", "69000")
    elif fate < 20:
        commune = None
    elif fate < 25:
        commune = draws.pick(neighbour(caisse.authority, caisse.departement))
    return Dwelling(
        commune, str(1 + draws.below(199)), draws.pick(STREET_KINDS), draws.pick(STREETS), draws.pick(COMPLEMENTS),
        draws.pick(PLACES_SAID), moved_in, homeless=3 <= fate < 36,
    )  # fmt: skip


def found(household: Family, draws: Draws, state: str, *, day: date) -> Circumstances:
    """Draw the situation of a dossier that a file shows for the first time, in one state."""
    step = Step(draws, day)
    bound = tuple(None if (fate := draws.below(200)) < 1 else fate >= 8 for _ in household.adults)
    moved_in = "" if draws.below(5) == 0 else step.before(1500)
    return _with_blocks(
        Circumstances(state, bound, (True,) * len(bound), address(household, draws, moved_in=moved_in)), step, state
    )


def _with_blocks(situation: Circumstances, step: Step, state: str) -> Circumstances:
    """Give the situation in a state, with the blocks that the schema ties to it."""
    bare = situation._replace(state=state, suspensions=(), ending=None, silent=False)
    if state == "3":
        return bare._replace(suspensions=((step.draws.pick(_RIGHT_REASONS), step.before(30)),))
    if state == "4":
        return bare._replace(suspensions=_payment_blocks(step, binding=step.draws.below(10) < 7))
    if state in ("5", "6"):
        return bare._replace(ending=(step.draws.pick(_ENDINGS), step.before(40)))
    return bare


def _payment_blocks(step: Step, *, binding: bool) -> tuple[tuple[str, str], ...]:
    """Draw one to two reasons; a barred dossier has a barring one among them, or, one in ten, no block at all."""
    blocks = [(step.draws.pick(BINDING_REASONS), step.before(30)) for _ in range(1 + (step.draws.below(5) == 0))]
    if binding:
        return tuple(blocks)
    if step.draws.below(10) == 0:
        return ()
    blocks[-1] = (step.draws.pick(_BARRING), step.before(30))
    return tuple(blocks)


LifeChange = Callable[[Family, Circumstances, Step], Circumstances | None]


def _to(state: str, *, when: str) -> LifeChange:
    """Make a plain change of state, possible from some states."""
    return lambda _, situation, step: _with_blocks(situation, step, state) if situation.state in when else None


def _payment(*, binding: bool) -> LifeChange:
    def change(_: Family, situation: Circumstances, step: Step) -> Circumstances | None:
        if situation.state not in "23":
            return None
        return _with_blocks(situation, step, "4")._replace(suspensions=_payment_blocks(step, binding=binding))

    return change


def _reasons(_: Family, situation: Circumstances, step: Step) -> Circumstances | None:
    if situation.state != "4":
        return None
    return situation._replace(suspensions=_payment_blocks(step, binding=step.draws.below(2) == 0))


def _closed(_: Family, situation: Circumstances, step: Step) -> Circumstances | None:
    """Close the right; one file in three then leaves the obligation block out, the others still say it."""
    if not living(situation):
        return None
    return _with_blocks(situation, step, "5")._replace(silent=step.draws.below(3) == 0)


def _swap(_: Family, situation: Circumstances, step: Step) -> Circumstances | None:
    target = {"3": "4", "4": "3"}.get(situation.state)
    return _with_blocks(situation, step, target) if target else None


def _flag(*, target: bool) -> LifeChange:
    """Change the obligation of one adult."""

    def change(_: Family, situation: Circumstances, step: Step) -> Circumstances | None:
        ranks = [
            rank for rank, here in enumerate(situation.present) if here and (situation.bound[rank] is True) != target
        ]
        if not living(situation) or not ranks:
            return None
        rank = step.draws.pick(ranks)
        return situation._replace(
            bound=tuple(target if index == rank else flag for index, flag in enumerate(situation.bound))
        )

    return change


def _moved(household: Family, situation: Circumstances, step: Step) -> Circumstances | None:
    """Move within the authority, from and to a detailed address."""
    if not living(situation) or situation.address.commune is None or household.lost:
        return None
    new = address(household, step.draws, moved_in="" if step.draws.below(5) == 0 else step.before(30))
    if new.commune is None or new[:6] == situation.address[:6]:
        return None
    return situation._replace(address=new._replace(homeless=situation.address.homeless))


def _left(_: Family, situation: Circumstances, __: Step) -> Circumstances | None:
    """Let the second adult of a couple leave the dossier."""
    if not living(situation) or situation.present != (True, True):
        return None
    return situation._replace(present=(True, False))


def _joined(household: Family, situation: Circumstances, __: Step) -> Circumstances | None:
    """Let a partner join, bound at once; the household already holds the partner, absent until now."""
    if situation.state != "2" or len(household.adults) != 2 or situation.present != (True, False):
        return None
    return situation._replace(present=(True, True), bound=(situation.bound[0], True))


CHANGES: Final[Mapping[LifeTurn, LifeChange]] = {
    LifeTurn.OUVERTURE: _to("2", when="0"),
    LifeTurn.REFUS: _to("1", when="0"),
    LifeTurn.REOUVERTURE: _to("2", when="56"),
    LifeTurn.SUSPENSION_DROIT: _to("3", when="2"),
    LifeTurn.SUSPENSION_VERSEMENT: _payment(binding=True),
    LifeTurn.SUSPENSION_BARREE: _payment(binding=False),
    LifeTurn.BASCULE: _swap,
    LifeTurn.MOTIF: _reasons,
    LifeTurn.REPRISE: _to("2", when="34"),
    LifeTurn.CLOTURE: _closed,
    LifeTurn.CLOTURE_TARDIVE: _to("6", when="234"),
    LifeTurn.REGULARISATION: _to("6", when="5"),
    LifeTurn.OBLIGATION: _flag(target=True),
    LifeTurn.LEVEE: _flag(target=False),
    LifeTurn.ADRESSE: _moved,
    LifeTurn.SEPARATION: _left,
    LifeTurn.UNION: _joined,
}
