"""What an account may really do on a broker, tried with raw clients, beside what is declared that it may do."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka.client import AIOKafkaClient  # type: ignore[import-untyped] # aiokafka ships no types
from aiokafka.protocol.admin import DeleteGroupsRequest  # type: ignore[import-untyped] # as below
from aiokafka.protocol.commit import OffsetCommitRequest, OffsetFetchRequest  # type: ignore[import-untyped] # as above
from aiokafka.protocol.fetch import FetchRequest  # type: ignore[import-untyped] # as above
from aiokafka.protocol.produce import ProduceRequest  # type: ignore[import-untyped] # as above
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AclBinding,
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
from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth

from bus import access
from bus.acl import CLUSTER, KafkaRight
from bus.settings import Settings
from streams.credentials import credentials

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
CLUSTER_OPERATIONS = ("ALTER", "ALTER_CONFIGS", "DESCRIBE_CONFIGS")
_BRINGS = {"DESCRIBE": {"READ", "WRITE", "DELETE", "ALTER"}, "DESCRIBE_CONFIGS": {"ALTER_CONFIGS"}}


def declared(rights: Iterable[KafkaRight], account: str, topics: Sequence[str], groups: Sequence[str]) -> set[Fact]:
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
            "WRITE": self.writable(topics),
            "CREATE": passed(admin.create_topics([NewTopic(one, 1, 1) for one in topics], validate_only=True)),
            "ALTER_CONFIGS": passed(_alter(admin, ResourceType.TOPIC, topics)),
            "DESCRIBE_CONFIGS": passed(_describe(admin, ResourceType.TOPIC, topics)),
            "DELETE": passed(admin.delete_topics(list(topics))),  # for good, if a right were too wide
        }
        facts = {(operation, "topic", name) for operation, names in topic_facts.items() for name in names}
        return facts | self._groups(groups) | self._cluster(admin)

    def readable(self, topics: Sequence[str]) -> set[str]:
        """Give the topics that a fetch is not refused on."""
        asked = FetchRequest(0, 0, 1 << 20, 0, [(name, [(0, 0, 1)]) for name in topics])
        [answer] = self._raw(asked)
        return {name for name, [(_, code, *_)] in answer.topics if _open(code)}

    def writable(self, topics: Sequence[str]) -> set[str]:
        """Give the topics that a record is not refused on; the batch is empty, so that nothing is ever written."""
        asked = ProduceRequest(None, -1, 10_000, [(name, [(0, b"")]) for name in topics])
        [answer] = self._raw(asked)
        return {name for name, [(_, code, *_)] in answer.topics if _open(code)}

    def joins(self, groups: Sequence[str]) -> set[str]:
        """Give the groups under which an offset may be committed, which is what a member does; here of no topic."""
        asked = [OffsetCommitRequest(name, -1, "", -1, [("nulle-part", [(0, 0, "")])]) for name in groups]
        codes = [code for answer in self._raw(*asked) for _, [(_, code)] in answer.topics]
        return {name for name, code in zip(groups, codes, strict=True) if code != KafkaError.GROUP_AUTHORIZATION_FAILED}

    def sees(self, groups: Sequence[str]) -> set[str]:
        """Give the groups whose offsets may be asked for."""
        answers = self._raw(*(OffsetFetchRequest(name, [("nulle-part", [0])]) for name in groups))
        return {
            name
            for name, answer in zip(groups, answers, strict=True)
            if KafkaError.GROUP_AUTHORIZATION_FAILED
            not in (getattr(answer, "error_code", 0), *(code for _, [(*_, code)] in answer.topics))
        }

    def _raw(self, *requests: Any) -> list[Any]:
        """Send requests of the protocol to the only broker, on one connection, and give its answers."""
        made = credentials_to_aiokafka_auth(credentials(self.settings))

        async def ask() -> list[Any]:
            client = AIOKafkaClient(bootstrap_servers=access.bootstrap(self.settings), **made)
            await client.bootstrap()
            try:
                return [await client.send(client.get_random_node(), request) for request in requests]
            finally:
                await client.close()

        return asyncio.run(ask())

    def _groups(self, groups: Sequence[str]) -> set[Fact]:
        [deletion] = self._raw(DeleteGroupsRequest(list(groups)))
        deleted = {name for name, code in deletion.results if _open(code)}
        named = {"DESCRIBE": self.sees(groups), "DELETE": deleted, "READ": self.joins(groups)}
        return {(operation, "group", name) for operation, names in named.items() for name in names}

    def _cluster(self, admin: AdminClient) -> set[Fact]:
        right = AclBinding(ResourceType.TOPIC, "x", ResourcePatternType.LITERAL, "User:x", "*", AclOperation.READ,
                           AclPermissionType.ALLOW)  # fmt: skip
        node = [str(next(iter(admin.list_topics(timeout=30).brokers)))]
        named = {
            "ALTER": passed(admin.create_acls([right])),  # in the end, if a right were too wide
            "ALTER_CONFIGS": passed(_alter(admin, ResourceType.BROKER, node)),
            "DESCRIBE_CONFIGS": passed(_describe(admin, ResourceType.BROKER, node)),
        }
        return {(operation, "cluster", CLUSTER) for operation, names in named.items() if names}


def _open(code: int) -> bool:
    return code not in REFUSED


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
