"""What a rotation works on: the vault, the folders that this process reaches, somebody who listens."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg

from bus.errors import Refused
from bus.sealing import KekRing
from bus.vault import epochs, kek_files
from bus.vault import rotation_rules as rules
from bus.vault.epochs import Epoch
from bus.vault.rewrapping import RotationProgress, sample

POLL: Final = 0.5  # seconds


@dataclass(frozen=True, slots=True)
class Folders:
    """The folders of KEKs that this process reaches; ``deliver`` is None when it lies on another machine."""

    ingest: Path
    deliver: Path | None

    def __iter__(self) -> Iterator[Path]:
        """Give them, the one that keys are drawn in first."""
        return iter([self.ingest] if self.deliver is None else [self.ingest, self.deliver])

    @property
    def roles(self) -> frozenset[str]:
        """The roles whose folder is reached."""
        return frozenset(rules.ROLES if self.deliver is not None else rules.ROLES[:1])


@dataclass(frozen=True, slots=True)
class Telling:
    """How progress is told: French lines, counts of keys; and the seconds that a role is waited for."""

    say: Callable[[str], None]
    progress: RotationProgress
    patience: float


@dataclass(frozen=True, slots=True)
class Site:
    """The vault, by a connection that acts as ``bus_rotate`` and commits by itself, and what its keys lie in."""

    conn: psycopg.Connection
    folders: Folders
    ring: KekRing
    telling: Telling

    def mark(self, one: Epoch) -> bytes | None:
        """Give the fingerprint of the key that the folder holds for an epoch, if it holds one."""
        return self.ring.fingerprint(one.epoch) if self.ring.holds(one.epoch) else None

    def everywhere(self, new: Epoch) -> None:
        """Make sure that every folder holds the key of an epoch.

        Raises:
            Refused: one holds another key under its number.
        """
        for folder in self.folders:
            if not kek_files.matches(folder, new.epoch, new.fingerprint):
                raise Refused(f"{folder} tient une autre clé de l’époque {new.epoch} : retirez-la, puis relancez")

    def wait(self, missing: Callable[[], str], advice: str) -> None:
        """Wait until nothing is missing; what is, is said when it changes.

        Raises:
            Refused: something still is when the patience is over.
        """
        deadline, said = time.monotonic() + self.telling.patience, ""
        while reason := missing():
            if time.monotonic() > deadline:
                raise Refused(f"{reason} — {advice} ; rien n’est perdu, la rotation reprendra là")
            if reason != said:
                self.telling.say(f"attente : {reason}")
                said = reason
            time.sleep(POLL)


def recognise(site: Site) -> None:
    """Make sure that the folder is this vault's, by what it must open; note who is who.

    An epoch that nothing was ever wrapped under may be missing: it will go with the others.

    Raises:
        Misconfigured: the folder is not the one that protects the vault.
    """
    for one in epochs.load(site.conn).alive:
        found = sample(site.conn, one.epoch)
        if not site.ring.holds(one.epoch) and not found:
            continue
        mark = site.ring.fingerprint(one.epoch)
        for key_id, wrapped in found:
            site.ring.unwrap(key_id, one.epoch, bytes(wrapped))
        if one.fingerprint not in (None, mark) and one.in_force_at is not None:
            raise epochs.foreign(one.epoch)
        if one.fingerprint is None:
            site.conn.execute(_KNOWN, (mark, one.epoch))


# A file whose first key is making it known holds the row: it is not waited for.
_KNOWN: Final = """
update vault.epoch set fingerprint = %s
 where epoch in (select epoch from vault.epoch where epoch = %s and fingerprint is null for no key update skip locked)
"""
