"""The subscribers of the oracles: what each asked for, its receiver, and what it must be told."""

import base64
import contextlib
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from helpers.oracle import Expected
from helpers.ports import free_port
from helpers.system import BUS, Receiver, System, stop
from helpers.wait import eventually, listening

_SUBSCRIPTION = """
organisation = "{organisation}"
[[abonnement]]
id = "{name}"
types = [{types}]
territoire = [{territory}]
{fields}
finalite = "Prendre contact avec les nouveaux entrants et organiser leur orientation"
base_legale = "CASF L262-29"
debut = 2020-01-01T00:00:00+01:00
fin = 2040-01-01T00:00:00+01:00
stock = "non"
poison = "bloquer"
contact_technique = "si@departement.example"
[abonnement.destination]
genre = "webhook"
url = "http://127.0.0.1:{port}/bus"
secret_fichier = "{name}.secret"
"""


@dataclass(frozen=True)
class Subscriber:
    """One organisation with one subscription."""

    name: str
    territory: tuple[str, ...]
    fields: str = 'profil = "cd"'
    types: tuple[str, ...] = ("rsa.*", "adresse.changee", "contact.mis_a_jour")

    def expected(self) -> Expected:
        exact = frozenset(self.types) if "rsa.*" not in self.types else None
        return Expected(frozenset(self.territory), exact)

    def toml(self, port: int) -> str:
        return _SUBSCRIPTION.format(
            organisation=self.name,
            name=self.name,
            types=", ".join(f'"{name}"' for name in self.types),
            territory=", ".join(f'"{code}"' for code in self.territory),
            fields=self.fields,
            port=port,
        )


@contextlib.contextmanager
def subscribed(system: System, subscribers: list[Subscriber], folder: Path) -> Iterator[dict[str, Receiver]]:
    """Start a real receiver for each subscriber and apply its subscription."""
    receivers: dict[str, Receiver] = {}
    try:
        for subscriber in subscribers:
            port = free_port()
            receivers[subscriber.name] = start_receiver(system, subscriber.name, port, folder)
            file = folder / f"{subscriber.name}.toml"
            file.write_text(subscriber.toml(port), encoding="utf-8")
            system.bus("subscription", "apply", str(file))
        yield receivers
    finally:
        for receiver in receivers.values():
            stop(receiver.process)


def start_receiver(system: System, name: str, port: int, folder: Path) -> Receiver:
    secret = system.data / "secrets" / "deliver" / "abonnements" / f"{name}.secret"
    if not secret.exists():
        secret.write_text("whsec_" + base64.b64encode(os.urandom(32)).decode(), encoding="ascii")
        secret.chmod(0o600)
    out = folder / f"{name}.jsonl"
    command = [*BUS, "receiver", "--port", str(port), "--secret-file", str(secret), "--out", str(out)]
    with (folder / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(command, env=system.environment(), stdout=log, stderr=log)
    eventually(lambda: listening(port), timeout=30, what=f"receiver of {name} listening")
    return Receiver(name, out, process, port)
