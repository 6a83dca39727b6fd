"""When a file of the watched folder is whole: nobody writes it, and it ends as its source's do or has held still."""

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from producers import registry
from producers.journal.source import Pause

HEAD: Final = 4096
_TAIL: Final = 256


class Patience(NamedTuple):
    """How long a file that nobody writes must hold still, in seconds, when its end does not tell that it is whole."""

    long: float = 10.0
    short: float = 3.0
    empty: float = 30.0

    def of(self, pause: Pause) -> float:
        """Give the seconds of a pause."""
        return self.short if pause is Pause.SHORT else self.long


def ends(path: Path, size: int) -> tuple[bytes, bytes]:
    """Give the first and the last bytes of a file."""
    with path.open("rb") as file:
        head = file.read(HEAD)
        file.seek(max(0, size - _TAIL))
        return head, file.read(_TAIL)


def patience_with(size: int, head: bytes, tail: bytes, name: str, patience: Patience) -> float:
    """Give how long a file must hold still before it counts as whole: 0 when it ends as its source's do."""
    if not size:
        return patience.empty
    source = registry.recognise(head, name)
    return 0 if source.ends(tail) else patience.of(source.pause)


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
