"""Fixtures of every level: one real platform per session, names that no other test uses."""

import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import bus.platform
from bus import topics
from bus.platform import containers
from bus.platform.containers import Backend, RunningPlatform
from bus.platform.ports import free_port

ROOT = Path(__file__).resolve().parents[1]

settings.register_profile("bus", deadline=None, suppress_health_check=[HealthCheck.too_slow])  # speed is no test here
settings.load_profile("bus")


@pytest.fixture(scope="session")
def artifacts_dir() -> Path:
    """Give the checkout's own archives, so that they are downloaded once."""
    return Path(os.environ.get("BUS_ARTIFACTS_DIR", ROOT / ".bus" / "artifacts"))


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory, artifacts_dir: Path) -> Iterator[RunningPlatform]:
    """Give a real broker, registry and migrated database; a platform that does not start is a failure, never a skip.

    ``BUS_TEST_PLATFORM=conteneurs`` runs the same tests on containers, where a Docker daemon answers.
    """
    folder = tmp_path_factory.mktemp("plateforme")
    wanted = os.environ.get("BUS_TEST_PLATFORM")
    running: RunningPlatform
    if containers.chosen(wanted, daemon_answers=containers.daemon_answers) is Backend.CONTAINERS:
        running = containers.start(folder)
    else:
        running = bus.platform.start(folder, artifacts_dir=artifacts_dir)
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture
def unused_port() -> int:
    """Give a port on which nobody listens."""
    return free_port()


@pytest.fixture
def make_topic(platform: RunningPlatform) -> Callable[..., str]:
    """Give a maker of topics of this test alone: ``make_topic(partitions=1) -> name``."""

    def make(partitions: int = 1) -> str:
        name = f"test-{uuid.uuid4()}"
        topics.create(platform.settings, (topics.Topic(name, partitions, "tests", "un test", 1),))
        return name

    return make
