"""Prometheus beside a local platform: it reads every role and evaluates the alerts that production has.

The program is Debian's, found on the path; nothing of the bus depends on it.
"""

import shutil
import sysconfig
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Protocol, Self

import orjson

from bus.errors import Misconfigured
from bus.platform import ports, probes
from bus.platform.ports import HOST
from bus.platform.process import Program, base_environment

NAME: Final = "prometheus"
PERIOD: Final = "2s"
"""Between two readings: on a workstation one looks at once, and a rate needs two."""
RETENTION: Final = "24h"
ABSENT: Final = (
    "prometheus absent : le bus tourne sans lui ; pour voir les tableaux, installez le paquet « prometheus »"
)
_CHECKOUT: Final = Path(__file__).resolve().parents[2] / "deploy"
_INSTALLED: Final = Path(sysconfig.get_path("data")) / "share" / "insertion-bus" / "deploy"


class Target(Protocol):
    """Who shows metrics."""

    @property
    def name(self) -> str:
        """Give the name of the role."""

    @property
    def metrics_port(self) -> int:
        """Give the port of ``/metrics`` on loopback."""


class Prometheus:
    """One Prometheus on the folder of a platform, ``<data>/prometheus``."""

    def __init__(self, program: str, folder: Path, port: int) -> None:
        self._program = program
        self.folder = folder
        self.port = port
        self.url: str = f"http://{HOST}:{port}"

    @classmethod
    def prepare(cls, data_dir: Path, targets: Iterable[Target]) -> Self | None:
        """Write its configuration for these targets, port chosen and remembered; None when the program is absent.

        Raises:
            Misconfigured: its remembered port is served by another program, or the rules are not there.
        """
        program = shutil.which(NAME)
        if program is None:
            return None
        port = ports.choose(data_dir / "ports.json", (NAME,), {})[NAME]
        found = cls(program, data_dir / NAME, port)
        found.folder.mkdir(parents=True, exist_ok=True)
        # JSON is YAML, and needs no library
        found._config().write_bytes(orjson.dumps(config(targets, port), option=orjson.OPT_INDENT_2))
        return found

    def program(self) -> Program:
        """Give its command."""
        argv = (
            str(Path(self._program).resolve()),
            f"--config.file={self._config()}",
            f"--storage.tsdb.path={self.folder / 'series'}",
            f"--storage.tsdb.retention.time={RETENTION}",
            f"--web.listen-address={HOST}:{self.port}",
            "--log.level=warn",
        )
        return Program(NAME, argv, env=base_environment(), cwd=self.folder)

    def _config(self) -> Path:
        return self.folder / "prometheus.yml"


def config(targets: Iterable[Target], port: int) -> dict[str, object]:
    """Give the configuration: the job ``bus`` with one ``role`` per target, Prometheus itself, the rules of deploy/.

    Raises:
        Misconfigured: the rules are neither in a checkout nor in the installation.
    """
    roles = [{"targets": [f"{HOST}:{one.metrics_port}"], "labels": {"role": one.name}} for one in targets]
    return {
        "global": {"scrape_interval": PERIOD, "scrape_timeout": PERIOD, "evaluation_interval": "5s"},
        "rule_files": [str(rules())],
        "scrape_configs": [
            {"job_name": "bus", "static_configs": roles},
            {"job_name": NAME, "static_configs": [{"targets": [f"{HOST}:{port}"]}]},
        ],
    }


def rules() -> Path:
    """Give the alert rules: those of the checkout, else those that were installed with the wheel."""
    for deploy in (_CHECKOUT, _INSTALLED):
        if (file := deploy / "prometheus" / "bus.rules.yml").is_file():
            return file
    raise Misconfigured("bus.rules.yml manque : ni dans deploy/prometheus, ni dans l’installation")


def ready(url: str) -> bool:
    """Say whether Prometheus answers queries."""
    return probes.http_ok(url, "/-/ready")
