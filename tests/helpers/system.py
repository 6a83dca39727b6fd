"""The whole bus as its users run it: `bus dev up` in a data folder, files dropped, real receivers listening."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from helpers.wait import eventually

ROOT = Path(__file__).resolve().parents[2]
BUS = [sys.executable, "-m", "guichet"]


@dataclass
class System:
    """One data folder and the processes on it."""

    data: Path
    env: dict[str, str] = field(default_factory=dict)
    command: list[str] = field(default_factory=lambda: BUS)

    def environment(self) -> dict[str, str]:
        artifacts = os.environ.get("BUS_ARTIFACTS_DIR", str(ROOT / ".bus" / "artifacts"))
        return os.environ | {"BUS_DATA_DIR": str(self.data), "BUS_ARTIFACTS_DIR": artifacts} | self.env

    def bus(self, *args: str, stdin: str | None = None, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [*self.command, *args],
            env=self.environment(),
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        assert not check or done.returncode == 0, f"bus {args[0]} {args[1:2]}: {done.returncode}\n{done.stderr[-3000:]}"
        return done

    def read(self, *args: str) -> Any:
        return json.loads(self.bus(*args, "--json").stdout)

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.bus("dev", "status", "--json", check=False).stdout)
        return found

    def pids(self) -> dict[str, int]:
        status = self.status()
        platform = {name: part["pid"] for name, part in status["plateforme"].items()}
        return platform | {role["role"]: role["pid"] for role in status["roles"]}

    def ready(self) -> bool:
        status = self.status()
        parts = [*status["plateforme"].values(), *status["roles"]]
        return bool(status["roles"]) and all(part["pret"] for part in parts)

    def drop(self, files: Iterable[Path], *, prefix: str = "") -> list[Path]:
        """Let files arrive complete in the watched folder; gives the paths of the reports to come."""
        depot = self.data / "depot"
        depot.mkdir(parents=True, exist_ok=True)
        reports = []
        for file in files:
            name = prefix + file.name
            shutil.copyfile(file, depot / f".{name}.part")
            (depot / f".{name}.part").rename(depot / name)
            reports.append(depot / f"{name}.rapport.json")
        return reports


@contextmanager
def running(data: Path, *options: str, **env: str) -> Iterator[System]:
    """Start the platform and every role, with more options of `bus dev up`, stop them at the end."""
    system = System(data, env)
    system.bus("dev", "up", "--detach", *options)
    try:
        yield system
    finally:
        system.bus("dev", "down", check=False)


@dataclass
class Receiver:
    """One `bus receiver` process and what it has kept."""

    subscription: str
    out: Path
    process: subprocess.Popen[bytes]
    port: int

    def lines(self) -> list[dict[str, Any]]:
        if not self.out.exists():
            return []
        return [json.loads(line) for line in self.out.read_text(encoding="utf-8").splitlines() if line.endswith("}")]


def stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


@dataclass(frozen=True)
class World:
    """What `bus synth` has written: files by day, and the truth."""

    folder: Path
    truth: dict[str, Any]

    def days(self, seed: int) -> list[list[Path]]:
        """Give the files of each day in order, shuffled within the day."""
        chance = random.Random(seed)  # noqa: S311 - a reproducible order, no secret
        by_day: dict[str, list[Path]] = {}
        for file in self.truth["fichiers"]:
            by_day.setdefault(file["jour"], []).append(self.folder / file["nom"])
        return [chance.sample(by_day[day], len(by_day[day])) for day in sorted(by_day)]


def synth(
    folder: Path, *, authorities: list[str], households: int, months: int, seed: int, options: list[str]
) -> World:
    """Invent a world with the product's own command."""
    chosen = [part for code in authorities for part in ("--authority", code)]
    sizes = ["--seed", str(seed), "--households", str(households), "--months", str(months)]
    System(folder.parent).bus("synth", *chosen, *sizes, "--out", str(folder), *options)
    return World(folder, json.loads((folder / "verite.json").read_text(encoding="utf-8")))


def reported(reports: list[Path], *, timeout: float = 300) -> list[dict[str, Any]]:
    """Wait for the report of each dropped file."""
    eventually(lambda: all(report.exists() for report in reports), timeout=timeout, what="a report beside each file")
    return [json.loads(report.read_text(encoding="utf-8")) for report in reports]
