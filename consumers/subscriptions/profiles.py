"""Which fields exist for a recipient, and which of them a kind of recipient may have.

Source: domain matrix "who may receive what". A cell that depends on a caseload or on a habilitation is not given: the
bus knows neither yet.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Final

# Groups of data about a person, as `portee` names them, with their fields. Field names are those of the sealed parts.
GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "identite": (
        "nom", "nom_naissance", "prenoms", "date_naissance", "precision_naissance", "sexe", "commune_naissance",
    ),
    "contact": ("telephones", "courriels"),
    "adresse": (
        "lignes", "numero", "voie", "code_postal", "commune_insee", "commune", "pays", "sans_domicile_fixe",
        "emmenage_le",
    ),
    "matricule": ("matricule", "fonorg", "numorg"),
    "motifs": ("motifs", "groupes"),
    "situation": ("inscription_ft", "orientation"),
    "echeances": ("orientation",),
}  # fmt: skip

# What an event about a person says of itself, given with every event: its type, its territory, counts.
_EVENT_DATA: Final = frozenset({
    "population", "mode", "regle", "role", "caisse_prenante", "caisse_cedante", "autorite_cedante", "ancienne_commune",
    "nouvelle_commune", "telephones", "courriels",
})  # fmt: skip
# The state of the right (matrix row "right state"): the group `droit`.
RIGHT_DATA: Final = frozenset({
    "etat", "etat_precedent", "droits_devoirs", "eligible", "raison", "natures", "origine", "niveau",
    "regularisation_anterieure",
})  # fmt: skip
# Evidence behind a computed event: given only where a subscription names it.
EVIDENCE_DATA: Final = frozenset({"observe_entrant", "faits", "degrade", "sans_domicile_fixe"})


def _names() -> dict[str, frozenset[str]]:
    """Give what a name in `champs` stands for: a group stands for all its fields."""
    names: dict[str, frozenset[str]] = {"nir": frozenset({"nir"})}
    for group, fields in GROUPS.items():
        leaves = frozenset(f"{group}.{field}" for field in fields)
        names |= {leaf: frozenset({leaf}) for leaf in leaves} | {group: leaves}
    data = {f"donnees.{field}": frozenset({f"donnees.{field}"}) for field in RIGHT_DATA | EVIDENCE_DATA}
    return names | data | {"droit": frozenset(f"donnees.{field}" for field in RIGHT_DATA)}


FIELDS: Final[Mapping[str, frozenset[str]]] = _names()


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

_BY_PROFILE: Final[Mapping[Profile, tuple[str, ...]]] = {
    Profile.CD: ("identite", "contact", "adresse", "nir", "matricule", "droit", "motifs", "situation", "echeances"),
    Profile.FT: ("identite", "contact", "adresse", "nir", "droit", "situation", "echeances"),
    Profile.DELEGATAIRE: (),
    Profile.MISSION_LOCALE: (),
    Profile.SIAE: (),
    Profile.CAF: ("identite", "adresse", "nir", "matricule", "droit", "motifs", "situation.inscription_ft"),
}


def expand(names: Iterable[str]) -> frozenset[str]:
    """Give the fields that names of `champs` stand for; every name must be in ``FIELDS``."""
    return frozenset().union(*(FIELDS[name] for name in names))


def fields_of(profile: Profile) -> frozenset[str]:
    """Give the fields of a profile."""
    return expand(_BY_PROFILE[profile])


@lru_cache(maxsize=1024)
def given_data(fields: frozenset[str]) -> frozenset[str]:
    """Give the names of ``donnees`` that leave: what every event says of itself, and what the fields grant."""
    return _EVENT_DATA | frozenset(name.removeprefix("donnees.") for name in fields if name.startswith("donnees."))
