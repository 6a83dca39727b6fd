"""The topics of the bus, declared here and nowhere else; a broker that differs is refused at start.

Partition counts never change: order per person stands on them.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import ConfigResource, NewTopic, ResourceType

from bus import access, kafka
from bus.errors import Misconfigured, Unavailable
from bus.settings import Settings
from bus.territory import authority_codes, label

DAY_MS: Final = 86_400_000
SEEN_POLL: Final = 0.05
REPLICAS: Final = 3
MIN_IN_SYNC: Final = 2
MIN_ISR: Final = "min.insync.replicas"
"""In production: a broker may be lost at any moment without losing an acknowledged record or stopping."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic: how many partitions, how long its records stay, who writes it, what for."""

    name: str
    partitions: int
    owner: str
    purpose: str
    retention_days: int | None = None
    """None for a compacted topic."""
    key: str = "cle_personne"
    """What a record is keyed by, hence what is kept in order."""
    config: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "config", _config(self.retention_days))


def _config(retention_days: int | None) -> dict[str, str]:
    """Give the broker settings that we require, as the broker writes them."""
    common = {
        "segment.ms": str(DAY_MS),  # retention deletes whole segments: without a daily roll a quiet one lives for ever
        "compression.type": "producer",
        "message.timestamp.type": "CreateTime",
        "unclean.leader.election.enable": "false",
    }
    if retention_days is None:
        return {**common, "cleanup.policy": "compact", "delete.retention.ms": str(7 * DAY_MS)}
    return {**common, "cleanup.policy": "delete", "retention.ms": str(retention_days * DAY_MS), "retention.bytes": "-1"}


def departement(code: str) -> str:
    """Name the topic of an authority; the trailing part makes the ACL prefix ``departement.01.`` unambiguous."""
    return f"departement.{code}.evenements"


def abonne(slug: str) -> Topic:
    """Describe the own topic of a subscriber, made by ``bus topics acl apply --abonne``, not by ``bus topics apply``.

    No role writes to it yet: the connector to a subscriber's own topic is not built.
    """
    return Topic(
        f"abonne.{slug}.evenements",
        1,
        "deliver",
        "événements ouverts d’un abonné ; déclaré, encore sans écrivain",
        7,
        "pseudonyme de la personne",
    )


EVENEMENTS: Final = "evenements"
FLUX: Final = "flux"
QUARANTAINE: Final = "quarantaine"
CONTROLE: Final = "controle"
ETAT_PERSONNES: Final = "etat.personnes"

TOPICS: Final[tuple[Topic, ...]] = (
    Topic(EVENEMENTS, 12, "relay", "événements des sources, par personne", 14),
    Topic(FLUX, 1, "relay", "sort de chaque fichier reçu", 90, "flux_id"),
    Topic(
        QUARANTAINE, 1, "stream", "ce qui ne peut aboutir en l’état, avec sa raison", 30, "celle du message d’origine"
    ),
    Topic(
        CONTROLE,
        1,
        "guichet",
        "habilitations et effacements ; déclaré, encore sans lecteur",
        key="l’habilitation ou la personne",
    ),
    Topic(ETAT_PERSONNES, 12, "stream", "journal de l’état des personnes"),
    *(Topic(departement(code), 1, "stream", f"événements pour {label(code)}", 14) for code in authority_codes()),
)


@dataclass(frozen=True, slots=True)
class Actual:
    """A topic as the broker has it."""

    partitions: int
    config: Mapping[str, str]
    replicas: int = 1
    """Of the partition that has the fewest."""


def differences(actual: Mapping[str, Actual], wanted: tuple[Topic, ...] = TOPICS) -> list[str]:
    """Say, in French, each thing in which the broker differs: topic, key, expected, found. Empty when it is right."""
    return [line for topic in wanted for line in _compare(topic, actual.get(topic.name))]


def _compare(topic: Topic, found: Actual | None) -> list[str]:
    if found is None:
        return [f"{topic.name} : attendu, absent"]
    pairs = [("partitions", str(topic.partitions), str(found.partitions))]
    pairs += [(key, value, found.config.get(key, "absent")) for key, value in topic.config.items()]
    return [f"{topic.name} : {key} attendu {want}, trouvé {have}" for key, want, have in pairs if want != have]


def check(settings: Settings, wanted: tuple[Topic, ...] = TOPICS) -> None:
    """Refuse a broker whose topics are not the declared ones.

    Raises:
        Misconfigured: names each topic, key, expected and found value; or Kafka refuses this process.
        Unavailable: the broker does not answer.
    """
    lines = differences(describe(settings, wanted), wanted)
    if lines:
        shown = "\n".join(f"  {line}" for line in lines[:20])
        raise Misconfigured(f"le broker diffère de ce que le bus attend ({len(lines)}) :\n{shown}")


def apply(settings: Settings, wanted: tuple[Topic, ...] = TOPICS) -> list[str]:
    """Create the topics that are missing; gives their names. An existing one is never altered: ``check`` names it.

    Raises:
        Unavailable: the broker does not answer.
        Misconfigured: an existing topic differs; or Kafka refuses this process.
    """
    created = create(settings, wanted)
    check(settings, wanted)
    return created


def create(settings: Settings, wanted: tuple[Topic, ...]) -> list[str]:
    """Create those of ``wanted`` that are missing; gives their names.

    In production with three replicas, two of which must have a record before it is acknowledged; else as many as the
    broker does by default.
    """
    client = kafka.admin(settings)
    seen = client.metadata()  # a refusal is told here
    safe = access.is_production(settings, advertised(seen))
    replicas, extra = (REPLICAS, {MIN_ISR: str(MIN_IN_SYNC)}) if safe else (-1, {})
    new = [
        NewTopic(t.name, num_partitions=t.partitions, replication_factor=replicas, config={**t.config, **extra})
        for t in wanted
    ]
    futures = client.create_topics(new, operation_timeout=kafka.ADMIN_TIMEOUT)
    created = [name for name, future in futures.items() if _created(client, future)]
    _wait_until_seen(client, {topic.name for topic in wanted})
    return created


def _wait_until_seen(client: kafka.BusAdmin, names: set[str]) -> None:
    """Wait for the broker's metadata, which follow the controller's answer by an instant."""
    deadline = time.monotonic() + kafka.ADMIN_TIMEOUT
    while names - client.metadata().topics.keys():
        if time.monotonic() > deadline:
            raise Unavailable("des topics créés ne sont pas encore visibles")
        time.sleep(SEEN_POLL)


def _created(client: kafka.BusAdmin, future: Any) -> bool:  # noqa: ANN401  a concurrent.futures.Future of an untyped library
    failure = future.exception(kafka.ADMIN_TIMEOUT)
    if isinstance(failure, KafkaException) and failure.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS:
        return False
    client.answers({"": future})
    return True


def advertised(seen: Any) -> list[str]:  # noqa: ANN401  the metadata of an untyped library
    """Give the addresses at which the brokers of these metadata say that they are."""
    return [access.joined(broker.host, broker.port) for broker in seen.brokers.values()]


def describe(settings: Settings, wanted: tuple[Topic, ...] = TOPICS) -> dict[str, Actual]:
    """Give those of ``wanted`` that the broker has, as it has them."""
    client = kafka.admin(settings)
    seen = client.metadata()
    access.refuse_clear_text(settings, advertised(seen))
    names = [topic.name for topic in wanted if topic.name in seen.topics]
    resources = [ConfigResource(ResourceType.TOPIC, name) for name in names]
    # librdkafka refuses an empty list
    found = client.answers(client.describe_configs(resources)) if resources else {}
    configs = {resource.name: entries for resource, entries in found.items()}
    return {name: _actual(seen.topics[name].partitions, configs[name]) for name in names}


def _actual(partitions: Mapping[int, Any], config: Mapping[str, Any]) -> Actual:
    replicas = min((len(one.replicas) for one in partitions.values()), default=0)
    return Actual(len(partitions), {key: entry.value for key, entry in config.items()}, replicas)
