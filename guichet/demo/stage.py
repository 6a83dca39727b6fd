"""What the demonstration sets up: a world, the platform with every role, one real receiver per authority."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson

from bus.errors import Unavailable
from bus.platform.ports import free_port
from bus.platform.process import Child, Program
from guichet.demo.subscriber import secret_file, subscription

AUTHORITIES: Final = ("52", "69M", "69D")
PATIENCE: Final = 240.0  # seconds without any news before the demonstration gives up


@dataclass
class Scene:
    """One data folder, the platform on it, the receivers beside it."""

    data: Path
    artifacts: Path
    receivers: dict[str, Child] = field(default_factory=dict)
    urls: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """What every command of the demonstration is told."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("BUS_")}
        return kept | {"BUS_DATA_DIR": str(self.data), "BUS_ARTIFACTS_DIR": str(self.artifacts)}

    def bus(self, *args: str, quiet: bool = True) -> bytes:
        """Run one ``bus`` command and give what it printed.

        Raises:
            Unavailable: it failed; its own words are repeated.
        """
        done = subprocess.run(
            [sys.executable, "-m", "guichet", *args],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if quiet else None,
            check=False,
        )
        if done.returncode:
            words = (done.stderr or b"").decode(errors="replace").strip()
            raise Unavailable(f"bus {' '.join(args[:2])} a échoué ({done.returncode}) {words[-600:]}")
        return done.stdout

    def status(self) -> Mapping[str, Any]:
        """What ``bus dev status`` says."""
        found: Mapping[str, Any] = orjson.loads(self.bus("dev", "status", "--json"))
        return found

    def clear(self) -> None:
        """Remove what an earlier demonstration has left; the folder is the demonstration's own."""
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(parents=True)

    def listen(self) -> None:
        """Start a receiver for each authority and apply its subscription."""
        for code in AUTHORITIES:
            self._receiver(f"cd-{code.lower()}", code)

    def kept(self) -> list[Path]:
        """Where the receivers keep what they got."""
        return [self.data / "recepteurs" / f"{name}.jsonl" for name in self.receivers]

    def _receiver(self, name: str, code: str) -> None:
        folder, secret = self.data / "recepteurs", secret_file(self.data, name)
        folder.mkdir(mode=0o700, exist_ok=True)
        port = free_port()
        argv = (sys.executable, "-m", "guichet", "receiver", "--port", str(port), "--secret-file", str(secret))
        program = Program(f"recepteur-{name}", (*argv, "--out", str(folder / f"{name}.jsonl")), self.environment)
        self.receivers[name] = Child(program, log=folder / f"{name}.log", pid_file=folder / f"{name}.pid")
        self.urls[name] = f"http://127.0.0.1:{port}/"
        file = folder / f"{name}.toml"
        file.write_text(subscription(name, (code,), port=port), encoding="utf-8")
        self.bus("subscription", "apply", str(file))

    def drop(self, files: Sequence[Path]) -> list[Mapping[str, Any]]:
        """Let files arrive in the watched folder, and give their reports."""
        depot = self.data / "depot"
        depot.mkdir(exist_ok=True)
        for file in files:
            shutil.copyfile(file, depot / f".{file.name}.part")
            (depot / f".{file.name}.part").rename(depot / file.name)
        reports = [depot / f"{file.name}.rapport.json" for file in files]
        until(lambda: all(report.exists() for report in reports), "un rapport à côté de chaque fichier")
        return [orjson.loads(report.read_bytes()) for report in reports]

    def close(self) -> None:
        """Stop everything that was started here."""
        for receiver in self.receivers.values():
            receiver.ask_to_stop()
        for receiver in self.receivers.values():
            receiver.stop()
        subprocess.run(
            [sys.executable, "-m", "guichet", "dev", "down"], env=self.environment, capture_output=True, check=False
        )


def until(done: Callable[[], bool], what: str, *, news: Callable[[], object] = lambda: None) -> None:
    """Wait for a condition; the patience starts anew each time that ``news`` changes.

    Raises:
        Unavailable: nothing has moved for too long.
    """
    last, deadline = news(), time.monotonic() + PATIENCE
    while not done():
        if (now := news()) != last:
            last, deadline = now, time.monotonic() + PATIENCE
        if time.monotonic() > deadline:
            raise Unavailable(f"la démonstration attend en vain : {what}")
        time.sleep(0.05)
