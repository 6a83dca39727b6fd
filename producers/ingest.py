"""One file from its bytes to its verdict."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, Self, TypeVar

import psycopg

from bus import db, failpoints
from bus.errors import Unavailable
from bus.sealing import KekRing
from bus.settings import Settings
from bus.vault.links import Pepper
from producers import measures
from producers.caisse.absences import Absences
from producers.caisse.dossiers import DossierStager
from producers.caisse.vrsb import VrsbReader
from producers.contact import stager as contacts
from producers.contact.reader import ContactReader
from producers.journal import aside, decision, places, spool
from producers.journal.events import now
from producers.journal.flux import Flux, Tools
from producers.journal.lookups import Scope
from producers.journal.observation import FluxRejected, Header, Motif, Source
from producers.journal.staging import Staging
from producers.journal.verdict import Report, Verdict, judge

BATCH: Final = 1_000
MAX_BYTES: Final = 8 * 1024**3
Reopen = Callable[[], Iterable[bytes]]
Progress = Callable[[int], None]
T = TypeVar("T")


@dataclass(slots=True)
class _Reading:
    """How far the reading of a file went, for the report of a refusal."""

    header: Header | None = None
    scopes: list[Scope] = field(default_factory=list)
    whole: bool = False


class Ingest:
    """Takes files in, one at a time in the whole journal.

    Use as a context manager: it opens the connection and holds ``LOCK_INGEST`` while it is open.
    """

    def __init__(
        self, settings: Settings, *, on_wait: Callable[[], None] | None = None, progress: Progress | None = None
    ) -> None:
        ring, pepper = KekRing.load(settings.secrets_dir), Pepper.load(settings.secrets_dir)
        self.folder = settings.data_dir / "spool"
        self._progress = progress
        conn = db.connect(settings, "bus_ingest")
        self.desk = Tools(conn, ring, pepper, Staging(conn, ring), frozenset(settings.autorites))
        try:
            _take_lock(conn, on_wait)
        except BaseException:
            conn.close()
            raise

    def __enter__(self) -> Self:
        """Give itself; the lock is already held."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection, which frees the lock."""
        self.desk.conn.close()

    def file(self, path: Path, source: Source) -> Report:
        """Take in a file where it lies; a sealed copy is kept when it is refused.

        Raises:
            Unavailable: the file cannot be read, or changed while it was read.
        """
        state = spool.state(path)
        flux = Flux(spool.identify(spool.read(path)), source, spool.display_name(path), now())
        return self._earlier(flux) or self._take(flux, lambda: _unchanged(path, state))

    def spooled(self, copy: spool.Spooled) -> Report:
        """Take in a file already sealed in the spool; one whose verdict was given before a crash gets it again."""
        flux = Flux(copy.flux_id, copy.source, copy.file_name, copy.received_at)
        return self._earlier(flux) or self._take(flux, copy.chunks)

    def settle(self, copy: spool.Spooled) -> None:
        """Destroy the copy of an accepted file, once its report is written; a refused one stays for 30 days."""
        with self.desk.conn.transaction():
            spool.settle(self.desk.conn, self.folder, copy.flux_id)

    def purge(self) -> None:
        """Destroy what has been kept long enough: refused files, rows that waited in vain, records put aside."""
        with self.desk.conn.transaction():
            spool.purge(self.desk.conn, self.folder, now())
            self.desk.conn.execute(
                "with gone as (delete from journal.waiting where expires_at < now() returning key_id)"
                " delete from vault.owned_key using gone where owned_key.key_id = gone.key_id"
            )
            aside.purge(self.desk.conn)

    def _earlier(self, flux: Flux) -> Report | None:
        report = decision.earlier_report(self.desk.conn, flux)
        if report is not None and report.verdict is Verdict.DOUBLON:
            measures.repeated(report, decision.records_of(self.desk.conn, flux.flux_id))
        self.desk.conn.rollback()
        return report

    def _take(self, flux: Flux, reopen: Reopen) -> Report:
        conn, reading, started = self.desk.conn, _Reading(), time.monotonic()
        with _staging_session(self.desk):
            try:
                self._stage(flux, reopen, reading)
                judge(flux.tally, flux.source, reading.header)
                report = decision.accept(self.desk, flux, reading.header, reading.scopes)
            except FluxRejected as cause:
                conn.rollback()
                self._keep(flux, reopen)
                report = decision.refuse(self.desk, flux, reading.header, cause, whole=reading.whole)
        failpoints.hit("ingest.after_verdict")
        measures.judged(flux, report, time.monotonic() - started, _dated(flux, reading.header))
        return report

    def _stage(self, flux: Flux, reopen: Reopen, reading: _Reading) -> None:
        reader = VrsbReader(_bounded(reopen())) if flux.source is Source.CNAF else None
        if reader is None:
            self._stage_contacts(flux, reopen)
        else:
            self._stage_dossiers(flux, reader, reading)
        reading.whole = True
        contacts.retry_waiting(self.desk, flux)

    def _stage_dossiers(self, flux: Flux, reader: VrsbReader, reading: _Reading) -> None:
        stager: DossierStager | None = None
        try:
            for batch in _batches(reader):
                reading.header = reader.header
                assert reader.header is not None  # noqa: S101 - the reader gives no record before its header
                stager = stager or DossierStager(self.desk, flux, reader.header)
                stager.stage(batch)
                self._staged(flux, reader.read)
        finally:
            reading.header = reader.header
            flux.tally.read = reader.read
            flux.tally.unknown_elements += reader.unknown
        if stager is None or reader.header is None:
            return
        reading.scopes = list(stager.scopes.values())
        flux.tally.no_reference = reader.header.typeflux == "I" and any(
            scope.monthly_at is None for scope in reading.scopes
        )
        for _ in Absences(self.desk, flux, reader.header, stager).stage():
            self.desk.conn.commit()

    def _stage_contacts(self, flux: Flux, reopen: Reopen) -> None:
        reader = ContactReader(lambda: _bounded(reopen()))
        stager = contacts.ContactStager(self.desk, flux)
        try:
            for batch in _batches(reader):
                stager.stage(batch)
                self._staged(flux, reader.read)
        finally:
            flux.tally.read = reader.read

    def _staged(self, flux: Flux, read: int) -> None:
        flux.tally.read = read
        self.desk.conn.commit()
        failpoints.hit("ingest.mid_file")
        if self._progress is not None:
            self._progress(read)

    def _keep(self, flux: Flux, reopen: Reopen) -> None:
        """Seal a copy of a refused file, unless the spool already holds it."""
        held = self.desk.conn.execute("select from journal.spool where flux_id = %s", (flux.flux_id,)).fetchone()
        if held is None:
            flux_id, key, path = spool.write_sealed(self.folder, reopen())
            copy = spool.Spooled(flux_id, key, path, flux.source, flux.file_name, None, flux.received_at)
            spool.register(self.desk.conn, self.desk.ring, copy)


@contextmanager
def _staging_session(desk: Tools) -> Iterator[None]:
    """Empty the staging tables, and make look-ups use the indexes that the planner distrusts on young tables."""
    desk.staging.clear()
    desk.conn.execute("set enable_seqscan = off")
    desk.conn.commit()
    try:
        yield
    finally:
        if not desk.conn.closed:
            desk.conn.rollback()
            desk.conn.execute("reset enable_seqscan")
            desk.conn.commit()


def _take_lock(conn: psycopg.Connection, on_wait: Callable[[], None] | None) -> None:
    row = conn.execute("select pg_try_advisory_lock(%s)", (db.LOCK_INGEST,)).fetchone()
    if row is None or not row[0]:
        if on_wait is not None:
            on_wait()
        conn.execute("select pg_advisory_lock(%s)", (db.LOCK_INGEST,))
    conn.commit()


def _batches(records: Iterable[T]) -> Iterator[Sequence[T]]:
    batch: list[T] = []
    try:
        for record in records:
            batch.append(record)
            if len(batch) == BATCH:
                yield batch
                batch = []
    except FluxRejected:
        if batch:  # what was read says which authority and caisse the refusal is about
            yield batch
        raise
    if batch:
        yield batch


def _bounded(chunks: Iterable[bytes]) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > MAX_BYTES:
            raise FluxRejected(Motif.TAILLE, "le fichier dépasse la taille permise")
        yield chunk


def _unchanged(path: Path, state: spool.FileMark) -> Iterator[bytes]:
    """Give the chunks of a file, and make sure at the end that they are those that were identified.

    Raises:
        Unavailable: the file has changed in between.
    """
    yield from spool.read(path)
    if spool.state(path) != state:
        raise Unavailable("le fichier a changé pendant sa lecture : présentez-le de nouveau")


def _dated(flux: Flux, header: Header | None) -> datetime | None:
    """Give the instant that a file bears: its header's, or midnight in Paris of the day in a contact file's name."""
    if header is not None:
        return places.instant(header.at, flux.tally.authority or "")
    day = contacts.named_date(flux.file_name) if flux.source is Source.CONTACT else None
    return places.instant(datetime.combine(day, datetime.min.time()), "") if day else None
