"""Who lives in the world: every household is a pure function of its number, so that none has to be kept in memory."""

from typing import Final, NamedTuple

from synth.draws import Draws
from synth.places import Caisse
from synth.words import (
    BIRTH_PLACES,
    LONG_TAIL,
    MARKS,
    MEN,
    NAME_LENGTH,
    SYLLABLES,
    WOMEN,
)

# Birth place 99 and a country code between 600 and 998, that the COG gives to no country; 999 is left to fixtures.
_COUNTRIES: Final = 399
_ORDERS: Final = 999
NIRS: Final = _COUNTRIES * _ORDERS
NIR_SLOTS: Final = 8  # numbers kept for the people of one household
ADULT_MONTHS: Final = 480  # 40 years of births, the youngest of age
_CHILD_MONTHS: Final = 192
_SPREAD: Final = 61_803_399  # odd and not a multiple of 5: a permutation of the eight-digit numbers
_PAIRS: Final = tuple(first + second for first in SYLLABLES for second in SYLLABLES)
_NAMES: Final = len(_PAIRS) ** 2
# Two adults of one household never share a first name: one third of the list per rank.
_FIRST_NAMES: Final = {
    (woman, rank): (WOMEN if woman else MEN)[rank::3] for woman in (True, False) for rank in range(3)
}
_GOLDEN: Final = 0x9E3779B1


class Beneficiary(NamedTuple):
    """A person with an RSA role. ``written_nir`` is what files carry: empty, the true one, or a wrong one."""

    key: str
    rank: int
    role: str
    woman: bool
    name: str
    birth_name: str
    first_names: tuple[str, ...]
    birth: str
    birth_place: str
    nir: str | None
    written_nir: str


class Minor(NamedTuple):
    """Somebody whom nothing may ever tell about."""

    name: str
    first_name: str
    birth: str
    woman: bool
    nir: str
    flagged: bool


class Family(NamedTuple):
    """One dossier: claim number, file number and the people of it; adults to come are known from the start."""

    number: int
    caisse: Caisse
    claim: str
    claimed: str
    matricule: str
    adults: tuple[Beneficiary, ...]
    children: tuple[Minor, ...]
    lost: bool


class Identifiers(NamedTuple):
    """What makes identities unique in one world: its seed, and how many blocks of NIR it needs."""

    seed: int
    blocks: int
    youngest: int  # birth month number of an adult of 20, in months of the calendar

    @classmethod
    def of(cls, seed: int, *, capacity: int, year: int) -> "Identifiers":
        """Size a registry for so many households."""
        return cls(seed, -(-capacity * NIR_SLOTS // NIRS), (year - 20) * 12)


def claim_number(number: int, suffix: str) -> str:
    """Give NUMDEMRSA: eight digits unique in the world, one in ten with a leading zero, then the département."""
    return f"{(number * _SPREAD + 7) % 100_000_000:08d}{suffix}"


def surname(person: int) -> str:
    """Give a surname unique in the world, cut to the length of the schema; mark and tail follow the number too."""
    high, low = divmod(person * _GOLDEN % _NAMES, len(_PAIRS))
    tail = LONG_TAIL if person % 25 == 7 else ""
    return f"ZZ{MARKS[person * 7 % len(MARKS)]}{_PAIRS[high]}{_PAIRS[low]}{tail}"[:NAME_LENGTH]


def _birth_month(registry: Identifiers, block: int, months: int, draws: Draws) -> int:
    """Draw how many months before the youngest; births of two blocks never share a month, so numbers may be reused."""
    return draws.below(months // registry.blocks) * registry.blocks + block


def _birth(registry: Identifiers, slot: int, *, woman: bool, child: bool, draws: Draws) -> tuple[str, str]:
    """Draw a birth date (ISO) and the NIR that goes with it."""
    block, place = divmod(slot, NIRS)
    latest = registry.youngest + (231 if child else 0)
    month = latest - _birth_month(registry, block, _CHILD_MONTHS if child else ADULT_MONTHS, draws)
    year, month0 = divmod(month, 12)
    country, order = divmod(place * 7919 % NIRS, _ORDERS)
    nir = f"{2 if woman else 1}{year % 100:02d}{month0 + 1:02d}99{600 + country}{order + 1:03d}"
    return f"{year}-{month0 + 1:02d}-{1 + draws.below(28):02d}", nir


class Seat(NamedTuple):
    """A place in a household. ``sure``: the NIR must be there and right."""

    number: int
    rank: int
    role: str
    woman: bool
    sure: bool = False


def adult(registry: Identifiers, seat: Seat, draws: Draws, family: str | None = None) -> Beneficiary:
    """Invent the adult of one seat; 3 % have no NIR in the files and 0.3 % a wrong one."""
    number, rank, role, woman, sure = seat
    birth, nir = _birth(registry, number * NIR_SLOTS + rank, child=False, woman=woman, draws=draws)
    own = surname(number * 3 + rank)
    names: tuple[str, ...] = (draws.pick(_FIRST_NAMES[woman, rank]),)
    if draws.below(3) == 0:
        names += (draws.pick(_FIRST_NAMES[woman, 1]),)
    fate = 999 if sure else draws.below(1000)
    known = nir if fate >= 33 else None
    written = known or (nir[:3] + "13" + nir[5:] if fate < 3 else "")
    place = draws.pick(BIRTH_PLACES)
    return Beneficiary(
        f"P{number * 3 + rank:06d}", rank, role, woman, family or own, own, names, birth, place, known, written
    )


def child(registry: Identifiers, slot: int, family: str, draws: Draws) -> Minor:
    """Invent a child; some carry the flag of the obligation, as a trap."""
    woman = draws.below(2) == 0
    birth, nir = _birth(registry, slot, woman=woman, child=True, draws=draws)
    first = draws.pick(WOMEN if woman else MEN)
    return Minor(family, first, birth, woman, nir if draws.below(10) == 0 else "", draws.below(20) == 0)


def _couple_roles(draws: Draws) -> tuple[str, str]:
    return ("CJT", "CJT") if draws.below(200) == 0 else ("DEM", "CJT")


def _adults(registry: Identifiers, number: int, *, sure: bool, draws: Draws) -> tuple[Beneficiary, ...]:
    woman = draws.below(100) < 54
    if draws.below(100) < 68:
        role = "RDO" if draws.below(150) == 0 else "DEM"
        return (adult(registry, Seat(number, 0, role, woman, sure), draws),)
    roles = _couple_roles(draws)
    sure = sure or roles[0] == roles[1]  # two CJT are told apart by their NIR alone
    first = adult(registry, Seat(number, 0, roles[0], woman, sure), draws)
    family = first.name if draws.below(2) else None
    other = woman if draws.below(25) == 0 else not woman
    pair = (first, adult(registry, Seat(number, 1, roles[1], other, sure), draws, family))
    if draws.below(40):
        return pair
    return (*pair, adult(registry, Seat(number, 2, "AUT", draws.below(2) == 0, sure), draws))


def _claimed(claim_year: int, draws: Draws) -> str:
    return f"{claim_year - 1 - draws.below(8)}-{1 + draws.below(12):02d}-{1 + draws.below(28):02d}"


def household(registry: Identifiers, number: int, caisse: Caisse, *, year: int, lost: bool = False) -> Family:
    """Invent one household of a caisse; ``year`` bounds its claim date from above."""
    draws = Draws(registry.seed, "foyer", number)
    agricultural = caisse.fonorg == "MSA"
    adults = _adults(registry, number, sure=agricultural, draws=draws)
    slot, family = number * NIR_SLOTS + 3, adults[0].name
    children = tuple(child(registry, slot + rank, family, draws) for rank in range(draws.below(6) - 2))
    matricule = adults[0].written_nir if agricultural else file_number(number)
    claim = claim_number(number, caisse.suffix)
    return Family(number, caisse, claim, _claimed(year, draws), matricule, adults, children, lost)


def file_number(number: int) -> str:
    """Give a CAF MATRICULE: seven real digits and eight zeros."""
    return f"{1_000_000 + number * 7919 % 9_000_000}00000000"
