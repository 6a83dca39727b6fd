"""Child processes: started in their own session, known by a pid file that proves its process, stopped by their pid."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

import orjson

from bus.platform import launch

STOP_TIMEOUT: Final = 30.0
"""Seconds a child has to end by itself before it is killed."""
POLL: Final = 0.02
LOG_LIMIT: Final = 10_000_000
"""Bytes a log may reach before it becomes ``.1``; there is never a ``.2``."""


@dataclass(frozen=True, slots=True)
class Program:
    """How to start one process and how to ask it to end.

    ``owner`` is the (uid, gid) to run as, ours when None. ``dies_with_parent`` is false for a server that other
    commands may be using when the one that started it ends.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    stop_signal: int = signal.SIGTERM
    owner: tuple[int, int] | None = None
    dies_with_parent: bool = True
    cwd: Path | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """A pid that cannot be mistaken: a reused one has another start time (clock ticks since boot)."""

    pid: int
    started: int
    boot: str
    stop_signal: int

    @classmethod
    def of(cls, pid: int, stop_signal: int) -> Self | None:
        """Describe a living process; None when it is gone or a zombie."""
        started = start_time(pid)
        return None if started is None else cls(pid, started, _boot_id(), stop_signal)

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """Give what a pid file names if exactly that process lives, else None."""
        try:
            identity = cls(**orjson.loads(path.read_bytes()))
        except (FileNotFoundError, orjson.JSONDecodeError, TypeError):
            return None
        return identity if identity.alive() else None

    def alive(self) -> bool:
        """Say whether this very process still runs."""
        return self.boot == _boot_id() and start_time(self.pid) == self.started

    def write(self, path: Path) -> None:
        """Record it, atomically."""
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".tmp")
        partial.write_bytes(orjson.dumps(self))
        partial.replace(path)

    def send(self, number: int) -> None:
        """Signal this process and never another one that got its pid."""
        if self.alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def stop(self, timeout: float = STOP_TIMEOUT) -> None:
        """Ask it to end, wait, and kill it if it does not."""
        self.send(self.stop_signal)
        if not self.wait(timeout):
            self.send(signal.SIGKILL)
            self.wait(timeout)

    def wait(self, timeout: float) -> bool:
        """Wait for its end; says whether it ended in time."""
        deadline = time.monotonic() + timeout
        while self.alive():
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL)
        return True


class Child:
    """A process that this one started; its pid file outlives both."""

    def __init__(self, program: Program, *, log: Path, pid_file: Path) -> None:
        self.program = program
        self.log = log
        self.pid_file = pid_file
        self._process = _spawn(program, log)
        identity = Identity.of(self._process.pid, program.stop_signal)
        if identity is not None:  # None: it has ended already, as poll() will say
            identity.write(pid_file)

    @property
    def pid(self) -> int:
        """Give the pid of the program itself: the launcher becomes it."""
        return self._process.pid

    def poll(self) -> int | None:
        """Give the exit code, None while it runs."""
        return self._process.poll()

    def kill(self) -> None:
        """End it the hard way and wait for that: what a crash looks like."""
        self._process.kill()
        self._process.wait()

    def ask_to_stop(self) -> None:
        """Send its stop signal and return at once."""
        if self.poll() is None:
            self._process.send_signal(self.program.stop_signal)

    def stop(self, timeout: float = STOP_TIMEOUT) -> None:
        """Stop it, by force after ``timeout`` seconds, and forget its pid file."""
        self.ask_to_stop()
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
        self.pid_file.unlink(missing_ok=True)

    def last_words(self, lines: int = 12) -> str:
        """Give the end of its log, for the message of a failed start."""
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        except FileNotFoundError:
            return ""


def run_once(program: Program, log: Path, timeout: float = 120.0) -> int:
    """Run a program to its end and give its exit code; its output goes to ``log``."""
    process = _spawn(program, log)
    try:
        return process.wait(timeout)
    except BaseException:
        process.kill()
        process.wait()
        raise


def start_time(pid: int) -> int | None:
    """Give a living process's start in clock ticks since boot; None for a zombie or nothing.

    Source: proc(5), fields 3 (state) and 22 (starttime) of /proc/<pid>/stat.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    after_name = stat.rpartition(")")[2].split()
    return None if after_name[0] in "ZX" else int(after_name[19])


def bound_log(path: Path, limit: int = LOG_LIMIT) -> None:
    """Keep a log that a child holds open under ``limit``: copy, then cut. The lines written in between are lost."""
    try:
        if path.stat().st_size <= limit:
            return
    except FileNotFoundError:
        return
    path.with_suffix(path.suffix + ".1").write_bytes(path.read_bytes())
    os.truncate(path, 0)


def base_environment() -> dict[str, str]:
    """Give the little that a child needs of ours: no BUS_*, no proxy, no option of somebody else's Java."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "HOME") if name in os.environ}
    return {**kept, "TZ": "UTC"}


def _spawn(program: Program, log: Path) -> "subprocess.Popen[bytes]":
    log.parent.mkdir(parents=True, exist_ok=True)
    bound_log(log)
    death_signal = program.stop_signal if program.dies_with_parent else 0
    launcher = (sys.executable, "-I", "-S", launch.__file__)
    owner = "-" if program.owner is None else "{}:{}".format(*program.owner)
    argv = (*launcher, str(os.getpid()), str(int(death_signal)), owner, "--", *program.argv)
    with log.open("ab") as output:  # appending, so that bound_log may cut it under the writer
        return subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=dict(program.env) or base_environment(),
            cwd=program.cwd,
            start_new_session=True,  # the terminal's Ctrl-C goes to the supervisor, which stops them in order
        )


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
