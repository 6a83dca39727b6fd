"""What a rotation of the KEKs does next, from what the vault holds alone: a killed one goes on where it was."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from bus.roles import keepers
from bus.vault.epochs import Epoch, Epochs, Holder

MAX_AGE: Final = timedelta(days=30)
ALIVE: Final = 30.0  # seconds: a role tells every two; one that is silent for longer holds nobody up
ROLES: Final = keepers()
"""Who holds the KEKs: the one that seals, the one that opens."""


class Phase(StrEnum):
    """Where a rotation is."""

    IDLE = "repos"
    HANDING_OUT = "distribution"
    REWRAPPING = "rechiffrement"
    DESTROYING = "destruction"


def phase(known: Epochs) -> Phase:
    """Tell where a rotation is: the newest epoch waits, two are in force, or files remain to be destroyed."""
    if any(one.in_force_at is None for one in known.alive):
        return Phase.HANDING_OUT
    if len(known.alive) > 1:
        return Phase.REWRAPPING
    if any(one.destroyed_at is None for one in known.retired):
        return Phase.DESTROYING
    return Phase.IDLE


def switched(known: Epochs) -> bool:
    """Tell whether an unfinished rotation may have wrapped keys under its new epoch already."""
    return phase(known) in (Phase.REWRAPPING, Phase.DESTROYING)


def target(known: Epochs) -> Epoch:
    """Give the newest epoch: what a rotation leads to."""
    return known.alive[-1]


def in_force(known: Epochs) -> Epoch | None:
    """Give the epoch that wraps new keys; None in a vault that nobody has used."""
    found = [one for one in known.alive if one.in_force_at is not None]
    return found[-1] if found else None


def next_epoch(known: Epochs) -> int:
    """Number a new epoch: a number never comes back, its destruction is on record."""
    numbers = [one.epoch for one in known.alive] + [one.epoch for one in known.retired]
    return 1 + max(numbers, default=0)


def age(known: Epochs, now: datetime) -> timedelta:
    """Give how long new keys have been wrapped under the same epoch."""
    current = in_force(known)
    return timedelta() if current is None or current.in_force_at is None else now - current.in_force_at


@dataclass(frozen=True, slots=True)
class Lacking:
    """A role that has not shown that it holds an epoch; ``place`` is None when no process of it was ever seen to."""

    role: str
    place: str | None


def running(one: Holder) -> bool:
    """Tell whether a role still follows the epochs at a place."""
    return one.silence < ALIVE and not one.left


def lacking(known: Epochs, epoch: Epoch, reached: Collection[str]) -> list[Lacking]:
    """Give who must still get an epoch before anything may be wrapped under it.

    Every running role must have shown it, and a role that does not run must have its folder among those that the
    rotation itself has written (``reached``, names of roles).
    """
    without = [
        Lacking(one.role, one.place)
        for one in known.holders
        if running(one) and one.held.get(epoch.epoch) != epoch.fingerprint
    ]
    shown = {one.role for one in known.holders if one.held.get(epoch.epoch) == epoch.fingerprint} | set(reached)
    named = {one.role for one in without}
    return [*without, *(Lacking(role, None) for role in ROLES if role not in shown | named)]


def retired_held(known: Epochs, one: Holder) -> list[int]:
    """Give the retired epochs whose key a place held when it was last heard of; another key of the number is none."""
    retired = {gone.epoch: gone.fingerprint for gone in known.retired}
    return sorted(number for number, mark in one.held.items() if number in retired and retired[number] == mark)


def still_holding(known: Epochs) -> list[Holder]:
    """Give the places where a retired key is, or may be: one that is silent has confirmed nothing."""
    return [one for one in known.holders if retired_held(known, one)]


def kept(holders: Collection[Holder]) -> str:
    """Say in French where a retired key is, or may be."""
    places = [
        f"{one.role.removeprefix('bus_')} ({one.place}{'' if running(one) else ', muet : rien ne le confirme'})"
        for one in holders
    ]
    return f"la clé d’une époque retirée est encore tenue par : {' ; '.join(places)}"


def told(lack: Collection[Lacking], epoch: int) -> str:
    """Say in French who is waited for."""
    names = [
        f"{one.role.removeprefix('bus_')} ({one.place or 'aucun processus vu, dossier hors d’atteinte'})"
        for one in lack
    ]
    return f"la clé de l’époque {epoch} n’est pas encore tenue par : {' ; '.join(names)}"
