"""Keep a platform and the roles of the bus running: start, watch, restart, stop in order."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bus.errors import Refused
from bus.platform import probes, prometheus, state
from bus.platform.local import Platform, stop_children
from bus.platform.locks import FileLock
from bus.platform.ports import HOST
from bus.platform.process import Child, Identity, Program, base_environment, bound_log

FIRST_DELAY: Final = 0.5
LAST_DELAY: Final = 8.0
LOGS_PERIOD: Final = 30.0
STEADY: Final = 60.0
"""Seconds a child must live, if it was never ready, for its next death to count as the first."""
TICK: Final = 0.1
PROBE_PERIOD: Final = 0.5
STEADY_PERIOD: Final = 2.0
DOWN_TIMEOUT: Final = 120.0

StartProgress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class RoleProcess:
    """One role of the bus as a child process: its command, what it may know, where it tells how it is."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    metrics_port: int

    @property
    def metrics(self) -> str:
        """Give the address of its metrics."""
        return f"http://{HOST}:{self.metrics_port}/metrics"

    def program(self) -> Program:
        """Give how to start it."""
        return Program(self.name, self.argv, env={**base_environment(), **self.env})


@dataclass(slots=True)
class _Watched:
    """One child under watch and the patience left for it."""

    program: Callable[[], Program]
    child: Child
    born: float
    delay: float = FIRST_DELAY
    due: float | None = None
    served: bool = False  # this life has been ready: its end is a fault, not a failed start


class Stopped(BaseException):
    """The operator asked to stop; raised wherever the supervisor is."""


@contextlib.contextmanager
def stopping_on_signals() -> Iterator[None]:
    """Turn SIGTERM and SIGINT into ``Stopped`` inside this block, and swallow it at its end."""

    def stop(*_: object) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not cut the stop short
        raise Stopped

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        with contextlib.suppress(Stopped):
            yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@dataclass(slots=True)
class Supervisor:
    """Watches the children of one platform until it is stopped; a child that dies is started again, later each time."""

    platform: Platform
    roles: Sequence[RoleProcess]
    progress: StartProgress
    observer: prometheus.Prometheus | None = None
    """Reads the roles' metrics; its state is told apart, nothing waits for it."""
    _watched: dict[str, _Watched] = field(default_factory=dict)
    _ready: dict[str, bool] = field(default_factory=dict)
    _end: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Start the roles and stay until ``Stopped``; then stop the roles, leaving the platform to its owner."""
        prober = threading.Thread(target=self._probe_for_ever, name="sonde", daemon=True)
        try:
            self._adopt()
            state.write(self.platform.data_dir, self._state())  # with the roles, before anybody looks for us
            record_supervisor(self.platform.data_dir)
            prober.start()
            self._watch_for_ever()
        finally:
            self._end.set()
            self._stop_roles()
            supervisor_file(self.platform.data_dir).unlink(missing_ok=True)

    def _adopt(self) -> None:
        now = time.monotonic()
        for name, service in self.platform.services.items():
            self._watched[name] = _Watched(service.program, self.platform.children[name], now)
        for role in self.roles:
            self._watched[role.name] = _Watched(role.program, self.platform.spawn(role.program()), now)
        if self.observer is not None:
            child = self.platform.spawn(self.observer.program())  # the platform stops it, with its servers
            self._watched[prometheus.NAME] = _Watched(self.observer.program, child, now)

    def _watch_for_ever(self) -> None:
        written: state.PlatformState = {}
        bounded = time.monotonic()
        while True:
            for watched in self._watched.values():
                self._revive(watched)
            current = self._state()
            if current != written:
                state.write(self.platform.data_dir, current)
                self._tell(written, current)
                written = current
            if time.monotonic() - bounded > LOGS_PERIOD:
                self._bound_logs()
                bounded = time.monotonic()
            time.sleep(TICK)

    def _revive(self, watched: _Watched) -> None:
        """Start a dead child again once its delay has passed."""
        code = watched.child.poll()
        if code is None:
            return
        now = time.monotonic()
        name = watched.child.program.name
        if watched.due is None:
            steady = watched.served or now - watched.born > STEADY
            watched.delay = next_delay(watched.delay, steady=steady)
            self._ready[name] = False
            watched.due = now + watched.delay
            self.progress(f"{name} s’est arrêté (code {code}) ; redémarrage dans {watched.delay:.1f} s")
        elif now >= watched.due:
            watched.child = self.platform.spawn(watched.program())
            watched.born, watched.due, watched.served = now, None, False
            self._ready[name] = False

    def _state(self) -> state.PlatformState:
        pids = {name: watched.child.pid for name, watched in self._watched.items()}
        found = state.platform_state(self.platform.settings, pids)
        for name, server in found["plateforme"].items():
            server["pret"] = self._is_ready(name)
        found["roles"] = [
            {"role": role.name, "pid": pids[role.name], "metrics": role.metrics, "pret": self._is_ready(role.name)}
            for role in self.roles
        ]
        if self.observer is not None:
            name = prometheus.NAME
            told = {"url": self.observer.url, "pid": pids[name], "pret": self._is_ready(name)}
            found["observation"] = {name: told}
        return found

    def _is_ready(self, name: str) -> bool:
        watched = self._watched[name]
        ready = watched.due is None and self._ready.get(name, False)
        watched.served |= ready
        return ready

    def _tell(self, before: state.PlatformState, after: state.PlatformState) -> None:
        if state.all_ready(after) and not (before and state.all_ready(before)):
            self.progress("prêt")

    def _probe_for_ever(self) -> None:
        """Ask everyone in a thread of its own: a child that hangs must not delay the restart of another."""
        settings = self.platform.settings
        questions: dict[str, Callable[[], bool]] = {
            "kafka": lambda: probes.kafka_ready(settings.kafka_bootstrap or ""),
            "registre": lambda: probes.registry_ready(settings.registry_url or ""),
            "base": lambda: probes.base_ready(settings.database_url or ""),
            **{role.name: _role_question(role) for role in self.roles},
        }
        if (observer := self.observer) is not None:
            questions[prometheus.NAME] = lambda: prometheus.ready(observer.url)
        period = PROBE_PERIOD
        while not self._end.wait(period):
            for name, question in questions.items():
                self._ready[name] = question()
            period = STEADY_PERIOD if all(self._ready.values()) else PROBE_PERIOD

    def _bound_logs(self) -> None:
        for watched in self._watched.values():
            bound_log(watched.child.log)

    def _stop_roles(self) -> None:
        children = [self._watched[role.name].child for role in self.roles if role.name in self._watched]
        for child in children:
            child.ask_to_stop()
        for child in children:
            child.stop()
            self.platform.children.pop(child.program.name, None)


def next_delay(previous: float, *, steady: bool) -> float:
    """Give the seconds before a restart: doubled while it does not come up, few again after a steady life."""
    return FIRST_DELAY if steady else min(previous * 2, LAST_DELAY)


def down(data_dir: Path) -> None:
    """Stop the platform of a data folder by its pid and wait; also what one that was killed has left behind.

    Raises:
        Refused: a process that is not ``bus dev up`` has this platform (a test, a demonstration).
    """
    identity = Identity.read(supervisor_file(data_dir))
    if identity is not None:
        identity.stop(DOWN_TIMEOUT)
    lock = FileLock(data_dir / "processus" / "plateforme.verrou")
    if not lock.try_exclusive():
        raise Refused(f"la plateforme de {data_dir} appartient au processus {lock.holder()} : arrêtez-le")
    try:
        stop_children(data_dir, lambda _: None)
        state.remove(data_dir)
    finally:
        lock.release()


def record_supervisor(data_dir: Path) -> None:
    """Let ``bus dev down`` find this process."""
    identity = Identity.of(os.getpid(), signal.SIGTERM)
    if identity is not None:
        identity.write(supervisor_file(data_dir))


def supervisor_file(data_dir: Path) -> Path:
    """Give the file that proves which process supervises."""
    return data_dir / "processus" / "superviseur.pid"


def _role_question(role: RoleProcess) -> Callable[[], bool]:
    return lambda: probes.role_ready(role.metrics)
