"""``bus ingest --watch``: complete files of a folder, sealed first, then taken in, each with a report beside it."""

import os
import threading
from pathlib import Path
from typing import Final, NamedTuple

import orjson

from bus.errors import Unavailable
from bus.settings import Settings
from bus.telemetry import get_logger
from producers import spool
from producers.events import now
from producers.ingest import Ingest
from producers.observation import Source
from producers.verdict import Report

SCAN_SECONDS: Final = 0.25
REPORT_SUFFIX: Final = ".rapport.json"
_HEAD: Final = 4096
_log = get_logger()


class _Seen(NamedTuple):
    """What two scans must agree on for a file to be complete."""

    size: int
    mtime_ns: int


class Watch:
    """The ingest role: scans a folder until it is stopped."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._settings, self._folder = settings, folder
        self._seen: dict[Path, _Seen] = {}
        self._refused: dict[Path, _Seen] = {}
        self._spool = settings.data_dir / "spool"
        self._scanned = False

    def ready(self) -> bool:
        """Tell whether the folder has been scanned: what a crash left is taken in by then."""
        return self._scanned

    def run(self, stopped: threading.Event) -> None:
        """Take files in as they arrive. A file that cannot be taken in for want of the database ends the role."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._resume()
        while not stopped.is_set():
            self._take(self._complete(), stopped)
            self._scanned = True
            stopped.wait(SCAN_SECONDS)

    def _resume(self) -> None:
        """Finish what a crash interrupted: sealed copies without a report."""
        with Ingest(self._settings) as ingestion:
            ingestion.purge()
            for copy in spool.pending(ingestion.desk.conn, ingestion.desk.ring, self._spool):
                _remove_clear_twin(copy)
                self._judge(ingestion, copy)

    def _complete(self) -> list[Path]:
        """Give the files that have not changed since the last scan, oldest first."""
        seen = {path: stat for path in self._folder.iterdir() if (stat := _state(path)) is not None}
        stable = [path for path, stat in seen.items() if self._seen.get(path) == stat != self._refused.get(path)]
        self._seen = seen
        return sorted(stable, key=lambda path: (seen[path].mtime_ns, path.name))

    def _take(self, files: list[Path], stopped: threading.Event) -> None:
        if not files:
            return
        with Ingest(self._settings) as ingestion:
            for path in files:
                if stopped.is_set():
                    return
                copy = self._seal(ingestion, path)
                if copy is not None:
                    self._judge(ingestion, copy)

    def _seal(self, ingestion: Ingest, path: Path) -> spool.Spooled | None:
        """Seal a file, then remove it; None when it changed meanwhile or cannot be read."""
        before = self._seen[path]
        try:
            source = guess(next(spool.read(path), b"")[:_HEAD], path.name)
            flux_id, key, where = spool.write_sealed(self._spool, spool.read(path))
        except Unavailable:
            self._refused[path] = before
            _log.warning("file unreadable", file=path.name)
            return None
        if _state(path) != before:
            where.unlink()
            return None
        copy = spool.Spooled(flux_id, key, where, source, path.name, str(path.parent.resolve()), now())
        with ingestion.desk.conn.transaction():
            spool.register(ingestion.desk.conn, ingestion.desk.ring, copy)
        path.unlink(missing_ok=True)
        self._seen.pop(path, None)
        return copy

    def _judge(self, ingestion: Ingest, copy: spool.Spooled) -> None:
        report = ingestion.spooled(copy)
        _write_report(Path(copy.folder or self._folder), report)
        ingestion.settle(copy)
        _log.info(
            "flux decided", flux=copy.flux_id, source=copy.source.value, verdict=report.verdict.value, read=report.lus,
            motif=report.motif.value if report.motif else None,
        )  # fmt: skip


def guess(head: bytes, name: str) -> Source:
    """Give the source of a file by its first bytes: XML is the caisses', the rest is a contact file."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text:
        return Source.CONTACT if name.lower().endswith(".csv") else Source.CNAF
    utf16 = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    return Source.CNAF if utf16 or text.startswith(b"<") else Source.CONTACT


def _state(path: Path) -> _Seen | None:
    """Give the size and time of a file to take in; None for what is none: reports, drafts, hidden files, folders."""
    if path.name.startswith(".") or path.name.endswith((".part", REPORT_SUFFIX)):
        return None
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return _Seen(stat.st_size, stat.st_mtime_ns) if path.is_file() else None


def _remove_clear_twin(copy: spool.Spooled) -> None:
    """Remove the clear file that a crash left after it was sealed: read again, it would be a duplicate of itself."""
    if copy.folder is None:
        return
    path = Path(copy.folder) / copy.file_name
    if path.is_file() and spool.identify(spool.read(path)) == copy.flux_id:
        path.unlink()


def _write_report(folder: Path, report: Report) -> None:
    draft = folder / f".{report.fichier}.{os.getpid()}.part"
    draft.write_bytes(orjson.dumps(report.as_json(), option=orjson.OPT_INDENT_2) + b"\n")
    draft.replace(folder / f"{report.fichier}{REPORT_SUFFIX}")
