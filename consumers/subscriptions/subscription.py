"""A subscription: what a TOML file may say, the complete list of what is wrong with it, and who is entitled to what."""

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from ipaddress import ip_address
from pathlib import PurePosixPath
from typing import Any, Final, Literal, Self
from urllib.parse import SplitResult, urlsplit

from bus.codec import EVENT_VERSION
from bus.errors import InvalidEvent
from bus.territory import authority
from consumers.subscriptions import profiles
from consumers.subscriptions.faults import Fault, Wrong
from consumers.subscriptions.profiles import FIELDS, Profile

_SLUG: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_KINDS_TO_COME: Final = frozenset({"pull", "sql", "fichier", "kafka"})
_NEVER_ROUTED: Final = ("flux.", "enregistrement.")  # they stay on the topic `flux`, which no authority reads
_TEXTS: Final = ("finalite", "base_legale", "contact_technique")
_KEYS: Final = frozenset({
    "id", "types", "territoire", "profil", "champs", "finalite", "base_legale", "habilitation", "debut", "fin", "stock",
    "poison", "contact_technique", "destination",
})  # fmt: skip
_DESTINATION_KEYS: Final = frozenset({"genre", "url", "secret_fichier"})

Poison = Literal["bloquer", "sauter"]


@dataclass(frozen=True, slots=True)
class Known:
    """What exists today: event types and authority codes."""

    types: Collection[str]
    authorities: Collection[str]


@dataclass(frozen=True, slots=True)
class Subscription:
    """Who receives what, from when to when, where. ``types`` may end with ``*``; times are aware."""

    id: str
    organisation: str
    version: int
    types: tuple[str, ...]
    territory: frozenset[str]
    profile: Profile | None
    fields: frozenset[str]
    begins_at: datetime
    ends_at: datetime
    poison: Poison
    url: str
    secret_file: str

    @classmethod
    def read(cls, organisation: str, version: int, document: Mapping[str, Any]) -> Self:
        """Build it from a document that ``faults`` found nothing wrong with."""
        profile = Profile(document["profil"]) if "profil" in document else None
        return cls(
            id=document["id"],
            organisation=organisation,
            version=version,
            types=tuple(document["types"]),
            territory=frozenset(authority(code, None) for code in document["territoire"]),
            profile=profile,
            fields=profiles.fields_of(profile) if profile else profiles.expand(document["champs"]),
            begins_at=_time(document["debut"]),
            ends_at=_time(document["fin"]),
            poison=document.get("poison", "bloquer"),
            url=document["destination"]["url"],
            secret_file=document["destination"]["secret_fichier"],
        )

    def entitled(self, type_: str, authority: str, published_at: datetime, now: datetime) -> bool:
        """Tell whether this event may reach this recipient now. Deny by default."""
        return self.begins_at <= published_at < self.ends_at and now < self.ends_at and self.concerns(type_, authority)

    def concerns(self, type_: str, authority: str) -> bool:
        """Tell whether it names such events, at any time."""
        return (
            self.profile not in profiles.CASELOAD_ONLY
            and authority in self.territory
            and any(covers(pattern, type_) for pattern in self.types)
        )


def delivered(type_: str) -> bool:
    """Tell whether events of a type can reach a subscription at all."""
    return not type_.startswith(_NEVER_ROUTED)


@cache
def routed_types() -> tuple[str, ...]:
    """Give the types of the contract that subscribers can receive."""
    return tuple(sorted(type_ for type_ in EVENT_VERSION if delivered(type_)))


def covers(pattern: str, type_: str) -> bool:
    """Tell whether ``rsa.*`` or an exact type covers a type."""
    return type_.startswith(pattern[:-1]) if pattern.endswith(".*") else pattern == type_


def _time(value: datetime | str) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


def parse(text: str) -> tuple[dict[str, Any], list[Fault]]:
    """Read TOML; a text that is not TOML is one fault."""
    try:
        return tomllib.loads(text), []
    except tomllib.TOMLDecodeError as error:
        return {}, [Wrong.FICHIER.at("fichier", erreur=error)]


def faults(document: Mapping[str, Any], known: Known) -> list[Fault]:
    """Give everything that is wrong with a file, in its order; empty when it may be applied."""
    return list(_faults(document, known))


def _faults(document: Mapping[str, Any], known: Known) -> Iterator[Fault]:
    yield from _unknown("", document, frozenset({"organisation", "abonnement"}))
    if not _is_slug(document.get("organisation")):
        yield Wrong.ORGANISATION.at("organisation")
    entries = document.get("abonnement", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        yield Wrong.LISTE.at("abonnement")
        return
    seen: set[str] = set()
    for rank, entry in enumerate(entries, 1):
        name = str(entry.get("id", f"n° {rank}"))
        if name in seen:
            yield Wrong.ID_DOUBLE.at(f"abonnement {name}.id")
        seen.add(name)
        yield from _entry(f"abonnement {name}.", entry, known)


def _entry(where: str, entry: Mapping[str, Any], known: Known) -> Iterator[Fault]:
    yield from _unknown(where, entry, _KEYS)
    if not _is_slug(entry.get("id")):
        yield Wrong.ID.at(where + "id")
    yield from _types(where, entry.get("types"), known.types)
    yield from _territory(where, entry.get("territoire"), known.authorities)
    yield from _rights(where, entry)
    for name in _TEXTS:
        if not isinstance(entry.get(name), str) or not entry[name].strip():
            yield Wrong.TEXTE.at(where + name)
    yield from _period(where, entry)
    yield from _choices(where, entry)
    yield from _destination(where + "destination", entry.get("destination"))


def _unknown(where: str, table: Mapping[str, Any], keys: frozenset[str]) -> Iterator[Fault]:
    for key in sorted(set(table) - keys):
        yield Wrong.CHAMP_DE_TROP.at(where + key, possibles=", ".join(sorted(keys)))


def _is_slug(value: object) -> bool:
    return isinstance(value, str) and _SLUG.fullmatch(value) is not None


def _texts(value: object) -> list[str] | None:
    """Give a non-empty list of strings, or None."""
    good = isinstance(value, list) and value and all(isinstance(item, str) for item in value)
    return list(value) if good and isinstance(value, list) else None


def _types(where: str, value: object, known: Collection[str]) -> Iterator[Fault]:
    patterns = _texts(value)
    if patterns is None:
        yield Wrong.TYPES.at(where + "types")
        return
    routed = sorted(type_ for type_ in known if delivered(type_))
    for pattern in patterns:
        if any(covers(pattern, type_) for type_ in routed):
            continue
        exists = any(covers(pattern, type_) for type_ in known)
        wrong = Wrong.TYPE_NON_LIVRE if exists else Wrong.TYPE_INCONNU
        yield wrong.at(where + "types", type=pattern, possibles=", ".join(routed))


def _territory(where: str, value: object, known: Collection[str]) -> Iterator[Fault]:
    codes = _texts(value)
    if codes is None:
        yield Wrong.TERRITOIRE.at(where + "territoire")
        return
    for code in codes:
        try:
            found = authority(code, None)
        except InvalidEvent:
            found = ""
        if found not in known:
            yield Wrong.AUTORITE.at(where + "territoire", code=code)


def _rights(where: str, entry: Mapping[str, Any]) -> Iterator[Fault]:
    profile, fields = entry.get("profil"), entry.get("champs")
    if (profile is None) == (fields is None):
        yield Wrong.PROFIL_OU_CHAMPS.at(where + "profil")
        return
    if profile is not None and str(profile) not in set(Profile):
        yield Wrong.PROFIL.at(where + "profil", profil=profile, possibles=", ".join(Profile))
    if fields is None:
        return
    names = _texts(fields)
    if names is None:
        yield Wrong.CHAMPS.at(where + "champs")
        return
    for name in names:
        if name not in FIELDS:
            yield Wrong.CHAMP_INCONNU.at(where + "champs", nom=name, possibles=", ".join(sorted(FIELDS)))


def _period(where: str, entry: Mapping[str, Any]) -> Iterator[Fault]:
    times: list[datetime] = []
    for name in ("debut", "fin"):
        value = entry.get(name)
        if isinstance(value, datetime) and value.tzinfo is not None:
            times.append(value)
        else:
            yield Wrong.DATE.at(where + name)
    if len(times) == 2 and times[0] >= times[1]:
        yield Wrong.PERIODE.at(where + "fin")


def _choices(where: str, entry: Mapping[str, Any]) -> Iterator[Fault]:
    stock = entry.get("stock", "non")
    if stock == "oui":
        yield Wrong.STOCK_A_VENIR.at(where + "stock")
    elif stock != "non":
        yield Wrong.STOCK.at(where + "stock", valeur=stock)
    if entry.get("poison", "bloquer") not in ("bloquer", "sauter"):
        yield Wrong.POISON.at(where + "poison", valeur=entry["poison"])
    if not isinstance(entry.get("habilitation", ""), str):
        yield Wrong.HABILITATION.at(where + "habilitation")


def _destination(where: str, value: object) -> Iterator[Fault]:
    if not isinstance(value, dict):
        yield Wrong.DESTINATION.at(where)
        return
    kind = str(value.get("genre"))
    if kind in _KINDS_TO_COME:
        yield Wrong.GENRE_A_VENIR.at(f"{where}.genre", genre=kind)
        return
    if kind != "webhook":
        yield Wrong.GENRE.at(f"{where}.genre", genre=kind)
        return
    yield from _unknown(f"{where}.", value, _DESTINATION_KEYS)
    yield from _url(f"{where}.url", value.get("url"))
    secret = value.get("secret_fichier")
    path = PurePosixPath(secret) if isinstance(secret, str) and secret else None
    if path is None or path.is_absolute() or ".." in path.parts:
        yield Wrong.SECRET.at(f"{where}.secret_fichier")


def _url(where: str, value: object) -> Iterator[Fault]:
    try:
        url = urlsplit(value) if isinstance(value, str) else None
        host = url.hostname if url else None
        _ = url.port if url else None  # raises on a port that is none
    except ValueError:
        url = host = None
    if url is None or not host or url.scheme not in ("https", "http") or not str(value).isascii():
        yield Wrong.URL.at(where)
        return
    yield from _safe_url(where, url, host)


def _safe_url(where: str, url: SplitResult, host: str) -> Iterator[Fault]:
    if url.username is not None or url.password is not None or url.fragment:
        yield Wrong.URL_PRIVEE.at(where)
    if url.scheme == "http" and not is_loopback(host):
        yield Wrong.URL_EN_CLAIR.at(where)


def is_loopback(host: str) -> bool:
    """Tell whether a host name or literal is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
