"""Rotating the KEK on a real database: every key opens, the old one is gone, and what was left is resumed."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from helpers.rotating import Vault, new_vault

from bus import db
from bus.errors import Misconfigured, Refused
from bus.platform.postgres import database
from bus.sealing import KekRing
from bus.settings import Settings
from bus.vault import provisioning
from guichet.commands.vault import _told


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    folder = tmp_path_factory.mktemp("rotation")
    with database(Settings(data_dir=folder)) as settings:
        yield settings


@pytest.fixture
def coffre(server: Settings, tmp_path: Path) -> Iterator[Vault]:
    with new_vault(server, tmp_path) as found:
        yield found


def test_every_key_opens_under_the_new_epoch_alone_and_the_old_file_is_nowhere(coffre: Vault) -> None:
    keys = coffre.fill(700)  # more than one batch in each table

    outcome = coffre.rotate()

    assert (outcome.epoque, outcome.cles_rechiffrees, outcome.epoques_detruites) == (2, 2800, [1])
    assert coffre.opened() == keys
    assert coffre.epochs() == [2]
    assert coffre.files() == [["kek.2"], ["kek.2"]]


@pytest.mark.parametrize("left", ["rotate.after_switch", "rotate.after_batch", "rotate.mid_destroy"])
def test_a_resumed_rotation_covers_an_erasure_made_while_it_lay_still(
    coffre: Vault, monkeypatch: pytest.MonkeyPatch, left: str
) -> None:
    """The copy made meanwhile may hold keys under the new epoch: its key must go as well."""
    coffre.fill(3, ("vault.key",))
    _left_at(coffre, monkeypatch, left)
    key = coffre.add()
    copied = coffre.rows()
    with closing(coffre.connect("bus_guichet")) as conn:
        conn.execute("delete from vault.key where key_id = %s", (key.key_id,))

    outcome = coffre.rotate()

    assert (outcome.reprise, outcome.entiere, outcome.epoques_detruites) == (True, True, [1, 2])
    ring = KekRing.load(coffre.ingest)
    assert key.key_id in {name for name, _, _ in copied}
    for name, epoch, wrapped in copied:
        for secret in ring.keys.values():
            with pytest.raises(Misconfigured):
                KekRing({epoch: secret}).unwrap(name, epoch, wrapped)


def test_a_resumed_rotation_that_an_age_keeps_from_a_second_one_says_so(
    coffre: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    _left_at(coffre, monkeypatch, "rotate.after_switch")

    outcome = coffre.rotate(min_age=1)

    assert (outcome.reprise, outcome.tournee, outcome.entiere, outcome.epoque) == (True, True, False, 2)
    assert "attend la prochaine rotation" in _told(outcome)
    assert "n’ouvrent plus aucune clé" in _told(coffre.rotate())


def test_a_rotation_left_before_the_switch_covers_with_one(coffre: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    _left_at(coffre, monkeypatch, "rotate.after_hand_out")

    outcome = coffre.rotate()

    assert (outcome.reprise, outcome.entiere, outcome.epoque) == (True, True, 2)


class Left(Exception):
    """A rotation ends here as if it had been killed."""


def _left_at(coffre: Vault, monkeypatch: pytest.MonkeyPatch, point: str) -> None:
    def leave(name: str) -> None:
        if name == point:
            raise Left

    with monkeypatch.context() as patch:
        patch.setattr("bus.failpoints.hit", leave)
        with pytest.raises(Left):
            coffre.rotate()


def test_an_epoch_young_enough_stays(coffre: Vault) -> None:
    assert not coffre.rotate(min_age=1).tournee
    assert coffre.epochs() == [1]


def test_a_second_rotation_is_refused(coffre: Vault) -> None:
    with closing(coffre.connect("bus_rotate")) as other:
        other.execute("select pg_advisory_lock(%s)", (db.LOCK_ROTATE,))

        with pytest.raises(Refused, match="une autre rotation"):
            coffre.rotate()

    assert coffre.epochs() == [1]


def test_a_folder_that_was_never_started_is_not_made_into_one(tmp_path: Path) -> None:
    """The command itself, without anything, then with secrets and no database."""
    done = _rotate_there(tmp_path / "vide")
    assert (done.returncode, "bus dev up" in done.stderr) == (3, True)
    assert not (tmp_path / "vide").exists()

    provisioning.create_secrets(tmp_path / "secrets")
    done = _rotate_there(tmp_path)
    assert (done.returncode, "aucune base" in done.stderr) == (3, True)
    assert not (tmp_path / "postgres").exists()


def test_a_folder_in_the_place_of_a_key_ends_the_command_in_a_sentence(coffre: Vault) -> None:
    (coffre.ingest / "kek.2").mkdir()

    done = _rotate_there(coffre.settings.data_dir, BUS_DATABASE_URL=str(coffre.settings.database_url))

    assert done.returncode == 3
    assert "kek.2 ne se lit pas" in done.stderr
    assert "Traceback" not in done.stderr


def _rotate_there(data: Path, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "guichet", "vault", "rotate", "--data", str(data)]
    return subprocess.run(command, env=os.environ | env, capture_output=True, text=True, check=False, timeout=120)
