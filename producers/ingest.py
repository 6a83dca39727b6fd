"""The tools of an ingestion: files in, one at a time, each with its report."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

from bus import db
from bus.errors import Unavailable
from bus.sealing import KekRing
from bus.settings import Settings
from bus.vault.links import Pepper
from producers import measures, registry
from producers.journal import aside, earlier, spool, transaction
from producers.journal.events import now
from producers.journal.flux import Flux, Tools
from producers.journal.source import Reopen, Source
from producers.journal.staging import Staging
from producers.journal.verdict import Report, Verdict
from producers.taking import Progress, Taking


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
        self.tools = Tools(conn, ring, pepper, Staging(conn, ring), frozenset(settings.autorites))
        try:
            transaction.take_lock(conn, on_wait)
        except BaseException:
            conn.close()
            raise

    def __enter__(self) -> Self:
        """Give itself; the lock is already held."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection, which frees the lock."""
        self.tools.conn.close()

    def file(self, path: Path, source: Source) -> Report:
        """Take in a file where it lies; a sealed copy is kept when it is refused.

        Raises:
            Unavailable: the file cannot be read, or changed while it was read.
        """
        state = spool.state(path)
        flux = Flux(spool.identify(spool.read(path)), source, spool.display_name(path), now())
        return self._earlier(flux) or self._take(flux, source, lambda: _unchanged(path, state))

    def spooled(self, copy: spool.Spooled) -> Report:
        """Take in a file already sealed in the spool; one whose verdict was given before a crash gets it again.

        Raises:
            UnknownSource: this version does not read its source.
        """
        source = registry.source(copy.source)
        flux = Flux(copy.flux_id, source, copy.file_name, copy.received_at)
        return self._earlier(flux) or self._take(flux, source, copy.chunks)

    def register(self, copy: spool.Spooled) -> None:
        """Keep the key and the name of a sealed copy: from here on it has been received."""
        with transaction.upkeep(self.tools.conn):
            spool.register(self.tools.conn, self.tools.ring, copy)

    def settle(self, copy: spool.Spooled) -> None:
        """Destroy the copy of an accepted file, once its report is written; a refused one stays for 30 days."""
        with transaction.upkeep(self.tools.conn):
            spool.settle(self.tools.conn, self.folder, copy.flux_id)

    def purge(self) -> None:
        """Destroy what has been kept long enough: refused files, rows that waited in vain, records put aside."""
        with transaction.upkeep(self.tools.conn):
            spool.purge(self.tools.conn, self.folder, now())
            aside.purge_waiting(self.tools.conn)
            aside.purge(self.tools.conn)

    def show(self) -> None:
        """Show what the journal says in the metrics."""
        with transaction.upkeep(self.tools.conn):
            measures.show(self.tools.conn)

    def _earlier(self, flux: Flux) -> Report | None:
        report = earlier.earlier_report(self.tools.conn, flux)
        if report is not None and report.verdict is Verdict.DOUBLON:
            measures.repeated(report, earlier.records_of(self.tools.conn, flux.flux_id))
        transaction.forget_batch(self.tools)
        return report

    def _take(self, flux: Flux, source: Source, reopen: Reopen) -> Report:
        taking = Taking(self.tools, flux, source, reopen)
        return taking.run(self.folder, self._progress)


def _unchanged(path: Path, state: spool.FileMark) -> Iterator[bytes]:
    """Give the chunks of a file, and make sure at the end that they are those that were identified.

    Raises:
        Unavailable: the file has changed in between.
    """
    yield from spool.read(path)
    if spool.state(path) != state:
        raise Unavailable("le fichier a changé pendant sa lecture : présentez-le de nouveau")
