"""The files of a watched folder: which have arrived whole, in what order."""

import stat
from pathlib import Path
from typing import NamedTuple

from producers.folder.completeness import Patience, ends, patience_with, written
from producers.folder.reports import REPORT_SUFFIX


class ArrivalMark(NamedTuple):
    """What two scans must agree on for a file to be complete."""

    size: int
    mtime_ns: int


class Arrivals:
    """What the scans of one folder have seen so far."""

    def __init__(self, folder: Path, patience: Patience) -> None:
        self._folder, self._patience = folder, patience
        self._seen: dict[Path, ArrivalMark] = {}
        self._since: dict[Path, float] = {}
        self._refused: dict[Path, ArrivalMark] = {}

    def complete(self, present: float) -> list[Path]:
        """Scan; gives the files that are whole and that nobody writes, oldest first. ``present`` never goes back."""
        seen = {path: mark for path in self._folder.iterdir() if (mark := mark_of(path)) is not None}
        stable = {path for path, mark in seen.items() if self._seen.get(path) == mark}
        self._since = {path: self._since.get(path, present) if path in stable else present for path in seen}
        self._seen = seen
        due = [path for path in stable if seen[path] != self._refused.get(path) and self._due(path, present)]
        free = set(due) - written(due)
        return sorted(free, key=lambda path: (seen[path].mtime_ns, path.name))

    def seen(self, path: Path) -> ArrivalMark:
        """Give a file as the last scan saw it."""
        return self._seen[path]

    def refuse(self, path: Path, mark: ArrivalMark) -> None:
        """Leave a file alone as long as it looks so, until ``retry``."""
        self._refused[path] = mark

    def retry(self) -> None:
        """Consider again the files that were left alone."""
        self._refused.clear()

    def taken(self, path: Path) -> None:
        """Forget a file that is no longer there."""
        self._seen.pop(path, None)

    def _due(self, path: Path, present: float) -> bool:
        """Tell whether a file ends as its kind does, or has held still for so long that nothing more will come."""
        size, still = self._seen[path].size, present - self._since[path]
        try:
            return still >= patience_with(size, *ends(path, size), path.name, self._patience)
        except OSError:
            return still >= self._patience.long  # sealing it will say what is wrong


def mark_of(path: Path) -> ArrivalMark | None:
    """Give the size and time of a file to take in; None for what is none: reports, drafts, hidden files, folders."""
    if path.name.startswith(".") or path.name.endswith((".part", REPORT_SUFFIX)):
        return None
    try:
        found = path.stat()
    except OSError:
        return None
    return ArrivalMark(found.st_size, found.st_mtime_ns) if stat.S_ISREG(found.st_mode) else None
