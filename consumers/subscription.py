"""A subscription: what a TOML file may say, the complete list of what is wrong with it, and who is entitled to what."""

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from pathlib import PurePosixPath
from typing import Any, Final, Literal, Self
from urllib.parse import SplitResult, urlsplit

from bus.errors import InvalidEvent
from bus.territory import authority
from consumers import profiles
from consumers.profiles import FIELDS, Profile

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
class Fault:
    """One thing wrong in a file: where, what, and what to write instead (French)."""

    champ: str
    erreur: str
    remede: str


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
        return {}, [Fault("fichier", f"TOML illisible : {error}", "corrigez la syntaxe à l’endroit indiqué")]


def faults(document: Mapping[str, Any], known: Known) -> list[Fault]:
    """Give everything that is wrong with a file, in its order; empty when it may be applied."""
    return list(_faults(document, known))


def _faults(document: Mapping[str, Any], known: Known) -> Iterator[Fault]:
    yield from _unknown("", document, frozenset({"organisation", "abonnement"}))
    if not _is_slug(document.get("organisation")):
        yield Fault("organisation", "absente ou mal formée", "écrivez un nom court : a-z, 0-9 et -, par exemple cd-52")
    entries = document.get("abonnement", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        yield Fault("abonnement", "ce n’est pas une liste de tables", "écrivez chaque abonnement sous [[abonnement]]")
        return
    seen: set[str] = set()
    for rank, entry in enumerate(entries, 1):
        name = str(entry.get("id", f"n° {rank}"))
        if name in seen:
            yield Fault(f"abonnement {name}.id", "présent deux fois dans le fichier", "donnez un id à chacun")
        seen.add(name)
        yield from _entry(f"abonnement {name}.", entry, known)


def _entry(where: str, entry: Mapping[str, Any], known: Known) -> Iterator[Fault]:
    yield from _unknown(where, entry, _KEYS)
    if not _is_slug(entry.get("id")):
        yield Fault(where + "id", "absent ou mal formé", "écrivez un nom stable : a-z, 0-9 et -")
    yield from _types(where, entry.get("types"), known.types)
    yield from _territory(where, entry.get("territoire"), known.authorities)
    yield from _rights(where, entry)
    for name in _TEXTS:
        if not isinstance(entry.get(name), str) or not entry[name].strip():
            yield Fault(where + name, "absent", "écrivez une phrase : c’est ce que le journal d’audit montrera")
    yield from _period(where, entry)
    yield from _choices(where, entry)
    yield from _destination(where + "destination", entry.get("destination"))


def _unknown(where: str, table: Mapping[str, Any], keys: frozenset[str]) -> Iterator[Fault]:
    for key in sorted(set(table) - keys):
        yield Fault(where + key, "champ inconnu", f"retirez-le ; champs possibles : {', '.join(sorted(keys))}")


def _is_slug(value: object) -> bool:
    return isinstance(value, str) and _SLUG.fullmatch(value) is not None


def _texts(value: object) -> list[str] | None:
    """Give a non-empty list of strings, or None."""
    good = isinstance(value, list) and value and all(isinstance(item, str) for item in value)
    return list(value) if good and isinstance(value, list) else None


def _types(where: str, value: object, known: Collection[str]) -> Iterator[Fault]:
    patterns = _texts(value)
    if patterns is None:
        yield Fault(where + "types", "absents", 'écrivez une liste, par exemple ["rsa.*"]')
        return
    routed = sorted(type_ for type_ in known if not type_.startswith(_NEVER_ROUTED))
    remedy = f"types possibles : {', '.join(routed)}"
    for pattern in patterns:
        if any(covers(pattern, type_) for type_ in routed):
            continue
        exists = any(covers(pattern, type_) for type_ in known)
        what = "type qui n’est livré à aucun abonné (il ne concerne que l’exploitation)" if exists else "type inconnu"
        yield Fault(where + "types", f"{what} : {pattern}", remedy)


def _territory(where: str, value: object, known: Collection[str]) -> Iterator[Fault]:
    codes = _texts(value)
    if codes is None:
        yield Fault(where + "territoire", "absent", 'écrivez une liste de codes d’autorité, par exemple ["52"]')
        return
    for code in codes:
        try:
            found = authority(code, None)
        except InvalidEvent:
            found = ""
        if found not in known:
            remedy = "écrivez un code d’autorité : 52, 6AE, 20R pour la Corse, 69M (métropole) ou 69D pour le Rhône"
            yield Fault(where + "territoire", f"autorité inconnue : {code}", remedy)


def _rights(where: str, entry: Mapping[str, Any]) -> Iterator[Fault]:
    profile, fields = entry.get("profil"), entry.get("champs")
    if (profile is None) == (fields is None):
        yield Fault(where + "profil", "il faut profil ou champs, l’un des deux", 'écrivez par exemple profil = "cd"')
        return
    if profile is not None and str(profile) not in set(Profile):
        yield Fault(where + "profil", f"profil inconnu : {profile}", f"profils : {', '.join(Profile)}")
    if fields is None:
        return
    names = _texts(fields)
    if names is None:
        yield Fault(where + "champs", "ce n’est pas une liste de noms", 'écrivez par exemple ["identite.nom"]')
        return
    for name in names:
        if name not in FIELDS:
            yield Fault(where + "champs", f"champ inconnu : {name}", f"champs possibles : {', '.join(sorted(FIELDS))}")


def _period(where: str, entry: Mapping[str, Any]) -> Iterator[Fault]:
    times: list[datetime] = []
    for name in ("debut", "fin"):
        value = entry.get(name)
        if isinstance(value, datetime) and value.tzinfo is not None:
            times.append(value)
        else:
            remedy = "écrivez une date et une heure avec décalage, par exemple 2026-01-01T00:00:00+01:00"
            yield Fault(where + name, "absent, ou sans décalage horaire", remedy)
    if len(times) == 2 and times[0] >= times[1]:
        yield Fault(where + "fin", "n’est pas après debut", "un abonnement couvre [debut, fin[")


def _choices(where: str, entry: Mapping[str, Any]) -> Iterator[Fault]:
    stock = entry.get("stock", "non")
    if stock == "oui":
        yield Fault(where + "stock", "le chargement initial n’est pas encore construit", 'écrivez stock = "non"')
    elif stock != "non":
        yield Fault(where + "stock", f"valeur inconnue : {stock}", 'écrivez "non"')
    if entry.get("poison", "bloquer") not in ("bloquer", "sauter"):
        yield Fault(where + "poison", f"valeur inconnue : {entry['poison']}", 'écrivez "bloquer" ou "sauter"')
    if not isinstance(entry.get("habilitation", ""), str):
        yield Fault(where + "habilitation", "ce n’est pas un texte", "écrivez le numéro de l’habilitation, ou rien")


def _destination(where: str, value: object) -> Iterator[Fault]:
    if not isinstance(value, dict):
        yield Fault(where, "absente", "écrivez une table [abonnement.destination] avec genre, url, secret_fichier")
        return
    kind = str(value.get("genre"))
    if kind in _KINDS_TO_COME:
        yield Fault(f"{where}.genre", f"{kind} : pas encore construit", 'écrivez genre = "webhook"')
        return
    if kind != "webhook":
        yield Fault(f"{where}.genre", f"genre inconnu : {kind}", 'écrivez genre = "webhook"')
        return
    yield from _unknown(f"{where}.", value, _DESTINATION_KEYS)
    yield from _url(f"{where}.url", value.get("url"))
    secret = value.get("secret_fichier")
    path = PurePosixPath(secret) if isinstance(secret, str) and secret else None
    if path is None or path.is_absolute() or ".." in path.parts:
        remedy = "écrivez un chemin relatif au dossier abonnements/ des secrets, sans « .. »"
        yield Fault(f"{where}.secret_fichier", "absent ou hors du dossier des secrets", remedy)


def _url(where: str, value: object) -> Iterator[Fault]:
    try:
        url = urlsplit(value) if isinstance(value, str) else None
        host = url.hostname if url else None
        _ = url.port if url else None  # raises on a port that is none
    except ValueError:
        url = host = None
    if url is None or not host or url.scheme not in ("https", "http") or not str(value).isascii():
        yield Fault(where, "ce n’est pas une adresse http(s)", "écrivez par exemple https://si.departement.example/bus")
        return
    yield from _safe_url(where, url, host)


def _safe_url(where: str, url: SplitResult, host: str) -> Iterator[Fault]:
    if url.username is not None or url.password is not None or url.fragment:
        yield Fault(where, "porte un mot de passe ou un fragment", "retirez ce qui précède @ et ce qui suit #")
    if url.scheme == "http" and not is_loopback(host):
        yield Fault(where, "http sans chiffrement", "écrivez https (http n’est permis que vers cette machine)")


def is_loopback(host: str) -> bool:
    """Tell whether a host name or literal is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
