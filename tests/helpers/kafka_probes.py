"""What an account may really do on a broker, tried with raw clients, beside what is declared that it may do."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import (
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourcePatternType,
    ResourceType,
)
from helpers.wait import eventually

from bus import access
from bus.acl import CLUSTER, Right
from bus.settings import Settings

Fact = tuple[str, str, str]
"""operation, kind, name"""

REFUSED = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError._UNKNOWN_TOPIC,
    KafkaError._UNKNOWN_PARTITION,
}
"""A topic that one may not describe is unknown."""
TOPIC_OPERATIONS = ("READ", "WRITE", "CREATE", "DELETE", "ALTER_CONFIGS", "DESCRIBE", "DESCRIBE_CONFIGS")
GROUP_OPERATIONS = ("READ", "DESCRIBE", "DELETE")
CLUSTER_OPERATIONS = ("DESCRIBE", "ALTER_CONFIGS", "DESCRIBE_CONFIGS")
_BRINGS = {"DESCRIBE": {"READ", "WRITE", "DELETE", "ALTER"}, "DESCRIBE_CONFIGS": {"ALTER_CONFIGS"}}


def declared(rights: Iterable[Right], account: str, topics: Sequence[str], groups: Sequence[str]) -> set[Fact]:
    """Give what these rights allow, among what ``tried`` tries."""
    mine = [right for right in rights if right.principal == account]
    asked = [(operation, "topic", name) for operation in TOPIC_OPERATIONS for name in topics]
    asked += [(operation, "group", name) for operation in GROUP_OPERATIONS for name in groups]
    asked += [(operation, "cluster", CLUSTER) for operation in CLUSTER_OPERATIONS]
    return {
        (operation, kind, name)
        for operation, kind, name in asked
        if any(r.covers(kind, name) and r.operation in {operation, *_BRINGS.get(operation, ())} for r in mine)
    }


@dataclass
class Account:
    """Raw clients of one account."""

    settings: Settings

    def config(self, **more: Any) -> dict[str, Any]:
        return {**access.client_config(self.settings), "log_level": 0, **more}

    def tried(self, topics: Sequence[str], groups: Sequence[str]) -> set[Fact]:
        """Try everything on every name and give what was not refused."""
        admin = AdminClient(self.config())
        seen = admin.list_topics(timeout=30).topics
        topic_facts = {
            "DESCRIBE": set(seen) & set(topics),
            "READ": self.readable(topics),
            "WRITE": self.writable([name for name in topics if not name.startswith("__")]),
            "CREATE": passed(admin.create_topics([NewTopic(one, 1, 1) for one in topics], validate_only=True)),
            "ALTER_CONFIGS": passed(_alter(admin, ResourceType.TOPIC, topics)),
            "DESCRIBE_CONFIGS": passed(_describe(admin, ResourceType.TOPIC, topics)),
            "DELETE": passed(admin.delete_topics(list(topics))),  # for good, if a right were too wide
        }
        facts = {(operation, "topic", name) for operation, names in topic_facts.items() for name in names}
        return facts | self._groups(admin, groups) | self._cluster(admin)

    def readable(self, topics: Sequence[str]) -> set[str]:
        """Give the topics of which a record, or the end, could be fetched."""
        consumer = Consumer(self.config(**{"group.id": "essai", "enable.partition.eof": True, "fetch.wait.max.ms": 10}))
        consumer.assign([TopicPartition(name, 0, OFFSET_BEGINNING) for name in topics])
        fate: dict[str, bool] = {}

        def complete() -> bool:
            for message in consumer.consume(1000, 0.2):
                error = message.error()
                if message.topic() in topics:
                    allowed = error is None or error.code() == KafkaError._PARTITION_EOF
                    assert allowed or error.code() in REFUSED, error
                    fate[message.topic()] = allowed
            return len(fate) == len(topics)

        try:
            eventually(complete, timeout=60, what=lambda: f"an answer about {sorted(set(topics) - set(fate))}")
        finally:
            consumer.close()
        return {name for name, allowed in fate.items() if allowed}

    def writable(self, topics: Sequence[str]) -> set[str]:
        """Give the topics that took a record."""
        producer = Producer(self.config(**{"message.timeout.ms": 60_000, "topic.metadata.propagation.max.ms": 500}))
        taken: set[str] = set()
        for name in topics:
            producer.produce(name, b"essai", on_delivery=lambda error, m: taken.add(m.topic()) if not error else None)
        assert producer.flush(90) == 0
        return taken

    def _groups(self, admin: AdminClient, groups: Sequence[str]) -> set[Fact]:
        described = {
            name
            for name in groups
            if passed(admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(name)], request_timeout=30))
        }
        deleted = passed(admin.delete_consumer_groups(list(groups), request_timeout=30))
        joined = {name for name in groups if self.joins(name)}
        named = {"DESCRIBE": described, "DELETE": deleted, "READ": joined}
        return {(operation, "group", name) for operation, names in named.items() for name in names}

    def joins(self, group: str) -> bool:
        """Say whether an offset may be committed under a group, which is what a member does."""
        consumer = Consumer(self.config(**{"group.id": group, "enable.auto.commit": False}))
        try:
            consumer.commit(offsets=[TopicPartition("evenements", 0, 0)], asynchronous=False)
        except KafkaException as error:
            return bool(error.args[0].code() != KafkaError.GROUP_AUTHORIZATION_FAILED)
        finally:
            consumer.close()
        return True

    def _cluster(self, admin: AdminClient) -> set[Fact]:
        everything = AclBindingFilter(
            ResourceType.ANY, None, ResourcePatternType.ANY, None, None, AclOperation.ANY, AclPermissionType.ANY
        )
        node = [str(next(iter(admin.list_topics(timeout=30).brokers)))]
        named = {
            "DESCRIBE": passed({"": admin.describe_acls(everything)}),
            "ALTER_CONFIGS": passed(_alter(admin, ResourceType.BROKER, node)),
            "DESCRIBE_CONFIGS": passed(_describe(admin, ResourceType.BROKER, node)),
        }
        return {(operation, "cluster", CLUSTER) for operation, names in named.items() if names}


def passed(futures: dict[Any, Any]) -> set[str]:
    """Give the names whose request was not refused; another failure than a refusal means that it was allowed."""
    done = set()
    for key, future in futures.items():
        failure = future.exception(60)
        if failure is not None and not isinstance(failure, KafkaException):
            raise failure
        if failure is None or failure.args[0].code() not in REFUSED:
            done.add(getattr(key, "name", key))
    return done


def _alter(admin: AdminClient, kind: ResourceType, names: Sequence[str]) -> dict[Any, Any]:
    key = "retention.ms" if kind is ResourceType.TOPIC else "log.cleaner.threads"
    entry = ConfigEntry(key, "2", incremental_operation=AlterConfigOpType.SET)
    asked = [ConfigResource(kind, name, incremental_configs=[entry]) for name in names]
    found: dict[Any, Any] = {}
    for one in [asked] if kind is ResourceType.TOPIC else [[broker] for broker in asked]:
        found |= admin.incremental_alter_configs(one, validate_only=True)
    return found


def _describe(admin: AdminClient, kind: ResourceType, names: Sequence[str]) -> dict[Any, Any]:
    found: dict[Any, Any] = admin.describe_configs([ConfigResource(kind, name) for name in names])
    return found
