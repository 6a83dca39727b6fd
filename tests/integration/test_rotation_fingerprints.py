"""Numbers of the KEK and the keys they mean: lost, foreign or brought back, none is taken for another."""

import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from helpers.rotating import Vault, new_vault

from bus.errors import Misconfigured, Refused
from bus.platform.postgres import database
from bus.sealing import KekRing, UnknownEpoch
from bus.settings import Settings
from bus.vault import epochs, kek_files, provisioning
from bus.vault.rotation_site import Folders


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    folder = tmp_path_factory.mktemp("rotation")
    with database(Settings(data_dir=folder)) as settings:
        yield settings


@pytest.fixture
def coffre(server: Settings, tmp_path: Path) -> Iterator[Vault]:
    with new_vault(server, tmp_path) as found:
        yield found


def test_a_key_lost_before_it_served_is_drawn_again(coffre: Vault) -> None:
    keys = coffre.fill(5)
    with pytest.raises(Refused):
        coffre.rotate(Folders(coffre.ingest, None), patience=0)
    (coffre.ingest / "kek.2").unlink()

    coffre.rotate()

    assert coffre.opened() == keys


def test_a_number_whose_key_was_lost_never_comes_back_for_another_key(coffre: Vault) -> None:
    with pytest.raises(Refused):
        coffre.rotate(Folders(coffre.ingest, None), patience=0)
    remembers = KekRing.load(coffre.ingest)
    assert remembers.epoch == 2
    (coffre.ingest / "kek.2").unlink()

    assert coffre.rotate().epoques_detruites == [1, 2]

    key = coffre.add(remembers)
    assert coffre.epochs() == [3]
    assert coffre.opened() == {key.key_id: key}


def test_a_ring_that_remembers_another_key_of_the_number_reads_its_folder_again(coffre: Vault) -> None:
    coffre.rotate()
    ring = KekRing.load(coffre.ingest)
    ring.keys = {2: os.urandom(32)}

    key = coffre.add(ring)

    assert coffre.opened() == {key.key_id: key}


def test_nothing_is_wrapped_under_another_key_of_the_right_number(coffre: Vault) -> None:
    coffre.rotate()
    (coffre.ingest / "kek.2").write_bytes(os.urandom(32))

    with pytest.raises(Misconfigured, match=r"kek\.2.* n’est pas celle que le coffre connaît"):
        coffre.add()

    assert coffre.rows() == []


def test_the_first_key_makes_its_epoch_known_and_another_folder_is_refused(coffre: Vault, tmp_path: Path) -> None:
    provisioning.create_secrets(tmp_path / "autre")
    other = KekRing.load(tmp_path / "autre" / "ingest")
    key = coffre.add()

    with pytest.raises(Misconfigured, match="n’est pas celle"):
        coffre.add(other)

    assert coffre.opened() == {key.key_id: key}


def test_a_vault_of_before_is_proven_by_a_key_it_holds(coffre: Vault, tmp_path: Path) -> None:
    """Keys that were there before fingerprints were: the first folder that comes may not be theirs."""
    provisioning.create_secrets(tmp_path / "autre")
    keys = coffre.fill(1, ("vault.key",))

    with pytest.raises(Misconfigured, match="n’est pas celle"):
        coffre.add(KekRing.load(tmp_path / "autre" / "ingest"))
    key = coffre.add()

    assert coffre.opened() == keys | {key.key_id: key}


def test_a_stale_ring_does_not_bring_a_retired_epoch_back_into_an_emptied_vault(coffre: Vault) -> None:
    old = KekRing(KekRing.load(coffre.ingest).keys)
    coffre.rotate()

    with pytest.raises(UnknownEpoch):
        coffre.add(old)

    assert coffre.epochs() == [2]


def test_an_epoch_that_was_brought_back_is_retired_and_destroyed_again(coffre: Vault) -> None:
    old, mark = (coffre.ingest / "kek.1").read_bytes(), KekRing.load(coffre.ingest).fingerprint(1)
    coffre.rotate()
    kek_files.write(coffre.ingest / "kek.1", old)
    with closing(coffre.connect()) as conn:  # what versions before this one did by themselves
        conn.execute("insert into vault.epoch (epoch, fingerprint, in_force_at) values (1, %s, now())", (mark,))

    assert coffre.rotate().epoques_detruites == [1, 2]

    assert (coffre.epochs(), coffre.files()) == ([3], [["kek.3"], ["kek.3"]])


def test_a_foreign_key_of_another_number_is_not_handed_out(coffre: Vault) -> None:
    kek_files.write(coffre.ingest / "kek.9", os.urandom(32))

    coffre.rotate()

    assert coffre.files() == [["kek.2", "kek.9"], ["kek.2"]]


def test_a_folder_that_is_another_vaults_changes_nothing(coffre: Vault) -> None:
    coffre.fill(1)
    (coffre.ingest / "kek.1").write_bytes(os.urandom(32))

    with pytest.raises(Misconfigured, match="n’est pas celle"):
        coffre.rotate()

    assert coffre.epochs() == [1]


def test_an_old_key_that_a_backup_of_the_folder_brings_back_is_destroyed_again(coffre: Vault) -> None:
    old = (coffre.ingest / "kek.1").read_bytes()
    coffre.rotate()
    kek_files.write(coffre.deliver / "kek.1", old)
    kek_files.write(coffre.ingest / "kek.1", os.urandom(32))  # another deployment's: not ours to destroy

    assert not coffre.rotate(min_age=1).tournee

    assert coffre.files() == [["kek.1", "kek.2"], ["kek.2"]]


def test_a_database_made_anew_takes_the_epoch_of_the_folder_that_stayed(server: Settings, tmp_path: Path) -> None:
    with new_vault(server, tmp_path / "avant") as before:
        before.rotate()
    with new_vault(server, tmp_path / "apres") as after:
        for folder in (after.ingest, after.deliver):
            (folder / "kek.1").unlink()
            shutil.copy(before.ingest / "kek.2", folder)
        with closing(after.connect(autocommit=False)) as conn:
            assert epochs.wrapping(conn, KekRing.load(after.ingest)) == 2
            conn.commit()
        after.rotate()
        keys = after.fill(1, ("vault.key",))
        after.rotate()

        assert after.opened() == keys
