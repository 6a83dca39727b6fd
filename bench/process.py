"""Processes measured from outside: wall time, processor time and peak memory."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

BUS = (sys.executable, "-m", "guichet")
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of wall and of processor (user and system, all threads), peak memory in MB, and what was printed."""

    wall: float
    cpu: float
    peak_mb: float
    out: str


def run(command: Sequence[str], env: Mapping[str, str]) -> Cost:
    """Run a command to its end and measure that process alone, not the servers it talks to."""
    started = time.monotonic()
    process = subprocess.Popen(command, env={**os.environ, **env}, stdout=subprocess.PIPE)
    assert process.stdout
    peak, reading = _Peak(process.pid), process.stdout
    with peak:
        out = reading.read().decode()
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"{command}: exit {process.returncode}\n{out[-2000:]}"
    return Cost(time.monotonic() - started, usage.ru_utime + usage.ru_stime, peak.megabytes, out)


class _Peak:
    """The high-water mark of a process's memory, watched while it runs.

    Not ``ru_maxrss``: a child inherits there what its parent held when it was started.
    """

    def __init__(self, pid: int) -> None:
        self._status, self.megabytes = Path(f"/proc/{pid}/status"), 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(0.05):
            try:
                lines = self._status.read_text(encoding="ascii", errors="replace").splitlines()
            except (FileNotFoundError, ProcessLookupError):
                return
            found = [int(line.split()[1]) for line in lines if line.startswith("VmHWM")]
            self.megabytes = max(self.megabytes, *(kilobytes / 1024 for kilobytes in found), 0.0)


def cpu_of(pid: int) -> float:
    """Give the processor seconds that a process and its ended children have used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rsplit(")", 1)[1].split()
    return sum(int(value) for value in fields[11:15]) / _TICK


def children_of(pid: int) -> list[int]:
    """Give the living children of a process."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]


def family_cpu(pid: int) -> float:
    """Give the processor seconds of a server and of its worker processes, living and ended."""
    total = cpu_of(pid)
    for child in children_of(pid):
        try:
            total += cpu_of(child)
        except FileNotFoundError:  # ended meanwhile: its time is now in the parent's
            continue
    return total
