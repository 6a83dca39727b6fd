"""The fates of librdkafka's errors: what a broker refuses to this process stops it, the rest may pass."""

from typing import Final

from confluent_kafka import KafkaError

from bus.errors import Misconfigured, Unavailable

_IDENTITY: Final = frozenset({KafkaError._AUTHENTICATION, KafkaError.SASL_AUTHENTICATION_FAILED})  # noqa: SLF001  librdkafka's public error codes begin with an underscore
_RIGHT: Final = frozenset(
    {
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
    }
)
_CERTIFICATE_WORDS: Final = ("certificate", "alert", "ssl routines")
"""What tells a refused certificate from a connection cut while it was being made, both of them librdkafka's _SSL."""


def _is_certificate(error: KafkaError) -> bool:
    codes = (KafkaError._SSL, KafkaError._TRANSPORT)  # noqa: SLF001  as above
    return error.code() in codes and any(word in error.str().lower() for word in _CERTIFICATE_WORDS)


def is_refusal(error: KafkaError) -> bool:
    """Say whether the broker refuses this process, which no patience will change."""
    return error.code() in _IDENTITY | _RIGHT or _is_certificate(error)


def fate(error: KafkaError, who: str = "ce rôle", topic: str = "") -> Exception:
    """Translate librdkafka's error: its name and code, never the record."""
    if error.code() in _IDENTITY:
        return Misconfigured(
            f"Kafka ne reconnaît pas {who} : compte inconnu ou mot de passe faux ({error.name()}). Vérifiez le fichier"
            " du mot de passe ; un nouveau se donne par « bus topics compte »"
        )
    if error.code() in _RIGHT:
        place = f" sur {topic}" if topic else ""
        return Misconfigured(
            f"Kafka refuse à {who} un droit{place} ({error.name()}) : « bus topics acl ls » montre les droits déclarés,"
            " « bus topics acl apply » les accorde"
        )
    if _is_certificate(error):
        return Misconfigured(
            f"la connexion chiffrée est refusée pour {who} ({error.name()}) : certificat absent, expiré ou d’une autre"
            " autorité ; vérifiez BUS_KAFKA_CA_FILE, BUS_KAFKA_CERT_FILE et BUS_KAFKA_KEY_FILE"
        )
    return Unavailable(f"Kafka indisponible : {error.name()}")
