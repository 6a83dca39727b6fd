"""A subscription as delivery reads it: who is entitled to what, from when to when, where it goes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final, Literal, Self

from avro_schemas.models import EVENT_VERSION
from bus.territory import authority
from consumers.connectors import destination
from consumers.connectors.port import Destination
from consumers.subscriptions import profiles
from consumers.subscriptions.profiles import Profile

_NEVER_ROUTED: Final = ("flux.", "enregistrement.")  # they stay on the topic `flux`, which no authority reads

Poison = Literal["bloquer", "sauter"]


@dataclass(frozen=True, slots=True)
class Subscription:
    """Who receives what, from when to when, where. ``types`` may end with ``*``; times are aware."""

    id: str
    organisation: str
    version: int
    types: tuple[str, ...]
    territory: frozenset[str]
    profile: Profile | None
    fields: frozenset[str]
    begins_at: datetime
    ends_at: datetime
    poison: Poison
    destination: Destination

    @classmethod
    def read(cls, organisation: str, version: int, document: Mapping[str, Any]) -> Self:
        """Build it from a document that ``faults`` found nothing wrong with."""
        profile = Profile(document["profil"]) if "profil" in document else None
        return cls(
            id=document["id"],
            organisation=organisation,
            version=version,
            types=tuple(document["types"]),
            territory=frozenset(authority(code, None) for code in document["territoire"]),
            profile=profile,
            fields=profiles.fields_of(profile) if profile else profiles.expand(document["champs"]),
            begins_at=_time(document["debut"]),
            ends_at=_time(document["fin"]),
            poison=document.get("poison", "bloquer"),
            destination=destination.read(document["destination"]),
        )

    def entitled(self, type_: str, authority: str, published_at: datetime, now: datetime) -> bool:
        """Tell whether this event may reach this recipient now. Deny by default."""
        return self.begins_at <= published_at < self.ends_at and now < self.ends_at and self.concerns(type_, authority)

    def concerns(self, type_: str, authority: str) -> bool:
        """Tell whether it names such events, at any time."""
        return (
            self.profile not in profiles.CASELOAD_ONLY
            and authority in self.territory
            and any(covers(pattern, type_) for pattern in self.types)
        )


def delivered(type_: str) -> bool:
    """Tell whether events of a type can reach a subscription at all."""
    return not type_.startswith(_NEVER_ROUTED)


@cache
def routed_types() -> tuple[str, ...]:
    """Give the types of the contract that subscribers can receive."""
    return tuple(sorted(type_ for type_ in EVENT_VERSION if delivered(type_)))


def covers(pattern: str, type_: str) -> bool:
    """Tell whether ``rsa.*`` or an exact type covers a type."""
    return type_.startswith(pattern[:-1]) if pattern.endswith(".*") else pattern == type_


def _time(value: datetime | str) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)
