"""The stream stage's identity as Faust and aiokafka take it, and the fate of what a broker refuses to it."""

from aiokafka import errors  # type: ignore[import-untyped] # aiokafka ships no types
from faust.auth import Credentials, SASLCredentials, SSLCredentials

from bus import access
from bus.errors import Misconfigured
from bus.settings import Settings

REFUSED = (
    errors.AuthenticationFailedError,
    errors.SaslAuthenticationFailed,
    errors.TopicAuthorizationFailedError,
    errors.GroupAuthorizationFailedError,
    errors.ClusterAuthorizationFailedError,
)


def credentials(settings: Settings) -> Credentials | None:
    """Give Faust's form of the account or certificate; None for a broker on the loopback that asks for none.

    Raises:
        Misconfigured: an account, a password or a file is missing.
    """
    context = access.ssl_context(settings)
    if not settings.kafka_security_protocol.startswith("sasl"):
        return None if context is None else SSLCredentials(context)
    return SASLCredentials(
        username=access.username(settings),
        password=access.password(settings).get_secret_value(),
        ssl_context=context,
        mechanism=settings.kafka_sasl_mechanism,
    )


def fate(error: BaseException, who: str) -> BaseException:
    """Give the error to end with: ours when the broker refuses this process, else the same."""
    if not isinstance(error, REFUSED):
        return error
    return Misconfigured(
        f"Kafka refuse à {who} de lire ({type(error).__name__}) : « bus topics acl ls » montre les droits déclarés,"
        " « bus topics acl apply » les accorde ; un compte se renouvelle par « bus topics compte »"
    )
