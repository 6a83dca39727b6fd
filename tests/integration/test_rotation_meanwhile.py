"""Rotating the KEK while others read, write, erase or take a file in: no key is ever lost."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from helpers.rotating import Vault, new_vault
from helpers.vrsb_file import Foyer, Who, mensuel, nir13
from helpers.wait import eventually

from bus.errors import Refused
from bus.platform.postgres import database
from bus.sealing import DataKey, KekRing, new_key
from bus.settings import Settings
from bus.vault import epochs
from bus.vault.keys import keys_by_id
from bus.vault.rotation import Rotated
from producers.ingest import Ingest
from producers.journal import merging
from producers.journal.staging import Staging
from producers.journal.verdict import Verdict
from producers.registry import SOURCES


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    folder = tmp_path_factory.mktemp("rotation")
    with database(Settings(data_dir=folder)) as settings:
        yield settings


@pytest.fixture
def coffre(server: Settings, tmp_path: Path) -> Iterator[Vault]:
    with new_vault(server, tmp_path) as found:
        yield found


class Background:
    """A rotation in a thread of its own."""

    def __init__(self, coffre: Vault) -> None:
        self.outcome: Rotated | None = None
        self.error: BaseException | None = None
        self._coffre = coffre
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.outcome = self._coffre.rotate()
        except BaseException as error:  # noqa: BLE001 - told by join
            self.error = error

    def join(self) -> Rotated:
        self._thread.join(60)
        assert not self._thread.is_alive()
        assert self.error is None
        assert self.outcome is not None
        return self.outcome


def test_a_key_of_a_transaction_that_was_open_during_the_switch_is_never_lost(coffre: Vault) -> None:
    ring, key = KekRing.load(coffre.ingest), new_key()
    with closing(coffre.connect(autocommit=False)) as writer:
        _, wrapped = ring.wrap(key, epochs.wrapping(writer, ring))

        rotation = Background(coffre)
        eventually(
            lambda: any("tient encore" in line for line in coffre.said), timeout=30, what="a rotation that waits"
        )
        assert coffre.files() == [["kek.1", "kek.2"]] * 2
        writer.execute("insert into vault.key values (%s, 'essai', 1, %s)", (key.key_id, wrapped))
        writer.commit()

    rotation.join()
    assert coffre.opened() == {key.key_id: key}
    assert coffre.epochs() == [2]


def test_an_erasure_under_way_is_neither_awaited_by_the_others_nor_undone(coffre: Vault) -> None:
    keys = coffre.fill(3, ("vault.key",))
    gone = next(iter(keys))
    with closing(coffre.connect("bus_guichet", autocommit=False)) as eraser:
        eraser.execute("delete from vault.key where key_id = %s", (gone,))
        rotation = Background(coffre)
        eventually(
            lambda: any("tient encore" in line for line in coffre.said), timeout=30, what="a rotation that waits"
        )
        eraser.commit()

    rotation.join()
    assert coffre.opened().keys() == keys.keys() - {gone}


def test_an_old_ring_wraps_under_the_epoch_that_the_vault_names(coffre: Vault) -> None:
    old, key = KekRing.load(coffre.ingest), new_key()
    coffre.rotate()

    with closing(coffre.connect(autocommit=False)) as writer:
        staging = Staging(writer, old)
        staging.add_key("staged_key", key, "essai")
        staging.flush()
        writer.commit()

    assert coffre.opened() == {key.key_id: key}


def test_the_database_refuses_a_key_under_an_epoch_that_is_gone(coffre: Vault) -> None:
    epoch, wrapped = KekRing.load(coffre.ingest).wrap(key := new_key())
    coffre.rotate()

    for table in ("vault.key", "vault.owned_key", "journal.staged_key", "journal.staged_owned_key"):
        statement = f"insert into {table} values (%s, %s, %s, %s)"  # noqa: S608 - names of ours
        with closing(coffre.connect()) as conn, pytest.raises(psycopg.errors.ForeignKeyViolation):
            conn.execute(statement.encode(), (key.key_id, "essai", epoch, wrapped))


def test_a_file_taken_in_across_a_whole_rotation_loses_nobody(coffre: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    file = coffre.settings.data_dir / "mensuel.xml"
    file.write_bytes(
        mensuel(Foyer(who=(Who(nir=nir13(1)), Who(prenom="LEO", role="CJT", nir=nir13(2), sexe="1")))).octets()
    )
    rotations: list[Rotated] = []

    def between_batch_and_verdict(name: str) -> None:
        if name == "ingest.mid_file":
            rotations.append(coffre.rotate())

    monkeypatch.setattr("bus.failpoints.hit", between_batch_and_verdict)

    with Ingest(coffre.settings) as ingestion:
        report = ingestion.file(file, SOURCES["cnaf"])

    assert [outcome.cles_rechiffrees for outcome in rotations] == [2]
    assert report.verdict is Verdict.ACCEPTE
    assert len(coffre.opened()) == 2
    assert coffre.epochs() == [2]


def test_a_verdict_that_is_moving_keys_is_awaited(coffre: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    """The statement has read the staged keys as they were and not yet written them when the rotation wants to end."""
    paused = tuple(
        f"{text} where (select pg_advisory_xact_lock_shared(99))::text is not null"
        if text.endswith("from journal.staged_key")
        else text
        for text in merging.STATEMENTS
    )
    assert paused != merging.STATEMENTS
    monkeypatch.setattr(merging, "STATEMENTS", paused)
    file = coffre.settings.data_dir / "mensuel.xml"
    file.write_bytes(mensuel(Foyer(who=(Who(nir=nir13(1)),))).octets())

    with closing(coffre.connect()) as gate, Ingest(coffre.settings) as ingestion, ThreadPoolExecutor(1) as beside:
        gate.execute("select pg_advisory_lock(99)")
        taking = beside.submit(ingestion.file, file, SOURCES["cnaf"])
        try:
            waits = "select 1 from pg_locks where locktype = 'advisory' and objid = 99 and not granted"
            eventually(lambda: gate.execute(waits.encode()).fetchone(), timeout=30, what="a verdict in its middle")
            rotation = Background(coffre)
            eventually(
                lambda: any("tient encore" in line for line in coffre.said), timeout=30, what="a rotation that waits"
            )
        finally:
            gate.execute("select pg_advisory_unlock(99)")
        assert taking.result(60).verdict is Verdict.ACCEPTE
        rotation.join()

    assert len(coffre.opened()) == 1
    assert coffre.epochs() == [2]


class Interrupted(KekRing):
    """A ring between whose reading of a row and its opening a whole rotation takes place, once."""

    meanwhile: Any = None

    def unwrap(self, key_id: str, epoch: int, wrapped: bytes) -> DataKey:
        if (work := self.meanwhile) is not None:
            self.meanwhile = None
            work()
            self.reload()
        return super().unwrap(key_id, epoch, wrapped)


def test_a_reader_with_a_row_of_yesterday_reads_it_again(coffre: Vault) -> None:
    keys = coffre.fill(2, ("vault.key",))
    ring = Interrupted.load(coffre.deliver)
    ring.meanwhile = coffre.rotate

    with closing(coffre.connect("bus_deliver")) as conn:
        assert keys_by_id(conn, ring, keys) == keys


def test_a_transaction_that_stays_open_ends_the_patience_and_loses_nothing(coffre: Vault) -> None:
    keys = coffre.fill(2)
    with closing(coffre.connect(autocommit=False)) as idle:
        epochs.hold(idle)
        with pytest.raises(Refused, match="tient encore une ancienne époque"):
            coffre.rotate(patience=0)

    assert coffre.rotate(min_age=1).epoques_detruites == [1]
    assert coffre.opened() == keys
