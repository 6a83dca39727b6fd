"""What separates the brokers' rights from the declared ones: what to grant, what to withdraw, what to look at."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from bus import acl, topics
from bus.acl import KafkaRight

ANYTHING: Final = "*"
_GROUPS: Final = "bus-"


@dataclass(frozen=True, slots=True)
class Plan:
    """What separates the brokers from the declaration.

    Attributes:
        missing: declared and not there.
        extra: there and declared by nothing, of our accounts.
        foreign: of another application's account, on our topics or groups; never ours to withdraw.
    """

    missing: tuple[KafkaRight, ...]
    extra: tuple[KafkaRight, ...]
    foreign: tuple[KafkaRight, ...] = ()


def plan(found: Iterable[KafkaRight], wanted: Iterable[KafkaRight]) -> Plan:
    """Compare; a subscriber that was not named keeps what a subscriber has: only its own withdrawal ends it."""
    present, asked = set(found), set(wanted)
    kept = {right for one in present if (slug := acl.slug_of(one)) is not None for right in acl.partner(slug)}
    ours = {right for right in present if _is_ours(right)}
    foreign = {right for right in present - ours if right.effect == "ALLOW" and _touches(right)}
    return Plan(tuple(sorted(asked - present)), tuple(sorted(ours - asked - kept)), tuple(sorted(foreign)))


def _is_ours(right: KafkaRight) -> bool:
    """Say whether an account is the bus's: on a shared cluster the others are nobody's to judge here."""
    return right.principal in acl.ACCOUNTS or right.principal.startswith(acl.PARTNER)


def _touches(right: KafkaRight) -> bool:
    """Say whether a right reaches one of our topics or groups, made or to come."""
    prefix = {"topic": acl.OWN, "group": _GROUPS}.get(right.kind)
    if prefix is None:
        return False
    names = [topic.name for topic in topics.TOPICS] if right.kind == "topic" else []
    wide = right.pattern == "prefixed" and prefix.startswith(right.name)
    return (
        wide
        or right.name == ANYTHING
        or right.name.startswith(prefix)
        or any(right.covers(right.kind, name) for name in names)
    )
