"""One flux through the doors of its source: read, staged batch by batch, judged."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from bus import failpoints
from producers import measures, registry
from producers.journal import decision, spool, transaction
from producers.journal.flux import Flux, Tools
from producers.journal.observation import FluxRejected, Motif
from producers.journal.source import Reopen, Source, Stager
from producers.journal.verdict import Report, judge

BATCH: Final = 1_000
MAX_BYTES: Final = 8 * 1024**3
Progress = Callable[[int], None]


class Taking:
    """One flux on its way, and how far its reading went, for the report of a refusal."""

    def __init__(self, tools: Tools, flux: Flux, source: Source, reopen: Reopen) -> None:
        self._tools, self._flux, self._source, self._reopen = tools, flux, source, reopen
        self._reader = source.read(lambda: _bounded(reopen()))
        self._stager: Stager | None = None
        self._whole = False

    def run(self, folder: Path, progress: Progress | None) -> Report:
        """Stage the file, then give its verdict; a sealed copy of a refused one is kept in ``folder``."""
        started, flux, reader = time.monotonic(), self._flux, self._reader
        with transaction.staging(self._tools):
            try:
                self._stage(progress)
                judge(flux.tally, self._source.kind_of(reader.header.said if reader.header else {}))
                report = decision.accept(self._tools, flux, reader.header, self._accepted)
            except FluxRejected as cause:
                transaction.forget_batch(self._tools)
                self._keep_copy(folder)
                report = decision.refuse(self._tools, flux, reader.header, cause, whole=self._whole)
        failpoints.hit("ingest.after_verdict")
        measures.judged(flux, report, time.monotonic() - started, self._source.dated(flux, reader.header))
        return report

    def _stage(self, progress: Progress | None) -> None:
        self._stage_records(progress)
        if self._stager is not None:
            self._stager.finish()
            for batch in self._stager.unsaid():
                self._stager.infer(batch)
                transaction.keep_batch(self._tools)
        self._whole = True
        for one in registry.SOURCES.values():
            one.retry(self._tools, self._flux)

    def _stage_records(self, progress: Progress | None) -> None:
        tally, reader = self._flux.tally, self._reader
        try:
            for batch in _batches(reader):
                if self._stager is None:
                    self._stager = self._source.stage(self._tools, self._flux, reader.header)
                self._stager.stage(batch)
                tally.read = reader.read
                transaction.keep_batch(self._tools)
                failpoints.hit("ingest.mid_file")
                if progress is not None:
                    progress(reader.read)
        finally:
            tally.read = reader.read
            tally.unknown_elements += reader.unknown

    def _accepted(self) -> None:
        if self._stager is not None:
            self._stager.accepted()

    def _keep_copy(self, folder: Path) -> None:
        """Seal a copy of a refused file, unless the spool already holds it."""
        flux, conn = self._flux, self._tools.conn
        if not spool.held(conn, flux.flux_id):
            flux_id, key, path = spool.write_sealed(folder, self._reopen())
            copy = spool.Spooled(flux_id, key, path, self._source.name, flux.file_name, None, flux.received_at)
            spool.register(conn, self._tools.ring, copy)


def _batches(records: Iterable[Any]) -> Iterator[Sequence[Any]]:
    batch: list[Any] = []
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
