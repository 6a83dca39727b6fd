"""Real brokers configured by the files of deploy/kafka: other places and ports, smaller numbers, nothing else."""

import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from helpers.tools import need
from helpers.wait import eventually

from bus.platform import artifacts
from bus.platform.broker import Broker, cluster_id
from bus.platform.broker_profile import BrokerProfile
from bus.platform.ports import HOST, free_port
from bus.platform.process import Child
from bus.settings import Settings

DEPLOY = Path(__file__).resolve().parents[2] / "deploy" / "kafka"
ONE_MACHINE = {
    "num.network.threads": "2",
    "num.io.threads": "2",
    "background.threads": "2",
    "offsets.topic.num.partitions": "3",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "log.index.size.max.bytes": "1048576",
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
}
ONE_NODE = {
    "default.replication.factor": "1",
    "min.insync.replicas": "1",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
}
"""What a single node cannot have; a test that asks for production must then be refused."""


def certificates(folder: Path, *accounts: str) -> Path:
    """Make an authority and certificates with the script that operators use."""
    need("openssl")
    subprocess.run(["sh", str(DEPLOY / "certificats.sh"), str(folder), HOST, *accounts], check=True)
    return folder


def by_certificate(bootstrap: str, folder: Path, account: str) -> Settings:
    """Give the settings of a client that shows a certificate."""
    return Settings(
        kafka_bootstrap=bootstrap,
        kafka_security_protocol="ssl",
        kafka_ca_file=folder / "ca.crt",
        kafka_cert_file=folder / f"{account}.crt",
        kafka_key_file=folder / f"{account}.key",
    )


@dataclass
class Nodes:
    """One or three nodes on one machine."""

    folder: Path
    tls: Path
    clients: Sequence[int]
    brokers: Sequence[Broker]
    children: dict[int, Child] = field(default_factory=dict)

    @property
    def bootstrap(self) -> str:
        return ",".join(f"{HOST}:{port}" for port in self.clients)

    def start(self, *numbers: int) -> None:
        """Start nodes (from 1), all at once, and wait until each serves."""
        with ThreadPoolExecutor(len(numbers)) as pool:
            list(pool.map(lambda number: self.brokers[number - 1].prepare(), numbers))
        for number in numbers:
            broker = self.brokers[number - 1]
            self.children[number] = Child(broker.program(), log=broker.log, pid_file=broker.folder / "pid")
        for number in numbers:
            eventually(self.brokers[number - 1].ready, timeout=120, what=self.log)

    def kill(self, number: int) -> None:
        """End a node as a crash does."""
        self.children[number].kill()

    def stop(self) -> None:
        for child in self.children.values():
            child.kill()  # nothing of it is kept, and a controlled stop without a quorum would wait

    def log(self) -> str:
        """Give what every node has said."""
        return "\n".join(broker.log.read_text(errors="replace") for broker in self.brokers if broker.log.exists())

    def admin(self) -> Settings:
        """Give the administrator, by certificate, on the brokers' own listener."""
        return self.brokers[0].profile.probe if self.brokers[0].profile else Settings()


@contextmanager
def nodes(
    folder: Path, artifacts_dir: Path, *, clients: str, count: int = 1, accounts: Sequence[str] = ()
) -> Iterator[Nodes]:
    """Run ``count`` nodes with the clients' profile ``scram`` or ``mtls``."""
    tls = certificates(folder / "certificats", "kafka", "admin", *accounts)
    ports = [(free_port(), free_port(), free_port()) for _ in range(count)]
    quorum = ",".join(f"{number}@{HOST}:{three[2]}" for number, three in enumerate(ports, start=1))
    installed, cluster = artifacts.install(artifacts_dir, lambda _: None), cluster_id()
    made = []
    for number, (client, between, controller) in enumerate(ports, start=1):
        values = {
            "NOEUD": str(number), "QUORUM": quorum, "HOTE": HOST, "CERTIFICATS": str(tls / HOST),
            "PORT_CLIENTS": str(client), "PORT_BROKERS": str(between), "PORT_CONTROLEUR": str(controller),
        }  # fmt: skip
        profile = BrokerProfile(
            name=f"kafka-{number}",
            files=(DEPLOY / "cluster.properties", DEPLOY / f"{clients}.properties"),
            values=values,
            probe=by_certificate(f"{HOST}:{between}", tls, "admin"),
            cluster=cluster,
            logging=DEPLOY / "log4j2.properties",
            changes={**ONE_MACHINE, **(ONE_NODE if count == 1 else {})},
        )
        place = folder / f"noeud-{number}"
        made.append(Broker(place, place / "kafka.log", installed, client, controller, profile))
    running = Nodes(folder, tls, [three[0] for three in ports], made)
    try:
        running.start(*range(1, count + 1))
        yield running
    finally:
        running.stop()
