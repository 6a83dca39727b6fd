"""What a production broker must be, and how one that is not is refused: every fault at once, each with its remedy."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from confluent_kafka.admin import ConfigResource, ResourceType

from bus import access, java_properties, kafka, topics
from bus.errors import Misconfigured
from bus.listeners import DOORS, open_doors
from bus.settings import Settings

OFFSETS: Final = "__consumer_offsets"
_AT_LEAST: Final[Mapping[str, int]] = {
    "default.replication.factor": topics.REPLICAS,
    "min.insync.replicas": topics.MIN_IN_SYNC,
    "offsets.topic.replication.factor": topics.REPLICAS,
    "transaction.state.log.replication.factor": topics.REPLICAS,
    "transaction.state.log.min.isr": topics.MIN_IN_SYNC,
}
_EXACTLY: Final[Mapping[str, str]] = {
    "auto.create.topics.enable": "false",
    "unclean.leader.election.enable": "false",
}
SHOWN: Final = 60


@dataclass(frozen=True, slots=True)
class Imprudence:
    """A cluster as a role may see it: its brokers' settings by node, its topics by name."""

    brokers: Mapping[int, Mapping[str, str | None]]
    topics: Mapping[str, topics.Actual]


def faults(found: Imprudence, wanted: Iterable[topics.Topic]) -> list[str]:
    """Say, in French, what production does not allow: where, key, expected, found. Empty when all is right."""
    lines = [
        f"broker {number} : {line}" for number, settings in sorted(found.brokers.items()) for line in _broker(settings)
    ]
    names = [*(topic.name for topic in wanted), OFFSETS]
    return lines + [line for name in names if name in found.topics for line in _topic(name, found.topics[name])]


def check_properties(text: str) -> None:
    """Refuse a ``server.properties`` that production does not allow.

    Raises:
        Misconfigured: names every fault.
    """
    settings = java_properties.parse(text)
    lines = [f"{key} : {value} se lit ailleurs et ne se vérifie pas ici" for key, value in _elsewhere(settings)]
    if lines := lines + _broker(settings):
        raise Misconfigured(f"réglages refusés ({len(lines)}) :\n" + "\n".join(f"  {line}" for line in lines))


def _elsewhere(settings: Mapping[str, str]) -> list[tuple[str, str]]:
    """Give what is judged here and would be replaced by a provider of configuration."""
    judged = {*_AT_LEAST, *_EXACTLY, *DOORS}
    own = re.compile(r"listener\.name\..*\.ssl\.client\.auth")
    return [(key, value) for key, value in settings.items() if "${" in value and (key in judged or own.match(key))]


def _broker(settings: Mapping[str, str | None]) -> list[str]:
    wrong = [
        f"{key} : attendu au moins {least}, trouvé {settings.get(key)}"
        for key, least in _AT_LEAST.items()
        if _number(settings.get(key)) < least
    ]
    wrong += [
        f"{key} : attendu {value}, trouvé {settings.get(key)}"
        for key, value in _EXACTLY.items()
        if settings.get(key) != value
    ]
    return wrong + open_doors(settings)


def _topic(name: str, actual: topics.Actual) -> list[str]:
    wrong = []
    if actual.replicas < topics.REPLICAS:
        wrong.append(f"{name} : répliques attendu au moins {topics.REPLICAS}, trouvé {actual.replicas}")
    if _number(actual.config.get(topics.MIN_ISR)) < topics.MIN_IN_SYNC:
        have = actual.config.get(topics.MIN_ISR)
        wrong.append(f"{name} : {topics.MIN_ISR} attendu au moins {topics.MIN_IN_SYNC}, trouvé {have}")
    if actual.config.get("unclean.leader.election.enable") != "false":
        wrong.append(f"{name} : unclean.leader.election.enable attendu false, trouvé true")
    return wrong


def _number(value: str | None) -> int:
    return int(value) if value and value.isdigit() else 0


def check(settings: Settings, wanted: tuple[topics.Topic, ...] = topics.TOPICS) -> None:
    """Refuse a broker that differs from the declaration or, in production, that could lose or show an event.

    Args:
        settings: of the role that starts.
        wanted: the topics that it works with.

    Raises:
        Misconfigured: names every fault; or Kafka refuses this process.
        Unavailable: the broker does not answer.
    """
    actual = topics.describe(settings, wanted)
    lines = topics.differences(actual, wanted)
    client = kafka.admin(settings)
    seen = client.metadata()
    if access.is_production(settings, topics.advertised(seen)):
        lines = faults(_look(settings, client, seen, actual), wanted) + lines  # a hundred absent topics hide nothing
    if lines:
        shown = "\n".join(f"  {line}" for line in lines[:SHOWN])
        more = f"\n  … et {len(lines) - SHOWN} autres" if len(lines) > SHOWN else ""
        raise Misconfigured(f"le broker diffère de ce que le bus attend ({len(lines)}) :\n{shown}{more}")


def _look(settings: Settings, client: kafka.BusAdmin, seen: Any, actual: Mapping[str, topics.Actual]) -> Imprudence:  # noqa: ANN401  the metadata of an untyped library
    """Ask every broker for its settings; needs the right DESCRIBE_CONFIGS on the cluster."""
    nodes = {number: ConfigResource(ResourceType.BROKER, str(number)) for number in seen.brokers}
    answers = client.answers({number: future for one in nodes.values() for number, future in _asked(client, one)})
    brokers = {int(number): {key: entry.value for key, entry in config.items()} for number, config in answers.items()}
    inner = [topics.Topic(OFFSETS, 0, "kafka", "")] if OFFSETS in seen.topics else []
    return Imprudence(brokers, {**actual, **topics.describe(settings, tuple(inner))})


def _asked(client: kafka.BusAdmin, resource: ConfigResource) -> list[tuple[str, Any]]:
    """Ask one broker about itself: librdkafka sends several such questions to one broker, which knows only its own."""
    return [(one.name, future) for one, future in client.describe_configs([resource]).items()]
