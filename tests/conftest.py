"""Fixtures of every level: one real platform per session, names that no other test uses."""

import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import bus.platform
from bus import topics
from bus.platform import Platform

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def artifacts_dir() -> Path:
    """Give the checkout's own archives, so that they are downloaded once."""
    return Path(os.environ.get("BUS_ARTIFACTS_DIR", ROOT / ".bus" / "artifacts"))


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory, artifacts_dir: Path) -> Iterator[Platform]:
    """Give a real broker, registry and migrated database; a platform that does not start is a failure, never a skip."""
    with bus.platform.start(tmp_path_factory.mktemp("plateforme"), artifacts_dir=artifacts_dir) as running:
        yield running


@pytest.fixture
def make_topic(platform: Platform) -> Callable[..., str]:
    """Give a maker of topics of this test alone: ``make_topic(partitions=1) -> name``."""

    def make(partitions: int = 1) -> str:
        name = f"test-{uuid.uuid4()}"
        assert platform.settings.kafka_bootstrap is not None
        topics.create(platform.settings.kafka_bootstrap, (topics.Topic(name, partitions, "tests", "un test", 1),))
        return name

    return make
