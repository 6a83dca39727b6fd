"""Where a webhook goes: what ``[abonnement.destination]`` may say with ``genre = "webhook"``. Pure."""

from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import PurePosixPath
from typing import Annotated, ClassVar, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator

from consumers.connectors.port import Destination
from consumers.faults import Catalogue, refuse


class WrongWebhook(Catalogue):
    """What may be wrong with the keys of a webhook."""

    SECRET = (
        "secret",
        "absent ou hors du dossier des secrets",
        "écrivez un chemin relatif au dossier abonnements/ des secrets, sans « .. »",
    )
    URL = "url", "ce n’est pas une adresse http(s)", "écrivez par exemple https://si.departement.example/bus"
    URL_PRIVEE = "url_privee", "porte un mot de passe ou un fragment", "retirez ce qui précède @ et ce qui suit #"
    URL_EN_CLAIR = (
        "url_en_clair",
        "http sans chiffrement",
        "écrivez https (http n’est permis que vers cette machine)",
    )


def _url(text: str) -> str:
    """Refuse what is no http(s) address, what carries a password or a fragment, and clear text off this machine."""
    try:
        url = urlsplit(text)
        host, _ = url.hostname, url.port  # raises on a port that is none
    except ValueError:
        raise refuse(WrongWebhook.URL) from None
    if not host or url.scheme not in ("https", "http") or not text.isascii():
        raise refuse(WrongWebhook.URL)
    if found := _unsafe(url, host):
        raise refuse(*found)
    return text


def _unsafe(url: SplitResult, host: str) -> list[WrongWebhook]:
    private = url.username is not None or url.password is not None or bool(url.fragment)
    clear = url.scheme == "http" and not is_loopback(host)
    return [wrong for wrong, found in ((WrongWebhook.URL_PRIVEE, private), (WrongWebhook.URL_EN_CLAIR, clear)) if found]


def _inside(name: str) -> str:
    """Refuse a file name that is none, or that leaves the folder of secrets."""
    path = PurePosixPath(name)
    if not name or path.is_absolute() or ".." in path.parts:
        raise refuse(WrongWebhook.SECRET)
    return name


class Webhook(Destination):
    """An address, and the name of the file of its shared secrets in the folder ``abonnements``."""

    shown: ClassVar[frozenset[str]] = frozenset({"genre", "url"})
    secret_file: ClassVar[str | None] = "secret_fichier"  # noqa: S105 - the key that names the file
    wrong: ClassVar[tuple[Catalogue, ...]] = tuple(WrongWebhook)
    told: ClassVar[Mapping[str, Catalogue]] = {"url": WrongWebhook.URL, "secret_fichier": WrongWebhook.SECRET}

    genre: Literal["webhook"] = "webhook"
    url: Annotated[str, AfterValidator(_url)]
    secret_fichier: Annotated[str, AfterValidator(_inside)]


def is_loopback(host: str) -> bool:
    """Tell whether a host name or literal is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
