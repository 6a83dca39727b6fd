"""Keys as files: whole or absent, and gone for good."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bus.errors import Misconfigured
from bus.sealing import KekRing, UnknownEpoch, new_key
from bus.vault import kek_files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    kek_files.draw(tmp_path / "kek.1")
    return tmp_path


def mark(folder: Path, epoch: int = 1) -> bytes:
    return KekRing.load(folder).fingerprint(epoch)


def test_a_ring_finds_an_epoch_that_arrived_after_it_was_read(folder: Path) -> None:
    ring = KekRing.load(folder)
    kek_files.draw(folder / "kek.2")
    epoch, wrapped = KekRing.load(folder).wrap(key := new_key())

    assert ring.unwrap(key.key_id, epoch, wrapped) == key


def test_a_key_that_is_still_being_copied_does_not_count(folder: Path) -> None:
    (folder / "kek.2").write_bytes(os.urandom(31))
    (folder / "kek.x").write_bytes(os.urandom(32))

    assert KekRing.load(folder).keys.keys() == {1}


def test_a_ring_never_forgets_its_last_key_because_a_folder_is_empty(folder: Path) -> None:
    ring = KekRing.load(folder)
    (folder / "kek.1").unlink()

    ring.reload()

    assert ring.keys.keys() == {1}
    with pytest.raises(UnknownEpoch, match=r"kek\.2"):
        ring.wrap(new_key(), 2)


def test_fingerprints_tell_keys_apart_and_show_none(folder: Path) -> None:
    kek_files.draw(folder / "kek.2")
    ring = KekRing.load(folder)

    assert ring.fingerprint(1) != ring.fingerprint(2)
    assert ring.fingerprint(1) == mark(folder)
    assert ring.fingerprint(1) not in ring.keys[1]


def test_a_destroyed_key_leaves_no_name_and_no_content(folder: Path, tmp_path: Path) -> None:
    twin = tmp_path / "autre-nom"
    os.link(folder / "kek.1", twin)  # looks at the same blocks
    secret, print_ = twin.read_bytes(), mark(folder)

    kek_files.destroy(folder, 1, print_)
    kek_files.destroy(folder, 1, print_)

    assert [file.name for file in folder.iterdir()] == [twin.name]
    assert twin.read_bytes() != secret


def test_what_a_killed_destruction_or_drawing_left_is_destroyed_too(folder: Path) -> None:
    print_ = mark(folder)
    shutil.copy(folder / "kek.1", folder / ".kek.1.4242.abcd")
    (folder / "kek.1").rename(folder / ".kek.1.detruite")

    kek_files.destroy(folder, 1, print_)

    assert list(folder.iterdir()) == []


def test_a_key_installed_for_reading_only_is_destroyed_by_its_owner(nobodys: Path) -> None:
    kek_files.draw(nobodys / "kek.1")
    secret, print_ = (nobodys / "kek.1").read_bytes(), mark(nobodys)
    twin = nobodys / "autre-nom"
    os.link(nobodys / "kek.1", twin)
    twin.chmod(0o400)

    kek_files.destroy(nobodys, 1, print_)

    assert [file.name for file in nobodys.iterdir()] == [twin.name]
    assert twin.read_bytes() != secret


@pytest.fixture
def nobodys() -> Iterator[Path]:
    """A folder of a user for whom modes count; root becomes one for the length of a test."""
    folder = Path(tempfile.mkdtemp())
    root = os.geteuid() == 0
    if root:
        os.chown(folder, 65534, 65534)
        os.seteuid(65534)
    try:
        yield folder
    finally:
        if root:
            os.seteuid(0)
        shutil.rmtree(folder)


def test_a_key_that_cannot_be_read_is_said_by_its_name(nobodys: Path) -> None:
    kek_files.draw(nobodys / "kek.1")
    (nobodys / "kek.1").chmod(0)

    with pytest.raises(Misconfigured, match=r"kek\.1 ne se lit pas"):
        KekRing.load(nobodys)


def test_a_folder_in_the_place_of_a_key_is_said_by_its_name(folder: Path) -> None:
    (folder / "kek.2").mkdir()

    with pytest.raises(Misconfigured, match=r"kek\.2 ne se lit pas"):
        KekRing.load(folder)


def test_only_a_key_that_every_user_may_read_is_exposed(folder: Path) -> None:
    folder.chmod(0o755)
    kek_files.draw(folder / "kek.2")
    (folder / "kek.1").chmod(0o440)
    assert kek_files.exposed(folder) == []

    (folder / "kek.2").chmod(0o644)
    assert kek_files.exposed(folder) == [folder / "kek.2"]

    folder.chmod(0o700)
    assert kek_files.exposed(folder) == []


def test_a_living_key_outlasts_the_second_name_that_a_killed_drawing_left_it(folder: Path) -> None:
    """A crash between link and unlink; the retired epoch of this number was another deployment's."""
    before = (folder / "kek.1").read_bytes()
    os.link(folder / "kek.1", folder / ".kek.1.4242.abcd")

    kek_files.destroy(folder, 1, b"another")

    assert [file.name for file in folder.iterdir()] == ["kek.1"]
    assert (folder / "kek.1").read_bytes() == before


def test_what_was_cut_short_counts_as_there(folder: Path) -> None:
    print_ = mark(folder)
    (folder / "kek.1").rename(folder / ".kek.1.detruite")

    assert kek_files.present(folder) == {1}
    assert kek_files.remains(folder, 1, print_)
    assert not kek_files.remains(folder, 1, b"another")
    kek_files.destroy(folder, 1, print_)
    assert not kek_files.remains(folder, 1, print_)
    assert kek_files.present(folder) == set()


def test_another_deployments_key_of_the_same_number_stays(folder: Path) -> None:
    kek_files.destroy(folder, 1, b"another")

    assert not kek_files.matches(folder, 1, b"another")
    assert KekRing.load(folder).keys.keys() == {1}


def test_a_file_is_written_once_for_its_owner_only(folder: Path) -> None:
    before = (folder / "kek.1").read_bytes()

    kek_files.write(folder / "kek.1", os.urandom(32))

    assert (folder / "kek.1").read_bytes() == before
    assert (folder / "kek.1").stat().st_mode & 0o077 == 0
    assert [file.name for file in folder.iterdir()] == ["kek.1"]


def test_a_folder_without_a_key_is_said(tmp_path: Path) -> None:
    assert not kek_files.matches(tmp_path, 1, b"x")
    with pytest.raises(Misconfigured, match="BUS_SECRETS_DIR"):
        kek_files.copy_missing(tmp_path, tmp_path)
