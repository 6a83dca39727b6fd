"""One Kafka broker, combined with its controller, on the loopback interface."""

import base64
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Final

from bus import java_properties, kafka
from bus.errors import Misconfigured
from bus.platform import java, probes
from bus.platform.artifacts import Installed
from bus.platform.broker_profile import BrokerProfile
from bus.platform.ports import HOST
from bus.platform.process import Program, run_once

PROPERTIES: Final = Template("""\
process.roles=broker,controller
node.id=1
# a static quorum: the data do not hold the port, so another port may be given later
controller.quorum.voters=1@127.0.0.1:$controller
listeners=BROKER://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller
advertised.listeners=BROKER://127.0.0.1:$port
listener.security.protocol.map=BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=BROKER
controller.listener.names=CONTROLLER
log.dirs=$data
num.network.threads=2
num.io.threads=2
background.threads=2
num.recovery.threads.per.data.dir=2
# topics are declared in bus/topics.py, nowhere else
auto.create.topics.enable=false
num.partitions=1
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
# the default of 3 s delays the first join of every group
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
# 20 MiB of preallocated index per open segment by default: too much for a hundred topics
log.index.size.max.bytes=1048576
log.segment.bytes=67108864
message.max.bytes=1048588
# a broker killed at once waits for its own dead registration to expire: 11 s by default, 4 s so
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
""")
LOGGING: Final = """\
status = error
appender.out.type = Console
appender.out.name = OUT
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{ISO8601} %p %c{1} %m%n
rootLogger.level = WARN
rootLogger.appenderRef.out.ref = OUT
logger.server.name = kafka.server.KafkaRaftServer
logger.server.level = info
"""
HEAP_MB: Final = 384


def cluster_id() -> str:
    """Give a new cluster's id, as Kafka writes one."""
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class Broker:
    """The broker of one data folder; ``folder`` holds its configuration and its log segments."""

    folder: Path
    log: Path
    installed: Installed
    port: int
    controller_port: int
    profile: BrokerProfile | None = None
    """None: the plain local broker, one node, no account."""

    @property
    def name(self) -> str:
        """Name it as ``bus dev status`` does."""
        return self.profile.name if self.profile else "kafka"

    @property
    def bootstrap(self) -> str:
        """Give the address for clients."""
        return f"{HOST}:{self.port}"

    @property
    def data(self) -> Path:
        """Give the folder of the log segments."""
        return self.folder / "donnees"

    def prepare(self) -> None:
        """Write the configuration and format the storage once; a format that was killed is done again from nothing."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "log4j2.properties").write_text(self.profile.logging.read_text() if self.profile else LOGGING)
        self._configure(self.data)
        if not self.data.exists():
            self._format()

    def program(self) -> Program:
        """Give the command of the broker."""
        return Program(self.name, (*self._java("kafka"), "kafka.Kafka", str(self._properties)))

    def ready(self) -> bool:
        """Say whether a client gets its metadata."""
        return kafka.reachable(self.profile.probe) if self.profile else probes.kafka_ready(self.bootstrap)

    @property
    def _properties(self) -> Path:
        return self.folder / "server.properties"

    def _configure(self, data: Path) -> None:
        plain = {"port": self.port, "controller": self.controller_port, "data": data}
        text = self.profile.render(data) if self.profile else PROPERTIES.substitute(plain)
        self._properties.touch(mode=0o600)  # it names the places of keys
        self._properties.write_text(java_properties.escaped(text), encoding="ascii")

    def _format(self) -> None:
        partial = self.folder / "donnees.partiel"
        shutil.rmtree(partial, ignore_errors=True)
        self._configure(partial)
        # One id in sixty-four begins with a dash, which the tool would take for an option if it stood alone.
        cluster = "--cluster-id=" + (self.profile.cluster if self.profile else cluster_id())
        arguments = ("kafka.tools.StorageTool", "format", cluster, "-c", str(self._properties))
        if run_once(Program("kafka-format", (*self._java("kafka-format"), *arguments)), self.log) != 0:
            raise Misconfigured(f"le stockage de Kafka n’a pas pu être préparé : voir {self.log}")
        partial.rename(self.data)
        self._configure(self.data)

    def _java(self, use: str) -> tuple[str, ...]:
        return (
            *java.command(heap_mb=HEAP_MB, temporary=self.folder / "tmp", folder=self.installed.folder, use=use),
            "--sun-misc-unsafe-memory-access=allow",
            f"-Dlog4j2.configurationFile={self.folder / 'log4j2.properties'}",
            "-Dlog4j2.disableJmx=true",
            "-cp",
            ":".join(map(str, self.installed.kafka_jars)),
        )
