"""The one shape of a role, and the one way that a role is run: signals, logs, door, patience.

A role is a process that works until it is told to stop. Errors leave ``play`` as they are: the command line has the one
mapping from an error to an exit code.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from typing import Any, Final, Protocol

from bus import acl, production
from bus.errors import Unavailable
from bus.registry import Registry
from bus.registry_mode import check_mode
from bus.roles import ROLES, kafka_account
from bus.settings import Settings
from bus.stopping import StopEvent, StopNow, stop_signal
from bus.telemetry.door import Door
from bus.telemetry.logs import get_logger, setup_logging

PAUSE: Final = 1.0  # seconds before a dependency that was away is tried again

log = get_logger()


class Role(Protocol):
    """What a process does. After a failure that is borne, ``prepare`` is called again on the same object."""

    def prepare(self) -> None:
        """Read secrets, check what it depends on, make clients.

        Raises:
            Misconfigured: the process must not start.
            Unavailable: a dependency is away.
        """

    def ready(self) -> bool:
        """Tell whether it does its work now; asked by another thread, at any moment."""

    def run(self, stop: StopEvent) -> None:
        """Work until ``stop``, and leave nothing half done."""

    def stop(self) -> None:
        """Give back what ``prepare`` took, even half of it."""


Lend = Callable[[Settings], AbstractContextManager[Settings]]
"""Lends what a process needs beside its settings, such as a database, and takes it back."""


def play(name: str, settings: Settings, lend: Lend, make: Callable[[Any], Role]) -> None:
    """Run a role until SIGTERM or SIGINT; the main thread only.

    Args:
        name: of the role, in the table.
        settings: of its own class.
        lend: what it needs for as long as it runs; gives the settings that it is made with.
        make: gives the role.

    Raises:
        BusError: what stopped it.
    """
    setup_logging(name, settings)
    stop = stop_signal()
    with lend(settings) as ready:
        role = make(ready)
        with closing(Door(ready.metrics_port, role.ready)) as door:
            log.info("role started", metrics_port=door.port)
            _work(role, stop, _Patience(ROLES[name].patience))
    log.info("role stopped")


def admit(role: str, settings: Settings, registry: Registry | None = None) -> None:
    """Refuse what a role must not work with; asked whenever it connects anew: what comes back may be another.

    Raises:
        Misconfigured: the broker differs from the declared topics, is imprudent in production or refuses this account;
            the registry would take incompatible schemas.
        Unavailable: one of them does not answer.
    """
    production.check(settings, acl.topics_of(kafka_account(role)))
    if registry is not None:
        check_mode(registry)


@dataclass(slots=True)
class _Patience:
    """How long absences are borne: at most ``seconds`` without any success."""

    seconds: float
    since: float | None = None

    def bears(self, now: float, *, succeeded: bool) -> bool:
        """Take note of a failure, and tell whether to try again; a success in between starts the count again."""
        if succeeded or self.since is None:
            self.since = now
        return now - self.since < self.seconds


def _work(role: Role, stop: StopEvent, patience: _Patience) -> None:
    while not stop.is_set():
        working = False
        try:
            with stop.at_once():  # it has not begun: there is nothing to finish, and a broker that is away takes long
                role.prepare()
            if not stop.is_set():
                working = True
                role.run(stop)
        except StopNow:
            return
        except Unavailable as error:
            if stop.is_set() and not working:
                return
            if not patience.bears(time.monotonic(), succeeded=role.ready()):
                raise
            log.warning("dependency unavailable, trying again", reason=str(error))
        else:
            return
        finally:
            role.stop()
        stop.wait(PAUSE)
