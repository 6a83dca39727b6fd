"""``bus ingest --watch``: complete files of a folder, sealed first, then taken in, each with a report beside it."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import psycopg

from bus import db
from bus.errors import BusError, InvalidEvent, Unavailable
from bus.settings import Settings
from bus.telemetry.logs import get_logger
from producers import measures, registry
from producers.folder.arrivals import Arrivals, mark_of
from producers.folder.completeness import HEAD, Patience, written
from producers.folder.reports import write_report
from producers.ingest import Ingest
from producers.journal import spool
from producers.journal.events import now

SCAN_SECONDS: Final = 0.25
UPKEEP_SECONDS: Final = 3600.0
LOOK_SECONDS: Final = 15.0
_log = get_logger()


class Watch:
    """The ingest role: scans a folder until it is stopped.

    ``clock`` gives seconds that never go back: the patience with unfinished files and the hourly upkeep follow it.
    """

    def __init__(
        self,
        settings: Settings,
        folder: Path,
        *,
        patience: Patience = Patience(),  # noqa: B008 - immutable
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings, self._folder, self._clock = settings, folder, clock
        self._arrivals = Arrivals(folder, patience)
        self._spool = settings.data_dir / "spool"
        self._upkeep_at = self._look_at = clock()
        self._scanned = False

    def ready(self) -> bool:
        """Tell whether the folder has been scanned: what a crash left is taken in by then."""
        return self._scanned

    def run(self, stopped: threading.Event) -> None:
        """Take files in as they arrive. A file that cannot be taken in for want of the database ends the role."""
        self._folder.mkdir(parents=True, exist_ok=True)
        while not stopped.is_set():
            if self._clock() >= self._upkeep_at:
                self._upkeep()
            self._take(self._complete(), stopped)
            self._look()
            self._scanned = True
            stopped.wait(SCAN_SECONDS)

    def _upkeep(self) -> None:
        """At start, then hourly: purge, and finish what a crash or a full disk interrupted."""
        self._upkeep_at = self._clock() + UPKEEP_SECONDS
        self._arrivals.retry()
        with Ingest(self._settings) as ingestion:
            ingestion.purge()
            for copy in spool.pending(ingestion.tools.conn, ingestion.tools.ring, self._spool):
                try:
                    _remove_clear_twin(copy, self._folder)
                    self._judge(ingestion, copy)
                except (OSError, InvalidEvent, registry.UnknownSource) as error:
                    _log.warning("sealed copy left waiting", flux=copy.flux_id, error=type(error).__name__)

    def _look(self) -> None:
        """Show what the journal says now and then; a database that is away for a while leaves the last look."""
        if self._clock() < self._look_at:
            return
        self._look_at = self._clock() + LOOK_SECONDS
        try:
            with db.connect(self._settings, "bus_ingest") as conn:
                measures.show(conn)
        except (BusError, psycopg.Error) as error:
            _log.warning("journal not measured", error=type(error).__name__)

    def _complete(self) -> list[Path]:
        return self._arrivals.complete(self._clock())

    def _take(self, files: list[Path], stopped: threading.Event) -> None:
        if not files:
            return
        with Ingest(self._settings) as ingestion:
            for path in files:
                if stopped.is_set():
                    return
                self._take_one(ingestion, path)

    def _take_one(self, ingestion: Ingest, path: Path) -> None:
        """Take a file in; one that the disk or its name makes impossible is left to the next upkeep."""
        before = self._arrivals.seen(path)
        try:
            copy = self._seal(ingestion, path)
            if copy is not None:
                self._judge(ingestion, copy)
        except OSError as error:
            self._arrivals.refuse(path, before)
            _log.warning("file left in place", file=spool.display_name(path), error=type(error).__name__)

    def _seal(self, ingestion: Ingest, path: Path) -> spool.Spooled | None:
        """Seal a file, then remove it; None when it changed meanwhile or cannot be read."""
        before = self._arrivals.seen(path)
        try:
            source = registry.recognise(next(spool.read(path), b"")[:HEAD], path.name)
            flux_id, key, where = spool.write_sealed(self._spool, spool.read(path))
        except Unavailable:
            self._arrivals.refuse(path, before)
            _log.warning("file unreadable", file=spool.display_name(path))
            return None
        if mark_of(path) != before or written([path]):
            where.unlink()
            return None
        name, folder = spool.display_name(path), _storable(path.parent.resolve())
        copy = spool.Spooled(flux_id, key, where, source.name, name, folder, now())
        ingestion.register(copy)
        path.unlink(missing_ok=True)
        self._arrivals.taken(path)
        return copy

    def _judge(self, ingestion: Ingest, copy: spool.Spooled) -> None:
        report = ingestion.spooled(copy)
        write_report(Path(copy.folder or self._folder), report)
        ingestion.settle(copy)
        ingestion.show()
        _log.info(
            "flux decided", flux=copy.flux_id, source=copy.source, verdict=report.verdict.value, read=report.lus,
            motif=report.motif.value if report.motif else None,
        )  # fmt: skip


def _storable(folder: Path) -> str | None:
    """Give a folder as text for the database; None when its name is not UTF-8: the watched folder stands for it."""
    try:
        os.fsencode(folder).decode()
    except UnicodeDecodeError:
        return None
    return str(folder)


def _remove_clear_twin(copy: spool.Spooled, watched: Path) -> None:
    """Remove the clear file that a crash left after it was sealed: read again, it would be a duplicate of itself."""
    folder = Path(copy.folder) if copy.folder is not None else watched
    for path in folder.iterdir() if folder.is_dir() else ():
        same = spool.display_name(path) == copy.file_name and path.is_file()
        if same and spool.identify(spool.read(path)) == copy.flux_id:
            path.unlink()
