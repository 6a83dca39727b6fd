import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.errors import InvalidEvent, Misconfigured
from bus.sealing import KekRing, fingerprint, new_key, seal, unseal
from bus.vault.links import Pepper
from bus.vault.provisioning import create_secrets


@given(st.binary(max_size=500))
def test_what_is_sealed_opens_under_the_same_key(plaintext: bytes) -> None:
    key = new_key()

    assert unseal(key, "identite", 1, seal(key, "identite", 1, plaintext)) == plaintext


@given(st.integers(min_value=0, max_value=40), st.integers(min_value=1, max_value=255))
def test_an_altered_part_never_opens(position: int, change: int) -> None:
    key = new_key()
    blob = bytearray(seal(key, "contact", 1, b"ZZ" * 10))
    blob[position % len(blob)] ^= change

    with pytest.raises(InvalidEvent):
        unseal(key, "contact", 1, bytes(blob))


@pytest.mark.parametrize("swap", ["key", "sorte", "version"])
def test_a_part_opens_nowhere_but_in_its_place(swap: str) -> None:
    key = new_key()
    blob = seal(key, "contact", 1, b"secret")

    with pytest.raises(InvalidEvent):
        unseal(
            new_key() if swap == "key" else key,
            "adresse" if swap == "sorte" else "contact",
            2 if swap == "version" else 1,
            blob,
        )


def test_equal_values_of_one_person_have_one_fingerprint_and_of_two_persons_two() -> None:
    one, other = new_key(), new_key()

    assert fingerprint(one, "contact", "x") == fingerprint(one, "contact", "x")
    assert fingerprint(one, "contact", "x") != fingerprint(other, "contact", "x")
    assert fingerprint(one, "contact", "x") != fingerprint(one, "adresse", "x")


def test_a_key_shows_nothing_of_itself() -> None:
    key = new_key()

    assert key.secret.hex() not in repr(key)
    assert repr(key.secret) not in repr(key)


def test_a_wrapped_key_opens_by_its_epoch_after_a_newer_epoch_has_come() -> None:
    first = os.urandom(32)
    epoch, wrapped = KekRing({1: first}).wrap(key := new_key())

    ring = KekRing({1: first, 2: os.urandom(32)})

    assert ring.unwrap(key.key_id, epoch, wrapped) == key
    assert ring.epoch == 2
    with pytest.raises(Misconfigured):
        KekRing({2: ring.keys[2]}).unwrap(key.key_id, epoch, wrapped)
    with pytest.raises(Misconfigured):
        ring.unwrap("k-other", epoch, wrapped)


def test_secrets_are_drawn_once_and_for_their_owner_only(tmp_path: Path) -> None:
    create_secrets(tmp_path)
    first = Pepper.load(tmp_path / "ingest")

    create_secrets(tmp_path)

    assert Pepper.load(tmp_path / "ingest") == first
    assert KekRing.load(tmp_path / "ingest").keys == KekRing.load(tmp_path / "deliver").keys
    assert not (tmp_path / "deliver" / "pepper").exists()
    assert all(file.stat().st_mode & 0o077 == 0 for file in tmp_path.rglob("*"))


def test_a_key_lost_by_one_role_comes_back_from_the_other_and_no_second_one_is_drawn(tmp_path: Path) -> None:
    create_secrets(tmp_path)
    before = KekRing.load(tmp_path / "deliver").keys
    (tmp_path / "ingest" / "kek.1").unlink()

    create_secrets(tmp_path)

    assert KekRing.load(tmp_path / "ingest").keys == before == KekRing.load(tmp_path / "deliver").keys


def test_two_processes_at_once_draw_the_same_secrets(tmp_path: Path) -> None:
    program = (
        "from pathlib import Path; from bus.vault.provisioning import create_secrets;"
        f" create_secrets(Path({str(tmp_path)!r}))"
    )
    racing = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(4)]
    assert [process.wait(60) for process in racing] == [0] * 4

    assert KekRing.load(tmp_path / "ingest").keys == KekRing.load(tmp_path / "deliver").keys
    assert not list(tmp_path.rglob(".*"))


def test_a_missing_secret_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="BUS_SECRETS_DIR"):
        Pepper.load(tmp_path)
    with pytest.raises(Misconfigured, match="BUS_SECRETS_DIR"):
        KekRing.load(None)


def test_digests_of_the_register_are_not_those_of_the_look_up() -> None:
    pepper = Pepper(os.urandom(32), os.urandom(32))
    digest = pepper.civil("00000000052", "DEM", "1990-01-31", "F", "Personne")

    assert pepper.civil("00000000052", "DEM", "1990-01-31", "F", "PERSONNE") == digest
    assert pepper.erased("civil", digest) not in (digest, pepper.erased("nir", digest))
