"""Who this process is to the brokers: protocol, account, certificates, for every client library.

Secrets come from files, never from arguments, and are read when a client is made: a rotation is a new file
and a restart.
"""

import ipaddress
import ssl
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr

from bus.errors import Misconfigured
from bus.settings import Settings

PASSWORD_FILE: Final = "kafka.mdp"  # noqa: S105  a name of file
"""The password's file in a role's folder of secrets."""
PORT: Final = "9092"
"""Kafka's own, for an address without one."""
CLEAR: Final = frozenset({"plaintext", "sasl_plaintext"})


def is_loopback(address: str) -> bool:
    """Say whether ``host:port`` is this machine: ``localhost``, 127.0.0.0/8, ::1. Another name is not looked up."""
    host = _split(address)[0].lower()
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_production(settings: Settings, advertised: Iterable[str] = ()) -> bool:
    """Say whether an imprudent broker must be refused: when told so, else whenever one is not on the loopback.

    Args:
        settings: of this process; their profile decides, if there is one.
        advertised: the addresses that the brokers give, which show what is behind a tunnel that begins here.
    """
    if settings.profil is not None:
        return settings.profil == "production"
    return not all(map(is_loopback, [*addresses(settings), *advertised]))


def addresses(settings: Settings) -> list[str]:
    """Give the addresses of the brokers, each as ``host:port``.

    Raises:
        Misconfigured: none was given, or one is not an address.
    """
    given = [one.strip() for one in (settings.kafka_bootstrap or "").split(",") if one.strip()]
    if not given:
        raise Misconfigured("aucun broker : indiquez BUS_KAFKA_BOOTSTRAP ou démarrez la plateforme (bus dev up)")
    return list(map(_address, given))


def bootstrap(settings: Settings) -> str:
    """Give ``addresses`` as clients take them, separated by commas."""
    return ",".join(addresses(settings))


def joined(host: str, port: int) -> str:
    """Write an address as ``host:port``, an IPv6 one in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _address(given: str) -> str:
    """Refuse what names a protocol: librdkafka would follow it, in clear even when told to encrypt."""
    host, port = _split(given)
    if not host or any(one in host for one in "/@ ") or not (port.isascii() and port.isdigit()):
        raise Misconfigured(f"adresse de broker refusée : {given} (attendu hôte:port, dans BUS_KAFKA_BOOTSTRAP)")
    return joined(host, int(port))


def _split(address: str) -> tuple[str, str]:
    """Give host and port; an IPv6 address may stand in brackets or, alone, without."""
    text = address.strip()
    if text.count(":") > 1 and not text.startswith("["):
        return text, PORT
    host, _, port = text.rpartition(":") if ":" in text.rpartition("]")[2] else (text, "", PORT)
    return host.strip("[]"), port


def principal(settings: Settings) -> str:
    """Name the account of this process, for messages: the SASL account, or the file of its certificate."""
    if settings.kafka_security_protocol.startswith("sasl"):
        return f"le compte {settings.kafka_username}"
    if settings.kafka_security_protocol == "ssl":
        return f"le certificat {settings.kafka_cert_file.name if settings.kafka_cert_file else '(aucun)'}"
    return "ce rôle (sans compte)"


def client_config(settings: Settings) -> dict[str, Any]:
    """Give the settings of a librdkafka client.

    Raises:
        Misconfigured: no address, clear text outside the loopback, an account, a password or a file is missing.
    """
    refuse_clear_text(settings, addresses(settings))
    config: dict[str, Any] = {
        "bootstrap.servers": bootstrap(settings),
        "client.id": "insertion-bus",
        "security.protocol": settings.kafka_security_protocol.upper(),
    }
    if "sasl" in settings.kafka_security_protocol:
        config["sasl.mechanism"] = settings.kafka_sasl_mechanism
        config["sasl.username"] = username(settings)
        config["sasl.password"] = password(settings).get_secret_value()
    if settings.kafka_security_protocol in ("ssl", "sasl_ssl"):
        config |= {name: str(path) for name, path in _pem_files(settings).items()}
    return config


def refuse_clear_text(settings: Settings, addresses: list[str]) -> None:
    """Refuse to speak in clear to another machine, whatever the profile.

    Raises:
        Misconfigured: names the address and the setting.
    """
    far = [address for address in addresses if not is_loopback(address)]
    if far and settings.kafka_security_protocol in CLEAR:
        raise Misconfigured(
            f"connexion en clair refusée vers {', '.join(far)} : BUS_KAFKA_SECURITY_PROTOCOL attendu ssl ou sasl_ssl,"
            f" trouvé {settings.kafka_security_protocol} (en clair : la boucle locale seulement)"
        )


def username(settings: Settings) -> str:
    """Give the SASL account.

    Raises:
        Misconfigured: none was given.
    """
    if not settings.kafka_username:
        raise Misconfigured(
            "aucun compte Kafka : indiquez BUS_KAFKA_USERNAME (bus-relay, bus-stream, bus-deliver, bus-watch)"
        )
    return settings.kafka_username


def password(settings: Settings) -> SecretStr:
    """Read the SASL password, without its final line break.

    Raises:
        Misconfigured: no file was named, or it cannot be read or is empty; the message never shows the content.
    """
    path = settings.kafka_password_file or (settings.secrets_dir and settings.secrets_dir / PASSWORD_FILE)
    if not path:
        raise Misconfigured("aucun mot de passe Kafka : indiquez BUS_KAFKA_PASSWORD_FILE ou BUS_SECRETS_DIR")
    try:
        found = path.read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"mot de passe Kafka illisible : {path} ({type(error).__name__})") from error
    if not found:
        raise Misconfigured(f"mot de passe Kafka vide : {path}")
    return SecretStr(found)


def ssl_context(settings: Settings) -> ssl.SSLContext | None:
    """Give the TLS of a Python client, the same as librdkafka's; None when the protocol has none.

    Raises:
        Misconfigured: a file is missing or is not what it should be.
    """
    if settings.kafka_security_protocol in CLEAR:
        return None
    _pem_files(settings)
    try:
        context = ssl.create_default_context(cafile=settings.kafka_ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if settings.kafka_cert_file:
            context.load_cert_chain(settings.kafka_cert_file, settings.kafka_key_file)
    except (OSError, ssl.SSLError) as error:
        raise Misconfigured(
            f"certificat ou clé Kafka illisible : {settings.kafka_cert_file}, {settings.kafka_key_file}"
        ) from error
    return context


def _pem_files(settings: Settings) -> dict[str, Path]:
    """Give librdkafka's names of the PEM files that are set, all of them readable."""
    given = {
        "ssl.ca.location": ("BUS_KAFKA_CA_FILE", settings.kafka_ca_file),
        "ssl.certificate.location": ("BUS_KAFKA_CERT_FILE", settings.kafka_cert_file),
        "ssl.key.location": ("BUS_KAFKA_KEY_FILE", settings.kafka_key_file),
    }
    needed = {"ssl.certificate.location", "ssl.key.location"} if settings.kafka_security_protocol == "ssl" else set()
    wrong = [
        f"{variable} ({path or 'absent'})"
        for name, (variable, path) in given.items()
        if (path is None and name in needed) or (path is not None and not path.is_file())
    ]
    if wrong:
        raise Misconfigured(f"fichiers PEM absents ou illisibles : {', '.join(wrong)}")
    return {name: path for name, (_, path) in given.items() if path is not None}
