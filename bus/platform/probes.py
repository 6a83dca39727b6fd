"""Is it ready? One question per kind of server, asked by address, whatever back end started it."""

import http.client
from urllib.parse import urlsplit

import psycopg

from bus import kafka
from bus.settings import Settings

TIMEOUT = 2.0


def kafka_ready(bootstrap: str) -> bool:
    """Say whether a client gets the metadata of a broker of the local platform."""
    return kafka.reachable(Settings(kafka_bootstrap=bootstrap, kafka_security_protocol="plaintext"))


def registry_ready(url: str) -> bool:
    """Say whether the registry answers from its storage; only its starter knows the port of its own health check."""
    return http_ok(url, f"{urlsplit(url).path}/config")


def base_ready(dsn: str) -> bool:
    """Say whether the database accepts a query."""
    try:
        with psycopg.connect(dsn, connect_timeout=2) as conn:
            conn.execute("select 1")
    except psycopg.OperationalError:
        return False
    return True


def role_ready(metrics_url: str) -> bool:
    """Say whether a role of the bus calls itself ready."""
    return http_ok(metrics_url, "/ready")


def http_ok(url: str, path: str) -> bool:
    """Say whether the server of ``url`` answers 200 on ``path``."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=TIMEOUT)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
