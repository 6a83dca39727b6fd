"""Who may do what on the brokers, declared here and nowhere else; everything that is not declared is refused.

Derived from the declared topics. A right to read or write brings the right to describe with it (Kafka's own rule).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from bus import topics
from bus.errors import Refused
from bus.roles import kafka_account

ResourceKind = Literal["topic", "group", "cluster", "transactional-id"]
Pattern = Literal["literal", "prefixed"]
CLUSTER: Final = "kafka-cluster"
"""Kafka's only name of that kind."""
OFFSETS: Final = "__consumer_offsets"
DEPARTEMENTS: Final = "departement."
OWN: Final = "abonne."
PARTNER: Final = "abonne-"
"""How the account of a subscriber begins."""
SLUG: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
RESERVED: Final = frozenset({"bus"})
"""The prefix of our own groups."""


@dataclass(frozen=True, slots=True, order=True)
class KafkaRight:
    """One permission of one account."""

    principal: str
    kind: ResourceKind
    name: str
    pattern: Pattern
    operation: str
    host: str = "*"
    effect: str = "ALLOW"

    def covers(self, kind: str, name: str) -> bool:
        """Say whether this right is about that thing."""
        return self.kind == kind and (name.startswith(self.name) if self.pattern == "prefixed" else name == self.name)


def _rights(principal: str, kind: ResourceKind, name: str, *operations: str) -> list[KafkaRight]:
    """Read a name that ends with ``.`` or ``-`` as a prefix."""
    pattern: Pattern = "prefixed" if name.endswith((".", "-")) else "literal"
    return [KafkaRight(principal, kind, name, pattern, operation) for operation in operations]


def _reads(principal: str, *names: str) -> list[KafkaRight]:
    return [one for name in names for one in _rights(principal, "topic", name, "READ", "DESCRIBE_CONFIGS")]


def _writes(principal: str, *names: str) -> list[KafkaRight]:
    return [one for name in names for one in _rights(principal, "topic", name, "WRITE", "DESCRIBE_CONFIGS")]


def _looks(principal: str, *names: str) -> list[KafkaRight]:
    return [one for name in names for one in _rights(principal, "topic", name, "DESCRIBE", "DESCRIBE_CONFIGS")]


def _group(principal: str, name: str, operation: str = "READ") -> list[KafkaRight]:
    return _rights(principal, "group", name, operation)


def _inspects(principal: str) -> list[KafkaRight]:
    """In production each role looks at the brokers' own settings before it starts."""
    return _rights(principal, "cluster", CLUSTER, "DESCRIBE_CONFIGS")


RELAY, STREAM, DELIVER, WATCH = map(kafka_account, ("relay", "stream", "deliver", "watch"))
ADMIN: Final = "bus-admin"

_UNREAD: Final = (topics.FLUX, topics.CONTROLE, topics.ETAT_PERSONNES)
"""What the watcher compares with the declaration and never reads."""

RIGHTS: Final[tuple[KafkaRight, ...]] = tuple(
    sorted(
        {
            *_writes(RELAY, topics.EVENEMENTS, topics.FLUX),
            *_inspects(RELAY),
            *_reads(STREAM, topics.EVENEMENTS, topics.ETAT_PERSONNES),
            *_writes(STREAM, DEPARTEMENTS, topics.QUARANTAINE, topics.ETAT_PERSONNES),
            *_group(STREAM, "bus-stream"),
            *_group(
                STREAM, "bus-stream-etat", "DESCRIBE"
            ),  # librdkafka looks for the coordinator of any group it names
            *_inspects(STREAM),
            *_reads(DELIVER, DEPARTEMENTS),
            *_writes(DELIVER, topics.QUARANTAINE),
            *_group(DELIVER, "bus-deliver"),
            *_inspects(DELIVER),
            # The age of a lag is read on its first record, what is in quarantine in headers.
            *_reads(WATCH, topics.EVENEMENTS, DEPARTEMENTS, topics.QUARANTAINE),
            *_looks(WATCH, *_UNREAD, OFFSETS),
            *_group(WATCH, "bus-stream", "DESCRIBE"),
            *_group(WATCH, "bus-deliver", "DESCRIBE"),
            *_group(WATCH, "bus-watch", "DESCRIBE"),
            *_inspects(WATCH),
            *_looks(ADMIN, topics.EVENEMENTS, DEPARTEMENTS, OWN, topics.QUARANTAINE, *_UNREAD, OFFSETS),
            *(
                one
                for name in (topics.EVENEMENTS, DEPARTEMENTS, OWN, topics.QUARANTAINE, *_UNREAD)
                for one in _rights(ADMIN, "topic", name, "CREATE")
            ),
            *_inspects(ADMIN),
        }
    )
)
"""The roles' accounts. ``bus ingest`` never speaks to Kafka: it has none. ``bus-admin`` creates topics, reads none."""

ACCOUNTS: Final = tuple(dict.fromkeys(right.principal for right in RIGHTS))


def topics_of(account: str) -> tuple[topics.Topic, ...]:
    """Give the declared topics that an account works with, which are those it may compare with the declaration."""
    mine = [right for right in RIGHTS if right.principal == account and right.operation == "DESCRIBE_CONFIGS"]
    return tuple(topic for topic in topics.TOPICS if any(right.covers("topic", topic.name) for right in mine))


def refuse_undeclared(account: str) -> None:
    """Refuse the name of an account that has no declared right, above all the super users' (``kafka``, ``admin``).

    Raises:
        Refused: names what is expected.
    """
    if account not in ACCOUNTS and not (account.startswith(PARTNER) and _is_slug(account.removeprefix(PARTNER))):
        raise Refused(f"compte refusé : {account} (attendu : {', '.join(ACCOUNTS)} ou {PARTNER}<nom>)")


def partner(slug: str) -> tuple[KafkaRight, ...]:
    """Give the rights of a subscriber that reads its own topic, under groups that begin with ``<slug>-``.

    Includes that of ``bus-deliver`` to write there.

    Raises:
        Refused: the slug is not made of lower-case letters, digits and single dashes, or is ours.
    """
    if not _is_slug(slug):
        raise Refused(
            f"abonné refusé : {slug} (attendu : minuscules, chiffres et tirets simples, sans commencer par bus)"
        )
    account, own = f"{PARTNER}{slug}", topics.abonne(slug).name
    return (
        KafkaRight(account, "topic", own, "literal", "READ"),
        KafkaRight(account, "group", f"{slug}-", "prefixed", "READ"),
        KafkaRight(DELIVER, "topic", own, "literal", "WRITE"),
    )


def declared(slugs: Iterable[str] = (), known: Sequence[str] = ()) -> tuple[KafkaRight, ...]:
    """Give every right of the roles and of the named subscribers.

    Args:
        slugs: the subscribers to declare.
        known: those that the brokers have already.

    Raises:
        Refused: a slug is wrong, or the groups of one subscriber would be another's too.
    """
    wanted = list(dict.fromkeys(slugs))
    clash = sorted(
        f"{short} et {long}"
        for short in {*wanted, *known}
        for long in {*wanted, *known}
        if long.startswith(f"{short}-") and (short in wanted or long in wanted)
    )
    if clash:
        raise Refused(f"des abonnés partageraient leurs groupes : {', '.join(clash)} ; choisissez un autre nom")
    return tuple(sorted({*RIGHTS, *(right for slug in wanted for right in partner(slug))}))


def slug_of(right: KafkaRight) -> str | None:
    """Give the subscriber whose right to its own topic this is, None for any other right."""
    slug = right.principal.removeprefix(PARTNER)
    known = (
        slug != right.principal and _is_slug(slug) and right.kind == "topic" and right.name == topics.abonne(slug).name
    )
    return slug if known else None


def _is_slug(slug: str) -> bool:
    return bool(SLUG.fullmatch(slug)) and slug.split("-", maxsplit=1)[0] not in RESERVED
