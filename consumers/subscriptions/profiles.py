"""Which fields exist for a recipient, and which of them a kind of recipient may have: from the rights on the fields.

A *leaf* is one field that a recipient may have: ``identite.nom``, ``nir``, or ``donnees.<type>.<field>``. Source of the
profiles: domain matrix "who may receive what". A cell that depends on a caseload or on a habilitation is not given: the
bus knows neither yet.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Final, TypeAlias

from avro_schemas.models import EVENT_VERSION, PART_VERSION
from avro_schemas.rights import NAMED, Right, common_rights, own_rights

Fields: TypeAlias = frozenset[str]
"""Leaves: what one recipient may have."""

DATA: Final = "donnees"
CHANNELS: Final = ("telephones", "courriels")
"""How a body tells contact points: by channel; each point is the one value of its part."""
ENRICHED: Final = ("situation", "echeances")
"""The groups that the bus adds and that leave under their own name."""


def _leaves() -> Iterator[tuple[str, Right]]:
    """Give each leaf with its right; what leaves with every event, or never, is none."""
    for sorte in PART_VERSION:
        yield from _of_part(sorte, own_rights(f"scelle.{sorte}"))
    for group in ENRICHED:
        yield from ((f"{group}.{name}", right) for name, right in common_rights()[f"bus.{group}"].items())
    for type_ in EVENT_VERSION:
        yield from ((f"{DATA}.{type_}.{name}", right) for name, right in own_rights(type_).items())


def _of_part(sorte: str, rights: Mapping[str, Right]) -> Iterator[tuple[str, Right]]:
    match sorte:
        case "contact":
            yield from ((f"contact.{channel}", rights["valeur"]) for channel in CHANNELS)
        case "nir":  # a value by itself in a body
            yield "nir", rights["nir"]
        case _:
            yield from ((f"{sorte}.{name}", right) for name, right in rights.items())


LEAVES: Final[Mapping[str, Right]] = {leaf: right for leaf, right in _leaves() if right in NAMED}


def _groups() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = defaultdict(list)
    for leaf in LEAVES:
        group, dot, name = leaf.partition(".")
        if dot and group != DATA:
            found[group].append(name)
    return {group: tuple(names) for group, names in found.items()}


GROUPS: Final = _groups()
"""Groups of data about a person, as a body names them, with their fields in the order of their schema."""
ALWAYS: Final[Mapping[str, frozenset[str]]] = {
    type_: frozenset(name for name, right in own_rights(type_).items() if right is Right.TOUJOURS)
    for type_ in EVENT_VERSION
}
"""By type, what an event says of itself: it leaves with every event."""


def _names() -> Mapping[str, Fields]:
    """Give what a name in `champs` stands for: a right and a group for all their leaves, a field for itself.

    ``donnees.etat`` stands for the field of that name of every type that has one.
    """
    found: dict[str, set[str]] = defaultdict(set)
    for leaf, right in LEAVES.items():
        group, _, name = leaf.partition(".")
        single = f"{DATA}.{name.rpartition('.')[2]}" if group == DATA else leaf
        for one in (str(right), single, *(() if group == DATA else (group,))):
            found[one].add(leaf)
    return {name: frozenset(leaves) for name, leaves in found.items()}


FIELDS: Final = _names()


class Profile(StrEnum):
    """The kinds of recipients of the matrix."""

    CD = "cd"
    FT = "ft"
    DELEGATAIRE = "delegataire"
    MISSION_LOCALE = "mission_locale"
    SIAE = "siae"
    CAF = "caf"


# A recipient that may only know the persons it follows: not even an event, until the bus knows whom it follows.
CASELOAD_ONLY: Final = frozenset({Profile.DELEGATAIRE, Profile.MISSION_LOCALE, Profile.SIAE})

_PERSON: Final = frozenset({Right.IDENTITE, Right.ADRESSE, Right.NIR, Right.DROIT, Right.INSCRIPTION_FT})
_PATHWAY: Final = frozenset({Right.CONTACT, Right.ORIENTATION, Right.ECHEANCES})
RIGHTS: Final[Mapping[Profile, frozenset[Right]]] = {
    Profile.CD: _PERSON | _PATHWAY | {Right.MATRICULE, Right.MOTIFS},
    Profile.FT: _PERSON | _PATHWAY,
    Profile.DELEGATAIRE: frozenset(),
    Profile.MISSION_LOCALE: frozenset(),
    Profile.SIAE: frozenset(),
    Profile.CAF: _PERSON | {Right.MATRICULE, Right.MOTIFS},
}


def expand(names: Iterable[str]) -> Fields:
    """Give the leaves that names of `champs` stand for; every name must be in ``FIELDS``."""
    return frozenset().union(*(FIELDS[name] for name in names))


def fields_of(profile: Profile) -> Fields:
    """Give the leaves that the rights of a profile open."""
    return frozenset(leaf for leaf, right in LEAVES.items() if right in RIGHTS[profile])


@lru_cache(maxsize=4096)
def given_data(type_: str, fields: Fields) -> frozenset[str]:
    """Give the names of a type's ``donnees`` that leave: what the event says of itself, and what the leaves grant."""
    start = f"{DATA}.{type_}."
    return ALWAYS[type_] | {name.removeprefix(start) for name in fields if name.startswith(start)}
