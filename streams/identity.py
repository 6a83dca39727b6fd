"""Which logs this process works on: an offset means something only within one topic of one cluster."""

import hashlib
from dataclasses import dataclass

from confluent_kafka import KafkaException, TopicCollection

from bus import kafka, topics
from bus.errors import Unavailable


@dataclass(frozen=True, slots=True)
class Logs:
    """The source topic as a number, kept in every state; the changelog as text, kept once per store."""

    journal: int
    changelog: str


def logs(bootstrap: str) -> Logs:
    """Give the identity of ``evenements`` and ``etat.personnes`` as they exist now: recreated, they differ.

    Raises:
        Unavailable: the broker does not answer.
    """
    client = kafka.admin(bootstrap)
    names = [topics.EVENEMENTS, topics.ETAT_PERSONNES]
    try:
        cluster = client.describe_cluster().result(kafka.ADMIN_TIMEOUT).cluster_id
        found = client.describe_topics(TopicCollection(names))
        ids = {name: str(future.result(kafka.ADMIN_TIMEOUT).topic_id) for name, future in found.items()}
    except KafkaException as error:
        raise Unavailable(f"le broker ne répond pas : {error.args[0].name()}") from error
    return Logs(_number(f"{cluster}|{ids[topics.EVENEMENTS]}"), f"{cluster}|{ids[topics.ETAT_PERSONNES]}")


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big", signed=True)
