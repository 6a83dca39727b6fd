"""Which logs this process works on: an offset means something only within one topic of one cluster."""

import hashlib
from dataclasses import dataclass

from confluent_kafka import TopicCollection

from bus import kafka, topics
from bus.settings import Settings


@dataclass(frozen=True, slots=True)
class Logs:
    """The source topic as a number, kept in every state; the changelog as text, kept once per store."""

    journal: int
    changelog: str


def logs(settings: Settings) -> Logs:
    """Give the identity of ``evenements`` and ``etat.personnes`` as they exist now: recreated, they differ.

    Raises:
        Unavailable: the broker does not answer.
        Misconfigured: it refuses this process.
    """
    client = kafka.admin(settings)
    names = [topics.EVENEMENTS, topics.ETAT_PERSONNES]
    cluster = client.answers({"": client.describe_cluster()})[""].cluster_id
    found = client.answers(client.describe_topics(TopicCollection(names)))
    ids = {name: str(topic.topic_id) for name, topic in found.items()}
    return Logs(_number(f"{cluster}|{ids[topics.EVENEMENTS]}"), f"{cluster}|{ids[topics.ETAT_PERSONNES]}")


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big", signed=True)
