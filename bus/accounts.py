"""The brokers' accounts and rights, as they are: read, granted, withdrawn; asked for by an administrator's account."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)
from pydantic import SecretStr

from bus import kafka, topics
from bus.acl import KafkaRight, Pattern, ResourceKind
from bus.errors import Unavailable
from bus.settings import Settings

ITERATIONS: Final = 8192
"""Of SCRAM; Kafka's least is 4096."""
_USER: Final = "User:"
_KINDS: Final[Mapping[ResourceKind, ResourceType]] = {
    "topic": ResourceType.TOPIC,
    "group": ResourceType.GROUP,
    "cluster": ResourceType.BROKER,
    "transactional-id": ResourceType.TRANSACTIONAL_ID,
}
_PATTERNS: Final[Mapping[Pattern, ResourcePatternType]] = {
    "literal": ResourcePatternType.LITERAL,
    "prefixed": ResourcePatternType.PREFIXED,
}


def found(settings: Settings) -> list[KafkaRight]:
    """Give every right that the brokers hold, on topics, groups, transactional ids and the cluster.

    Raises:
        Misconfigured: this account may not ask, or the brokers have no authorizer.
        Unavailable: no answer.
    """
    client = kafka.admin(settings)
    client.metadata()
    everything = AclBindingFilter(
        ResourceType.ANY, None, ResourcePatternType.ANY, None, None, AclOperation.ANY, AclPermissionType.ANY
    )
    bindings = client.answers({"": client.describe_acls(everything)})[""]
    return sorted(right for one in bindings if (right := _right(one)) is not None)


def grant(settings: Settings, rights: Iterable[KafkaRight]) -> None:
    """Grant rights; those that are there already stay as they are.

    Raises:
        Misconfigured, Unavailable: as ``found``.
    """
    asked = list(rights)
    if asked:  # librdkafka refuses an empty list
        client = kafka.admin(settings)
        client.answers(client.create_acls([_binding(right) for right in asked]))
        _wait(lambda: set(asked) <= set(found(settings)))


def withdraw(settings: Settings, rights: Iterable[KafkaRight]) -> None:
    """Withdraw exactly these rights, and return when the brokers have forgotten them.

    Raises:
        Misconfigured, Unavailable: as ``found``.
    """
    asked = list(rights)
    if asked:
        client = kafka.admin(settings)
        client.answers(client.delete_acls([_filter(right) for right in asked]))
        _wait(lambda: not set(asked) & set(found(settings)))


def set_password(settings: Settings, account: str, password: SecretStr) -> None:
    """Make a SCRAM account, or give it another password; open connections go on with the old one.

    Raises:
        Misconfigured, Unavailable: as ``found``.
    """
    client = kafka.admin(settings)
    client.metadata()
    mechanism = ScramMechanism[settings.kafka_sasl_mechanism.replace("-", "_")]
    info = ScramCredentialInfo(mechanism, ITERATIONS)
    change = UserScramCredentialUpsertion(account, info, password.get_secret_value().encode())
    client.answers(client.alter_user_scram_credentials([change]))


def _wait(seen: Callable[[], bool]) -> None:
    """Wait for the brokers, which follow the controller's answer by an instant."""
    deadline = time.monotonic() + kafka.ADMIN_TIMEOUT
    while not seen():
        if time.monotonic() > deadline:
            raise Unavailable("le changement des droits n’est pas encore visible")
        time.sleep(topics.SEEN_POLL)


def _right(binding: Any) -> KafkaRight | None:  # noqa: ANN401  confluent-kafka has no types
    kinds = {there: ours for ours, there in _KINDS.items()}
    patterns = {there: ours for ours, there in _PATTERNS.items()}
    if binding.restype not in kinds:
        return None
    return KafkaRight(
        binding.principal.removeprefix(_USER),
        kinds[binding.restype],
        binding.name,
        patterns[binding.resource_pattern_type],
        binding.operation.name,
        binding.host,
        binding.permission_type.name,
    )


def _parts(right: KafkaRight) -> tuple[Any, ...]:
    return (
        _KINDS[right.kind],
        right.name,
        _PATTERNS[right.pattern],
        _USER + right.principal,
        right.host,
        AclOperation[right.operation],
        AclPermissionType[right.effect],
    )


def _binding(right: KafkaRight) -> AclBinding:
    return AclBinding(*_parts(right))


def _filter(right: KafkaRight) -> AclBindingFilter:
    return AclBindingFilter(*_parts(right))
