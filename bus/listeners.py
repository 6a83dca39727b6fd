"""The ways into a broker: which of them somebody unknown, or somebody who listens on the network, could use."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from bus import access

AUTHORIZER: Final = "authorizer.class.name"
_LISTENERS: Final = "listeners"
_MAP: Final = "listener.security.protocol.map"
_DEFAULTS: Final[Mapping[str, str]] = {
    _LISTENERS: "PLAINTEXT://:9092",
    _MAP: "SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT",
}
"""Kafka's own, which hold for a file that does not say."""
_ALSO: Final = ("controller.listener.names", "inter.broker.listener.name")
"""Names that a node speaks to and need not listen on: a broker without a controller's part."""
_SUPER: Final = "super.users"
_EVERYONE: Final = "allow.everyone.if.no.acl.found"
_CLIENT_AUTH: Final = "ssl.client.auth"
DOORS: Final = (AUTHORIZER, _SUPER, _EVERYONE, _CLIENT_AUTH, *_DEFAULTS, *_ALSO)
"""The settings that are judged here, those of one listener apart."""
_UNMAPPED: Final = "PLAINTEXT"
"""What Kafka takes for a controller's listener that no map names."""
_LISTENER: Final = re.compile(r"([^:/]+)://(.*)")


def open_doors(settings: Mapping[str, str | None]) -> list[str]:
    """Say, in French, each way in that a broker's settings leave to somebody unknown, or in clear.

    What is absent has Kafka's default. ``super.users`` and the like are told by a file only: a broker shows them to
    nobody.
    """
    found = {**_DEFAULTS, **{key: value for key, value in settings.items() if value}}
    wrong: list[str] = []
    if not found.get(AUTHORIZER):
        wrong.append(f"{AUTHORIZER} : attendu StandardAuthorizer, trouvé aucun ; sans lui chacun peut tout")
    if "ANONYMOUS" in found.get(_SUPER, ""):
        wrong.append(f"{_SUPER} : attendu sans User:ANONYMOUS, trouvé User:ANONYMOUS ; un inconnu aurait tout droit")
    if found.get(_EVERYONE, "false").lower() == "true":
        wrong.append(f"{_EVERYONE} : attendu false, trouvé true ; un topic sans droit serait à tous")
    return wrong + [line for name, bound in _bound(found).items() for line in _listener(found, name, bound)]


def _bound(found: Mapping[str, str]) -> dict[str, list[str]]:
    """Give the addresses that each listener is bound to, by name; none for one that is only spoken to."""
    bound: dict[str, list[str]] = {}
    for one in _list(found[_LISTENERS]):
        name, address = match.groups() if (match := _LISTENER.fullmatch(one)) else (one, "")
        bound.setdefault(name.upper(), []).append(address)
    for name in (name for key in _ALSO for name in _list(found.get(key, ""))):
        bound.setdefault(name.upper(), [])
    return bound


def _listener(found: Mapping[str, str], name: str, bound: list[str]) -> Iterator[str]:
    pairs = (pair.partition(":") for pair in _list(found[_MAP]))
    protocol = {one.strip().upper(): said.strip().upper() for one, _, said in pairs}.get(name, _UNMAPPED)
    auth = found.get(f"listener.name.{name.lower()}.{_CLIENT_AUTH}") or found.get(_CLIENT_AUTH) or "none"
    inside = bool(bound) and all(map(access.is_loopback, bound))
    if protocol == "SASL_PLAINTEXT" and not inside:
        yield f"écouteur {name} : attendu SASL_SSL ou la boucle locale, trouvé {protocol} ; il parle en clair"
    elif protocol not in ("SSL", "SASL_SSL", "SASL_PLAINTEXT"):
        yield f"écouteur {name} : attendu SSL ou SASL_SSL, trouvé {protocol} ; il accepte des inconnus"
    elif protocol == "SSL" and auth.lower() != "required":
        yield f"écouteur {name} : {_CLIENT_AUTH} attendu required, trouvé {auth} ; il accepte des inconnus"


def _list(value: str) -> list[str]:
    return [one.strip() for one in value.split(",") if one.strip()]
