"""Where a record belongs: its authority, its département, and the instant of its naive times."""

from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Final

from bus import territory
from bus.errors import InvalidEvent

UNDECIDED: Final = "69"


def undecided(authority: str) -> bool:
    """Tell whether a scope's authority is not known: 69, commune unknown."""
    return authority.startswith(f"{UNDECIDED}/")


@lru_cache(maxsize=65_536)  # its arguments come from files
def authority_of(ideparte: str, commune: str | None) -> str | None:
    """Give the authority of a record: None when unknown, ``69`` when only its commune could tell which half."""
    try:
        return territory.authority(ideparte, commune)
    except InvalidEvent as error:
        return UNDECIDED if error.reason == "commune_inconnue" else None


@lru_cache(maxsize=65_536)
def departement(ideparte: str) -> str:
    """Give the département code of an IDEPARTE spelling."""
    return territory.departement(ideparte)


@cache
def instant(naive: datetime, authority: str) -> datetime:
    """Give the UTC instant of an emitter's naive time; an ambiguous hour is the first one (design.md §9.6)."""
    return naive.replace(tzinfo=territory.zone(authority), fold=0).astimezone(UTC)
