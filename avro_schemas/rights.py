"""The rights that open fields: the rows of the matrix "who may receive what", and which field stands in which row.

Source: domain matrix "who may receive what" (identity-and-law.md §5). Who holds which right, a profile says
(``consumers.subscriptions.profiles``). A right is what we decide of a field, not what a writer wrote: that of the
newest version opens the events of every version.
"""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from typing import Final

from avro_schemas import common, own
from avro_schemas.named import Schema, full_name


class Right(StrEnum):
    """What ``droit`` may say of a field."""

    TOUJOURS = "toujours"  # what an event says of itself: type, dates, territory; classes S0 and S1 only
    INTERNE = "interne"  # never leaves the bus: keys, lineage, what operations say of files
    IDENTITE = "identite"
    CONTACT = "contact"
    ADRESSE = "adresse"
    NIR = "nir"
    MATRICULE = "matricule"
    DROIT = "droit"  # the state of the right, and what follows from it
    MOTIFS = "motifs"
    INSCRIPTION_FT = "inscription_ft"
    ORIENTATION = "orientation"
    ECHEANCES = "echeances"
    PREUVE = "preuve"  # what a computed event was computed from: only where a subscription names it


NAMED: Final = frozenset(Right) - {Right.TOUJOURS, Right.INTERNE}
"""The rights that somebody is given: the others are everybody's, or nobody's."""
OPEN_CLASSES: Final = frozenset(("S0", "S1"))
"""The classes of what may leave without a named right."""


@cache
def own_rights(name: str) -> Mapping[str, Right]:
    """Give the right of each field that a record has of its own: of ``donnees`` for an event, of a part's content."""
    return _rights(own(name))


@cache
def common_rights() -> Mapping[str, Mapping[str, Right]]:
    """Give the same for what events share, by record: ``bus.evenement``, ``bus.situation``… A group has its fields'."""
    return {full_name(one): _rights(one) for one in common() if one["type"] == "record"}


def _rights(record: Schema) -> Mapping[str, Right]:
    return {field["name"]: Right(field["droit"]) for field in record["fields"] if "droit" in field}
