"""The rights and the accounts of the brokers: declared, applied, withdrawn."""

import os
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from bus import accounts, topics
from bus.acl import KafkaRight, partner, refuse_undeclared, slug_of
from bus.acl import declared as all_rights
from bus.acl_plan import plan
from bus.errors import Misconfigured, Refused
from bus.settings import Settings


@dataclass(frozen=True, slots=True)
class RightRow:
    """One right, as people read it."""

    compte: str
    objet: str
    nom: str
    droit: str


@dataclass(frozen=True, slots=True)
class RightsApplied:
    """What an application did: granted, undeclared and of our accounts, of other accounts; topics that it made."""

    granted: list[RightRow]
    extra: list[RightRow]
    foreign: list[RightRow]
    topics: list[str]


@dataclass(frozen=True, slots=True)
class Account:
    """An account whose password has been set, and whether the password was drawn."""

    compte: str
    fichier: str
    tire: bool


def declared(slugs: Sequence[str]) -> list[RightRow]:
    """Give the declared rights of the roles and of the named subscribers; asks no broker.

    Raises:
        Refused: the name of a subscriber is wrong.
    """
    return _rows(all_rights(slugs))


def apply(settings: Settings, slugs: Sequence[str], *, prune: bool) -> RightsApplied:
    """Grant the rights that are missing, make the topics of the named subscribers; withdraw only to prune.

    Raises:
        Refused: the name of a subscriber is wrong.
        Misconfigured: this account may not administer the brokers.
        Unavailable: no answer.
    """
    present = accounts.found(settings)
    known = [slug for right in present if (slug := slug_of(right)) is not None]
    todo = plan(present, all_rights(slugs, known))
    made = topics.apply(settings, tuple(map(topics.abonne, dict.fromkeys(slugs)))) if slugs else []
    accounts.grant(settings, todo.missing)
    if prune:
        accounts.withdraw(settings, todo.extra)
    return RightsApplied(_rows(todo.missing), _rows(todo.extra), _rows(todo.foreign), list(made))


def revoke(settings: Settings, slug: str) -> list[RightRow]:
    """Withdraw every right of a subscriber, and give them.

    Raises:
        Refused: it has none, or the name is wrong.
        Misconfigured, Unavailable: as ``apply``.
    """
    own = set(partner(slug))
    gone = [right for right in accounts.found(settings) if right in own or right.principal == f"abonne-{slug}"]
    if not gone:
        raise Refused(f"aucun droit trouvé pour abonne-{slug} : ce nom est-il le bon, et ce compte un administrateur ?")
    accounts.withdraw(settings, gone)
    return _rows(gone)


def set_password(settings: Settings, name: str, file: Path, *, renew: bool) -> Account:
    """Make an account of SCRAM or change its password, which is that of a file, drawn when the file is not there.

    Raises:
        Refused: no declared right is that account's.
        Misconfigured: the file cannot be read or is empty; or as ``apply``.
        Unavailable: as ``apply``.
    """
    refuse_undeclared(name)
    drawn = renew or not file.exists()
    waiting = file.with_name(f"{file.name}.nouveau") if drawn else file
    if drawn:
        _write(waiting, secrets.token_urlsafe(32))
    accounts.set_password(settings, name, SecretStr(_read(waiting)))
    if drawn:
        waiting.replace(file)  # only once the brokers know it: until then the old one is the good one
    return Account(name, str(file), drawn)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        out.write(f"{text}\n")


def _read(path: Path) -> str:
    try:
        found = path.read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{path} ne se lit pas") from error
    if not found:
        raise Misconfigured(f"{path} est vide")
    return found


def _rows(rights: Iterable[KafkaRight]) -> list[RightRow]:
    return [
        RightRow(
            one.principal,
            one.kind,
            f"{one.name}*" if one.pattern == "prefixed" else one.name,
            one.operation
            if (one.effect, one.host) == ("ALLOW", "*")
            else f"{one.effect} {one.operation} depuis {one.host}",
        )
        for one in rights
    ]
