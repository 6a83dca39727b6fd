"""Rotating the key-encryption key: hand out a new epoch, wrap every key under it, destroy the old one.

Nothing stops meanwhile, and a kill at any moment loses no key: where a rotation is lies in the vault
(``rotation_rules.phase``), each step may be done twice, and an epoch goes only when the database has shown, under its
own constraints, that nothing is wrapped under it (docs/adr, "Key epochs").
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

import psycopg
from psycopg import errors

from bus.db import LOCK_ROTATE
from bus.errors import Refused
from bus.failpoints import hit
from bus.sealing import KekRing
from bus.vault import epochs, kek_files
from bus.vault import rotation_rules as rules
from bus.vault.epochs import Epoch, Epochs, Retired
from bus.vault.holding import mark_of, place_of
from bus.vault.rewrapping import TABLES, Progress, rewrap
from bus.vault.rotation_rules import Phase

_POLL: Final = 0.5  # seconds
_LONGEST: Final = 10.0  # seconds between two looks at whether old epochs are free
_LOCK: Final = "3s"
"""How long another rotation may take to be noticed as dead: its connection ends with its last statement."""


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
    progress: Progress
    patience: float


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
        self._conn, self._folders, self._telling = conn, folders, telling
        self._ring = KekRing.load(folders.ingest)
        self._outcome = Rotated()

    def run(self, min_age: timedelta) -> Rotated:
        """Finish the rotation that was begun, then make one if the epoch in force has the age; gives what was done.

        A copy made while the unfinished rotation lay still may hold keys under its new epoch, of somebody erased
        since: only one more whole rotation takes that epoch's key away from it.

        Raises:
            Refused: a role does not show that it follows; nothing is lost, the next run goes on from there.
            Misconfigured: the folder is not the one that protects the vault.
        """
        with alone(self._conn):
            self._warn()
            self._recognise()
            self._sweep()
            known = epochs.load(self._conn)
            self._outcome.reprise = rules.phase(known) is not Phase.IDLE
            if rules.switched(known):
                self._finish()
                known = epochs.load(self._conn)
            if rules.phase(known) is not Phase.IDLE or rules.age(known, datetime.now(UTC)) >= min_age:
                self._whole(known)
            current = rules.in_force(epochs.load(self._conn))
            self._outcome.epoque = current.epoch if current else 0
        return self._outcome

    def _whole(self, known: Epochs) -> None:
        if rules.phase(known) is Phase.IDLE:
            self._draw(known)
        self._finish()
        self._outcome.entiere = True

    def _finish(self) -> None:
        steps = {
            Phase.HANDING_OUT: self._hand_out,
            Phase.REWRAPPING: self._rewrap,
            Phase.DESTROYING: self._destroy,
        }
        while (step := steps.get(rules.phase(known := epochs.load(self._conn)))) is not None:
            step(known)
        self._outcome.tournee = True

    # --- before ---------------------------------------------------------------------------------------------------

    def _warn(self) -> None:
        for file in (file for folder in self._folders for file in kek_files.exposed(folder)):
            self._telling.say(f"attention : {file} se lit par tous les utilisateurs de la machine (chmod 0600)")

    def _recognise(self) -> None:
        """Make sure that the folder is this vault's, by what it must open; note who is who.

        An epoch that nothing was ever wrapped under may be missing: it will go with the others.
        """
        for one in epochs.load(self._conn).alive:
            if not self._ring.holds(one.epoch) and not self._sample(one.epoch):
                continue
            mark = self._ring.fingerprint(one.epoch)
            for key_id, wrapped in self._sample(one.epoch):
                self._ring.unwrap(key_id, one.epoch, bytes(wrapped))
            if one.fingerprint not in (None, mark) and one.in_force_at is not None:
                raise epochs.foreign(one.epoch)
            if one.fingerprint is None:
                self._conn.execute(_KNOWN, (mark, one.epoch))

    def _sample(self, epoch: int) -> list[tuple[str, bytes]]:
        query = " union all ".join(
            f"(select key_id, wrapped from {schema}.{table} where epoch = %(epoch)s limit 1)"  # noqa: S608 - our names
            for schema, table in TABLES
        )
        return self._conn.execute(query.encode(), {"epoch": epoch}).fetchall()

    def _sweep(self) -> None:
        """Destroy again what came back, from a backup of a folder or a copy made in the same instant."""
        for one in epochs.load(self._conn).retired:
            for folder in self._folders:
                kek_files.destroy(folder, one.epoch, one.fingerprint)

    # --- hand out -------------------------------------------------------------------------------------------------

    def _draw(self, known: Epochs) -> None:
        """Draw the key of a new epoch; its file comes first, so that an epoch in the vault always has one."""
        number = rules.next_epoch(known)
        kek_files.draw(kek_files.path_of(self._folders.ingest, number))
        hit("rotate.after_draw")
        self._conn.execute(
            "insert into vault.epoch (epoch, fingerprint) values (%s, %s)", (number, self._ring.fingerprint(number))
        )
        self._telling.say(f"époque {number} : clé tirée")
        hit("rotate.after_declare")

    def _hand_out(self, known: Epochs) -> None:
        new = rules.target(known)
        if not kek_files.matches(self._folders.ingest, new.epoch, new.fingerprint):
            # Lost, or replaced, before anything was wrapped under it: another one is drawn. A role may hold this one
            # still: its number is retired with it, so that no two keys ever have the same.
            self._retire(new)
            self._draw(epochs.load(self._conn))
            return
        if self._folders.deliver is not None:
            for one in known.alive:
                kek_files.hand_out(self._folders.ingest, self._folders.deliver, one.epoch, one.fingerprint)
        self._everywhere(new)
        hit("rotate.after_hand_out")
        self._wait_for_roles(new)
        self._conn.execute("update vault.epoch set in_force_at = now() where epoch = %s", (new.epoch,))
        self._telling.say(f"époque {new.epoch} : en vigueur, les nouvelles clés en dépendent")
        hit("rotate.after_switch")

    def _everywhere(self, new: Epoch) -> None:
        for folder in self._folders:
            if not kek_files.matches(folder, new.epoch, new.fingerprint):
                raise Refused(f"{folder} tient une autre clé de l’époque {new.epoch} : retirez-la, puis relancez")

    def _wait_for_roles(self, new: Epoch) -> None:
        def missing() -> str:
            lack = rules.lacking(epochs.load(self._conn), new, self._folders.roles)
            return rules.told(lack, new.epoch) if lack else ""

        advice = f"copiez kek.{new.epoch} dans son dossier de secrets (mode 0600), ou démarrez-le, puis relancez"
        self._wait(missing, advice)

    def _wait(self, missing: Callable[[], str], advice: str) -> None:
        """Wait until nothing is missing; what is, is said when it changes."""
        deadline, said = time.monotonic() + self._telling.patience, ""
        while reason := missing():
            if time.monotonic() > deadline:
                raise Refused(f"{reason} — {advice} ; rien n’est perdu, la rotation reprendra là")
            if reason != said:
                self._telling.say(f"attente : {reason}")
                said = reason
            time.sleep(_POLL)

    # --- wrap anew, retire ----------------------------------------------------------------------------------------

    def _rewrap(self, known: Epochs) -> None:
        new = rules.target(known)
        deadline, pause = time.monotonic() + self._telling.patience, _POLL
        while True:
            self._outcome.cles_rechiffrees += rewrap(self._conn, self._ring, new.epoch, self._telling.progress)
            hit("rotate.before_retire")
            self._everywhere(new)
            self._wait_for_roles(new)
            if all(self._retire(one) for one in known.alive[:-1]):
                return
            if time.monotonic() > deadline:
                raise Refused(_BUSY)
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST)  # each turn counts every key

    def _retire(self, old: Epoch) -> bool:
        """Take an epoch out of the vault, unless anything is, or is just being, wrapped under it.

        The deletion waits for every transaction that holds the epoch, then the foreign keys look at all that is
        committed: no writer and no row escapes.
        """
        try:
            with self._conn.transaction():
                self._conn.execute("set local lock_timeout = '2s'")
                self._conn.execute(_TO_RETIRED, (self._mark(old), old.epoch))
                self._conn.execute("delete from vault.epoch where epoch = %s", (old.epoch,))
                hit("rotate.mid_retire")
        except errors.ForeignKeyViolation:
            return False
        except errors.LockNotAvailable:
            self._telling.say(f"attente : une transaction tient encore l’époque {old.epoch}")
            return False
        self._telling.say(f"époque {old.epoch} : plus aucune clé n’en dépend")
        hit("rotate.after_retire")
        return True

    def _mark(self, one: Epoch) -> bytes | None:
        return self._ring.fingerprint(one.epoch) if self._ring.holds(one.epoch) else None

    # --- destroy --------------------------------------------------------------------------------------------------

    def _destroy(self, known: Epochs) -> None:
        doomed = [one for one in known.retired if one.destroyed_at is None]
        for one in doomed:
            for folder in self._folders:
                kek_files.destroy(folder, one.epoch, one.fingerprint)
                hit("rotate.mid_destroy")
        self._wait(self._kept, _KEPT)
        for one in doomed:
            self._record(one)

    def _kept(self) -> str:
        retired = epochs.load(self._conn).retired
        for folder in self._folders:
            if not any(one.fingerprint and kek_files.remains(folder, one.epoch, one.fingerprint) for one in retired):
                self._conn.execute(_SEEN_GONE, (mark_of(place_of(folder)),))
        holders = rules.still_holding(epochs.load(self._conn))
        return rules.kept(holders) if holders else ""

    def _record(self, one: Retired) -> None:
        self._conn.execute(
            "update vault.epoch_retired set destroyed_at = now() where epoch = %s and destroyed_at is null",
            (one.epoch,),
        )
        self._outcome.epoques_detruites.append(one.epoch)
        self._telling.say(f"époque {one.epoch} : détruite")
        hit("rotate.after_destroy")


_BUSY: Final = (
    "une transaction tient encore une ancienne époque : cherchez-la dans pg_stat_activity, puis relancez ; "
    "rien n’est perdu, la rotation reprendra là"
)
_KEPT: Final = (
    "démarrez ce rôle, qui détruit le fichier, ou détruisez-le dans son dossier ; si le lieu n’existe plus, "
    "bus vault oublier LIEU ; puis relancez"
)
# A role that does not run cannot say that its folder, seen by this run, is clean.
_SEEN_GONE: Final = """
delete from vault.holder h using vault.epoch_retired r
 where h.epoch = r.epoch and h.fingerprint = r.fingerprint and right(h.place, 9) = %s
"""
# A file whose first key is making it known holds the row: it is not waited for.
_KNOWN: Final = """
update vault.epoch set fingerprint = %s
 where epoch in (select epoch from vault.epoch where epoch = %s and fingerprint is null for no key update skip locked)
"""
_TO_RETIRED: Final = """
insert into vault.epoch_retired (epoch, fingerprint, created_at, in_force_at)
select epoch, coalesce(fingerprint, %s), created_at, in_force_at from vault.epoch where epoch = %s
on conflict (epoch) do update set destroyed_at = null
"""
