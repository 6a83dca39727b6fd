"""Rotating the key-encryption key: hand out a new epoch, wrap every key under it, destroy the old one.

Nothing stops meanwhile, and a kill at any moment loses no key: where a rotation is lies in the vault
(``rotation_rules.phase``), each step may be done twice, and an epoch goes only when the database has shown, under its
own constraints, that nothing is wrapped under it (docs/adr, "Key epochs").
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Final

import psycopg
from psycopg import errors

from bus import failpoints
from bus.db import LOCK_ROTATE
from bus.errors import Refused
from bus.sealing import KekRing
from bus.vault import epochs, kek_files
from bus.vault import rotation_rules as rules
from bus.vault.epochs import Epochs
from bus.vault.handing_out import draw, hand_out, wait_for_roles
from bus.vault.retiring import destroy, retire, sweep
from bus.vault.rewrapping import rewrap
from bus.vault.rotation_rules import Phase
from bus.vault.rotation_site import POLL, Folders, Site, Telling, recognise

_LONGEST: Final = 10.0  # seconds between two looks at whether old epochs are free
_LOCK: Final = "3s"
"""How long another rotation may take to be noticed as dead: its connection ends with its last statement."""


@dataclass(slots=True)
class Rotated:
    """What was done, under the keys of ``--json``."""

    epoque: int = 0
    tournee: bool = False
    reprise: bool = False
    entiere: bool = False
    """No key had been wrapped under the epoch in force before this run: no copy made before it opens with today's."""
    cles_rechiffrees: int = 0
    epoques_detruites: list[int] = field(default_factory=list)


@contextmanager
def alone(conn: psycopg.Connection) -> Iterator[None]:
    """Be the only rotation.

    Raises:
        Refused: another one is at work.
    """
    conn.execute(f"set lock_timeout = '{_LOCK}'")
    try:
        conn.execute("select pg_advisory_lock(%s)", (LOCK_ROTATE,))
    except errors.LockNotAvailable as error:
        raise Refused("une autre rotation est en cours : bus vault status la montre") from error
    # Even where the server commits lazily: a file must not be gone before what replaces it is on disk.
    conn.execute("set synchronous_commit = on; reset lock_timeout")
    try:
        yield
    finally:
        if not conn.closed:
            conn.execute("select pg_advisory_unlock(%s)", (LOCK_ROTATE,))


def strike_out(conn: psycopg.Connection, pattern: str) -> list[str]:
    """Forget the places that exist no more, by name or shell pattern; gives their names.

    Raises:
        Refused: none has that name, or a role is running there.
    """
    found = [one for one in epochs.load(conn).holders if fnmatchcase(one.place, pattern)]
    if not found:
        raise Refused(f"aucun lieu ne s’appelle {pattern} : bus vault status les montre")
    if alive := [one.place for one in found if rules.running(one)]:
        raise Refused(f"un rôle tourne encore à : {' ; '.join(alive)}")
    for one in found:
        conn.execute("delete from vault.holder where role = %s and place = %s", (one.role, one.place))
    return [one.place for one in found]


class Rotation:
    """One run of ``bus vault rotate``; ``conn`` acts as ``bus_rotate`` and commits by itself."""

    def __init__(self, conn: psycopg.Connection, folders: Folders, telling: Telling) -> None:
        self._site = Site(conn, folders, KekRing.load(folders.ingest), telling)
        self._outcome = Rotated()

    def run(self, min_age: timedelta) -> Rotated:
        """Finish the rotation that was begun, then make one if the epoch in force has the age; gives what was done.

        A copy made while the unfinished rotation lay still may hold keys under its new epoch, of somebody erased
        since: only one more whole rotation takes that epoch's key away from it.

        Raises:
            Refused: a role does not show that it follows; nothing is lost, the next run goes on from there.
            Misconfigured: the folder is not the one that protects the vault.
        """
        with alone(self._site.conn):
            self._warn()
            recognise(self._site)
            sweep(self._site)
            known = self._known()
            self._outcome.reprise = rules.phase(known) is not Phase.IDLE
            if rules.switched(known):
                self._finish()
                known = self._known()
            if rules.phase(known) is not Phase.IDLE or rules.age(known, datetime.now(UTC)) >= min_age:
                self._whole(known)
            current = rules.in_force(self._known())
            self._outcome.epoque = current.epoch if current else 0
        return self._outcome

    def _known(self) -> Epochs:
        return epochs.load(self._site.conn)

    def _warn(self) -> None:
        for file in (file for folder in self._site.folders for file in kek_files.exposed(folder)):
            self._site.telling.say(f"attention : {file} se lit par tous les utilisateurs de la machine (chmod 0600)")

    def _whole(self, known: Epochs) -> None:
        if rules.phase(known) is Phase.IDLE:
            draw(self._site, known)
        self._finish()
        self._outcome.entiere = True

    def _finish(self) -> None:
        while (phase := rules.phase(known := self._known())) is not Phase.IDLE:
            match phase:
                case Phase.HANDING_OUT:
                    hand_out(self._site, known)
                case Phase.REWRAPPING:
                    self._rewrap(known)
                case Phase.DESTROYING:
                    self._outcome.epoques_detruites += destroy(self._site, known)
        self._outcome.tournee = True

    def _rewrap(self, known: Epochs) -> None:
        site, new = self._site, rules.target(known)
        deadline, pause = time.monotonic() + site.telling.patience, POLL
        while True:
            self._outcome.cles_rechiffrees += rewrap(site.conn, site.ring, new.epoch, site.telling.progress)
            failpoints.hit("rotate.before_retire")
            site.everywhere(new)
            wait_for_roles(site, new)
            if all(retire(site, one) for one in known.alive[:-1]):
                return
            if time.monotonic() > deadline:
                raise Refused(_BUSY)
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST)  # each turn counts every key


_BUSY: Final = (
    "une transaction tient encore une ancienne époque : cherchez-la dans pg_stat_activity, puis relancez ; "
    "rien n’est perdu, la rotation reprendra là"
)
