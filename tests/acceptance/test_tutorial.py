"""The tutorial is followed to the letter, on free ports in a fresh folder: its program runs, its outputs are true."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import console
from helpers.pages import environment
from helpers.system import ROOT, System
from helpers.tools import need

from bus.platform.ports import free_port

TUTORIAL = (ROOT / "docs" / "tutorial" / "premier-webhook.md").read_text(encoding="utf-8")


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    system = System(tmp_path / "bus", {"PORT": str(free_port())})
    yield system
    system.bus("dev", "down", check=False)


def test_the_tutorial_leads_from_nothing_to_the_first_webhook_and_back(system: System, tmp_path: Path) -> None:
    need("curl")

    console.follow(TUTORIAL, tmp_path, system.environment() | {"PATH": environment({})["PATH"]})

    assert not any(system.pids().values())
    assert len(list((tmp_path / "recus").glob("*/1.rsa.droits_devoirs.entree.json"))) == 3
