"""``bus ingest --watch``: complete files of a folder, sealed first, then taken in, each with a report beside it."""

import os
import stat
import threading
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import orjson
import psycopg

from bus import db
from bus.errors import BusError, InvalidEvent, Unavailable
from bus.settings import Settings
from bus.telemetry.logs import get_logger
from producers import measures
from producers.ingest import Ingest
from producers.journal import spool
from producers.journal.events import now
from producers.journal.observation import Source
from producers.journal.verdict import Report

SCAN_SECONDS: Final = 0.25
REPORT_SUFFIX: Final = ".rapport.json"
SETTLE_SECONDS: Final = 10.0
CSV_SECONDS: Final = 3.0
EMPTY_SECONDS: Final = 30.0
UPKEEP_SECONDS: Final = 3600.0
LOOK_SECONDS: Final = 15.0
_HEAD: Final = 4096
_TAIL: Final = 256
_NAME_BYTES: Final = 255  # what Linux file systems take
_PREFIX_BYTES: Final = 200
_log = get_logger()


class _Seen(NamedTuple):
    """What two scans must agree on for a file to be complete."""

    size: int
    mtime_ns: int


class Patience(NamedTuple):
    """How long a file that nobody writes must hold still, in seconds, when its end does not tell that it is whole."""

    other: float = SETTLE_SECONDS
    csv: float = CSV_SECONDS
    empty: float = EMPTY_SECONDS


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
        self._settings, self._folder = settings, folder
        self._patience, self._clock = patience, clock
        self._seen: dict[Path, _Seen] = {}
        self._since: dict[Path, float] = {}
        self._refused: dict[Path, _Seen] = {}
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
        self._refused.clear()
        with Ingest(self._settings) as ingestion:
            ingestion.purge()
            for copy in spool.pending(ingestion.desk.conn, ingestion.desk.ring, self._spool):
                try:
                    _remove_clear_twin(copy, self._folder)
                    self._judge(ingestion, copy)
                except (OSError, InvalidEvent) as error:
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
        """Give the files that are whole and that nobody writes, oldest first."""
        present = self._clock()
        seen = {path: state for path in self._folder.iterdir() if (state := _state(path)) is not None}
        stable = {path for path, state in seen.items() if self._seen.get(path) == state}
        self._since = {path: self._since.get(path, present) if path in stable else present for path in seen}
        self._seen = seen
        due = [path for path in stable if seen[path] != self._refused.get(path) and self._due(path, present)]
        free = set(due) - written(due)
        return sorted(free, key=lambda path: (seen[path].mtime_ns, path.name))

    def _due(self, path: Path, present: float) -> bool:
        """Tell whether a file ends as its kind does, or has held still for so long that nothing more will come."""
        size, still = self._seen[path].size, present - self._since[path]
        try:
            return still >= patience_with(size, *ends(path, size), path.name, self._patience)
        except OSError:
            return still >= self._patience.other  # sealing it will say what is wrong

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
        before = self._seen[path]
        try:
            copy = self._seal(ingestion, path)
            if copy is not None:
                self._judge(ingestion, copy)
        except OSError as error:
            self._refused[path] = before
            _log.warning("file left in place", file=spool.display_name(path), error=type(error).__name__)

    def _seal(self, ingestion: Ingest, path: Path) -> spool.Spooled | None:
        """Seal a file, then remove it; None when it changed meanwhile or cannot be read."""
        before = self._seen[path]
        try:
            source = guess(next(spool.read(path), b"")[:_HEAD], path.name)
            flux_id, key, where = spool.write_sealed(self._spool, spool.read(path))
        except Unavailable:
            self._refused[path] = before
            _log.warning("file unreadable", file=spool.display_name(path))
            return None
        if _state(path) != before or written([path]):
            where.unlink()
            return None
        name, folder = spool.display_name(path), _storable(path.parent.resolve())
        copy = spool.Spooled(flux_id, key, where, source, name, folder, now())
        with ingestion.desk.conn.transaction():
            spool.register(ingestion.desk.conn, ingestion.desk.ring, copy)
        path.unlink(missing_ok=True)
        self._seen.pop(path, None)
        return copy

    def _judge(self, ingestion: Ingest, copy: spool.Spooled) -> None:
        report = ingestion.spooled(copy)
        _write_report(Path(copy.folder or self._folder), report)
        ingestion.settle(copy)
        with ingestion.desk.conn.transaction():
            measures.show(ingestion.desk.conn)
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


def ends(path: Path, size: int) -> tuple[bytes, bytes]:
    """Give the first and the last bytes of a file."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
        file.seek(max(0, size - _TAIL))
        return head, file.read(_TAIL)


def patience_with(size: int, head: bytes, tail: bytes, name: str, patience: Patience) -> float:
    """Give how long a file must hold still before it counts as whole: 0 when it ends as its kind does."""
    if not size:
        return patience.empty
    if guess(head, name) is Source.CONTACT:
        return 0 if tail.endswith(b"\n") else patience.csv
    return 0 if b"</Racine>" in tail.replace(b"\0", b"") else patience.other  # UTF-16 has a zero beside each letter


def written(paths: Collection[Path]) -> set[Path]:
    """Give the files, among these, that some process holds open for writing.

    What /proc does not let us read (other users' processes) counts as not holding.
    """
    names = {path.name: path for path in paths}
    if not names:
        return set()
    return {names[held] for process in _entries(Path("/proc")) if process.isdigit() for held in _held(process, names)}


def _held(process: str, names: Mapping[str, Path]) -> set[str]:
    """Give the names, among these, of the files that a process writes."""
    folder = Path("/proc", process, "fd")
    return {
        name for fd in _entries(folder) if (name := _target(folder / fd)) in names and _writes(process, fd, names[name])
    }


def _entries(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 - a few thousand names: Path objects would cost more than the scan
    except OSError:
        return []


def _target(link: Path) -> str:
    """Give the name of an open file: a holder in another mount namespace shows another folder, but the same name."""
    try:
        return os.readlink(link).rpartition("/")[2]  # noqa: PTH115 - as above
    except OSError:
        return ""


def _writes(process: str, fd: str, path: Path) -> bool:
    """Tell whether a descriptor writes this very file, not one of the same name elsewhere."""
    try:
        lines = Path("/proc", process, "fdinfo", fd).read_text(encoding="ascii", errors="replace").splitlines()
        if not path.samefile(Path("/proc", process, "fd", fd)):
            return False
    except OSError:
        return False
    flags = next((line.split()[1] for line in lines if line.startswith("flags:")), "0")
    return int(flags, 8) & os.O_ACCMODE in (os.O_WRONLY, os.O_RDWR)


def report_name(report: Report) -> str:
    """Give the name of the file of a report: that of its file, shortened with the flux id when it would be too long."""
    name = f"{report.fichier}{REPORT_SUFFIX}"
    if len(name.encode()) <= _NAME_BYTES:
        return name
    prefix = report.fichier.encode()[:_PREFIX_BYTES].decode(errors="ignore")
    return f"{prefix}.{report.flux.removeprefix('sha256:')[:12]}{REPORT_SUFFIX}"


def _state(path: Path) -> _Seen | None:
    """Give the size and time of a file to take in; None for what is none: reports, drafts, hidden files, folders."""
    if path.name.startswith(".") or path.name.endswith((".part", REPORT_SUFFIX)):
        return None
    try:
        found = path.stat()
    except OSError:
        return None
    return _Seen(found.st_size, found.st_mtime_ns) if stat.S_ISREG(found.st_mode) else None


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


def _write_report(folder: Path, report: Report) -> None:
    draft = folder / f".{report.flux.removeprefix('sha256:')}.{os.getpid()}.part"
    draft.write_bytes(orjson.dumps(report.as_json(), option=orjson.OPT_INDENT_2) + b"\n")
    draft.replace(folder / report_name(report))
