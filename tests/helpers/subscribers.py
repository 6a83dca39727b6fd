"""The subscribers of the oracles: what each asked for, its receiver, and what it must be told."""

import contextlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from helpers.oracle import Expected
from helpers.system import BUS, Receiver, System, stop
from helpers.wait import eventually, listening

from bus.platform.ports import free_port
from guichet.demo.subscriber import EVERYTHING, PROFILE, secret_file, subscription


@dataclass(frozen=True)
class Subscriber:
    """One organisation with one subscription."""

    name: str
    territory: tuple[str, ...]
    fields: str = PROFILE
    types: tuple[str, ...] = EVERYTHING

    def expected(self) -> Expected:
        exact = frozenset(self.types) if "rsa.*" not in self.types else None
        return Expected(frozenset(self.territory), exact)

    def toml(self, port: int) -> str:
        return subscription(self.name, self.territory, port=port, types=self.types, fields=self.fields)


@contextlib.contextmanager
def subscribed(system: System, subscribers: list[Subscriber], folder: Path) -> Iterator[dict[str, Receiver]]:
    """Start a real receiver for each subscriber and apply its subscription."""
    receivers: dict[str, Receiver] = {}
    try:
        for subscriber in subscribers:
            port = free_port()
            receivers[subscriber.name] = start_receiver(system, subscriber.name, port, folder)
            apply(system, subscriber, port, folder)
        yield receivers
    finally:
        for receiver in receivers.values():
            stop(receiver.process)


def apply(system: System, subscriber: Subscriber, port: int, folder: Path) -> None:
    """Ask for the deliveries of one organisation, to a local port on which somebody may or may not listen."""
    file = folder / f"{subscriber.name}.toml"
    file.write_text(subscriber.toml(port), encoding="utf-8")
    system.bus("subscription", "apply", str(file))


def start_receiver(system: System, name: str, port: int, folder: Path) -> Receiver:
    secret = secret_file(system.data, name)
    out = folder / f"{name}.jsonl"
    command = [*BUS, "receiver", "--port", str(port), "--secret-file", str(secret), "--out", str(out)]
    with (folder / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(command, env=system.environment(), stdout=log, stderr=log)
    eventually(lambda: listening(port), timeout=30, what=f"receiver of {name} listening")
    return Receiver(name, out, process, port)
