"""One schema registry, Apicurio on an H2 file, on the loopback interface."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bus.platform import java, probes
from bus.platform.artifacts import Installed
from bus.platform.ports import HOST
from bus.platform.process import Program

HEAP_MB: Final = 256


@dataclass(frozen=True, slots=True)
class SchemaRegistry:
    """The registry of one data folder."""

    folder: Path
    installed: Installed
    port: int
    health_port: int

    @property
    def name(self) -> str:
        """Name it as ``bus dev status`` does."""
        return "registre"

    @property
    def url(self) -> str:
        """Give the address of its Confluent API."""
        return f"http://{HOST}:{self.port}/apis/ccompat/v7"

    def prepare(self) -> None:
        """Make its folder."""
        self.folder.mkdir(parents=True, exist_ok=True)

    def program(self) -> Program:
        """Give its command.

        WRITE_DELAY=0: with H2's default of 500 ms, kill -9 loses an acknowledged schema and its id is given to another.
        """
        settings = {
            "quarkus.http.host": HOST,
            "quarkus.http.port": str(self.port),
            "quarkus.management.host": HOST,  # health and metrics; by default every interface, port 9000
            "quarkus.management.port": str(self.health_port),
            "quarkus.banner.enabled": "false",
            "quarkus.http.access-log.enabled": "false",
            "quarkus.log.level": "WARN",
            'quarkus.log.category."io.apicurio".level': "WARN",
            "apicurio.storage.kind": "sql",
            "apicurio.storage.sql.kind": "h2",
            "apicurio.datasource.url": f"jdbc:h2:file:{self.folder / 'h2'};WRITE_DELAY=0",
            "apicurio.datasource.jdbc.initial-size": "1",
            "apicurio.datasource.jdbc.min-size": "1",
            "apicurio.datasource.jdbc.max-size": "4",
            "vertx.cacheDirBase": str(self.folder / "tmp" / "vertx"),
        }
        start = java.command(
            heap_mb=HEAP_MB, temporary=self.folder / "tmp", folder=self.installed.folder, use="registre"
        )
        options = tuple(f"-D{key}={value}" for key, value in settings.items())
        jar = self.installed.registry / "quarkus-run.jar"
        return Program(self.name, (*start, *options, "-jar", str(jar)), cwd=self.folder)

    def ready(self) -> bool:
        """Say whether its own health check passes."""
        return probes.http_ok(f"http://{HOST}:{self.health_port}", "/health/ready")
