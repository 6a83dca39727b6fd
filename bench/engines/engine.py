"""The engines compared: how each is started, where it writes, and whether its outputs must equal ours."""

import hashlib
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.engines import kstreams
from bench.engines.world import World
from bench.process import BUS
from bus import topics

ROOT: Final = Path(__file__).parents[2]
QUIX: Final = ROOT / ".venv-bench"


@dataclass(frozen=True, slots=True)
class Engine:
    """One engine; ``program`` gives the start of its command, None for ours, which is the `stream` role itself."""

    name: str
    program: Callable[[], list[str]] | None
    state: str
    mode: str | None = None
    """Another way of reading than the measure's."""
    whole: bool = True
    """It does the whole task: its outputs must be ours, byte for byte."""
    share: float = 1.0
    """How much of the input it is given time for."""

    @property
    def slug(self) -> str:
        """Give the name as it stands in topics."""
        return "".join(letter if letter.isalnum() else "-" for letter in self.name.lower())

    def topic(self, code: str) -> str:
        """Give the topic where it writes the events of an authority."""
        return topics.departement(code) if self.program is None else f"banc.{self.slug}.{code}"

    def log(self, world: World) -> Path:
        """Give the file of what its processes print."""
        return world.folder / f"{self.slug}.log"

    def said(self, world: World) -> str:
        """Give the end of what its processes printed."""
        return self.log(world).read_text(encoding="utf-8", errors="replace")[-2000:]

    def start(self, world: World, mode: str, linger_ms: int) -> subprocess.Popen[bytes]:
        """Start one process from nothing: no committed offset, no state."""
        folder = world.fresh_folder(self.slug)
        with self.log(world).open("ab") as log:
            return subprocess.Popen(
                self._command(world, folder, self.mode or mode, linger_ms),
                env=self._environment(world, folder),
                stdout=log,
                stderr=log,
                cwd=folder,
            )

    def _command(self, world: World, folder: Path, mode: str, linger_ms: int) -> list[str]:
        if self.program is None:
            return [*BUS, "stream"]
        app = f"banc-{self.slug}-{uuid.uuid4().hex[:8]}"
        return [
            *self.program(), world.bootstrap, topics.EVENEMENTS, f"banc.{self.slug}.",
            world.registry_url, str(folder), mode, app, str(linger_ms),
        ]  # fmt: skip

    def _environment(self, world: World, folder: Path) -> dict[str, str]:
        given = {"BUS_KAFKA_BOOTSTRAP": world.bootstrap, "BUS_REGISTRY_URL": world.registry_url}
        own = {"BUS_STATE_DIR": str(folder / "etat"), "BUS_DATA_DIR": str(folder), "PYTHONPATH": str(ROOT)}
        return {name: value for name, value in os.environ.items() if not name.startswith("BUS_")} | given | own


def stopped(process: subprocess.Popen[bytes]) -> None:
    """End an engine's process, whatever state it is in."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(5)
    process.kill()
    process.wait()


def python(module: str) -> Callable[[], list[str]]:
    """Give the command of an engine that runs in our own environment."""
    return lambda: [sys.executable, "-m", f"bench.engines.{module}"]


def quix() -> list[str]:
    """Give the command of Quix Streams; the first call makes its environment from the locked list."""
    locked = ROOT / "requirements" / "bench.txt"
    stamp, digest = QUIX / ".ready", hashlib.sha256(locked.read_bytes()).hexdigest()
    if not stamp.is_file() or stamp.read_text(encoding="ascii") != digest:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(QUIX)], check=True)
        pip = [str(QUIX / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--require-hashes", "-r", str(locked)], check=True)
        stamp.write_text(digest, encoding="ascii")
    return [str(QUIX / "bin" / "python"), "-W", "ignore", "-m", "bench.engines.quix"]


OURS: Final = Engine("bus stream", None, "RocksDB + changelog")
ENGINES: Final[Mapping[str, Engine]] = {
    one.slug: one
    for one in (
        OURS,
        Engine("Kafka Streams", kstreams.command, "RocksDB + changelog"),
        Engine("Kafka Streams, decoding", kstreams.command, "RocksDB + changelog", mode="full"),
        Engine("Quix Streams", quix, "RocksDB + changelog"),
        Engine("loop, dict", python("loop"), "in memory, lost with the process"),
        Engine("loop, no state", python("loop"), "none: cannot do the task", mode="none", whole=False),
        Engine("Faust as it comes", python("stock"), "RocksDB + changelog", share=0.1),
    )
}
