"""Rotating the KEK on a real database: whatever happens meanwhile, every key opens, and the old one is gone."""

import os
import shutil
import signal
import subprocess
import sys
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

from bus import db
from bus.errors import Misconfigured, Refused
from bus.platform.postgres import database
from bus.sealing import DataKey, KekRing, UnknownEpoch, new_key
from bus.settings import Settings
from bus.vault import epochs, holding, kek_files, provisioning
from bus.vault.epoch_report import finding, report
from bus.vault.keys import keys_by_id
from bus.vault.rotation import Rotated, strike_out
from bus.vault.rotation_site import Folders
from guichet.commands.vault import _told
from producers.ingest import Ingest
from producers.journal import decision
from producers.journal.observation import Source
from producers.journal.staging import Staging
from producers.journal.verdict import Verdict


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
    copied = _rows(coffre)
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


def _rows(coffre: Vault) -> list[tuple[str, int, bytes]]:
    with closing(coffre.connect()) as conn:
        rows = conn.execute("select key_id, epoch, wrapped from vault.key").fetchall()
    return [(name, epoch, bytes(wrapped)) for name, epoch, wrapped in rows]


def test_an_epoch_young_enough_stays(coffre: Vault) -> None:
    assert not coffre.rotate(min_age=1).tournee
    assert coffre.epochs() == [1]


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
        report = ingestion.file(file, Source.CNAF)

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
        for text in decision._MERGE
    )
    assert paused != decision._MERGE
    monkeypatch.setattr(decision, "_MERGE", paused)
    file = coffre.settings.data_dir / "mensuel.xml"
    file.write_bytes(mensuel(Foyer(who=(Who(nir=nir13(1)),))).octets())

    with closing(coffre.connect()) as gate, Ingest(coffre.settings) as ingestion, ThreadPoolExecutor(1) as beside:
        gate.execute("select pg_advisory_lock(99)")
        taking = beside.submit(ingestion.file, file, Source.CNAF)
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


def test_a_second_rotation_is_refused(coffre: Vault) -> None:
    with closing(coffre.connect("bus_rotate")) as other:
        other.execute("select pg_advisory_lock(%s)", (db.LOCK_ROTATE,))

        with pytest.raises(Refused, match="une autre rotation"):
            coffre.rotate()

    assert coffre.epochs() == [1]


def test_a_role_that_lacks_the_new_key_holds_the_switch_up_until_it_has_it(coffre: Vault, tmp_path: Path) -> None:
    keys = coffre.fill(5)
    elsewhere = tmp_path / "ailleurs"
    shutil.copytree(coffre.deliver, elsewhere)
    here = Folders(coffre.ingest, None)
    with holding.holding(coffre.settings, "bus_deliver", KekRing.load(elsewhere)):
        with pytest.raises(Refused, match=rf"époque 2 .*deliver \(.*{elsewhere}#.*copiez kek\.2"):
            coffre.rotate(here, patience=1)
        assert coffre.epochs() == [1, 2]
        assert _epochs_of_keys(coffre) == [1]

        shutil.copy(coffre.ingest / "kek.2", elsewhere / "kek.2")
        outcome = coffre.rotate(here)

        assert (outcome.reprise, outcome.epoques_detruites) == (True, [1])
        assert sorted(file.name for file in elsewhere.glob("kek*")) == ["kek.2"]
    shutil.copy(coffre.ingest / "kek.2", coffre.deliver / "kek.2")
    (coffre.deliver / "kek.1").unlink()
    assert coffre.opened() == keys


def _epochs_of_keys(coffre: Vault) -> list[int]:
    with closing(coffre.connect()) as conn:
        return [
            epoch for (epoch,) in conn.execute("select epoch from vault.key union select epoch from vault.owned_key")
        ]


DESTROY = """
import sys
from pathlib import Path
from bus.vault import kek_files
kek_files.destroy(Path(sys.argv[1]), 1, kek_files.mark(Path(sys.argv[1], "kek.1").read_bytes()))
"""


def test_a_destruction_that_a_kill_cut_short_is_finished_by_the_role_that_comes_back(
    coffre: Vault, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "ailleurs"
    shutil.copytree(coffre.deliver, elsewhere)
    coffre.rotate()
    shutil.copy(coffre.deliver / "kek.2", elsewhere)
    failpoints = tmp_path / "mort"
    failpoints.mkdir()
    (failpoints / "kek.mid_destroy@1").touch()
    died = subprocess.run(
        [sys.executable, "-c", DESTROY, str(elsewhere)],
        env=os.environ | {"BUS_FAILPOINTS_DIR": str(failpoints)},
        check=False,
    )
    assert died.returncode == -signal.SIGKILL
    assert (elsewhere / ".kek.1.detruite").exists()

    with closing(coffre.connect("bus_deliver")) as conn:
        holding.look(conn, "bus_deliver", KekRing.load(elsewhere))

    assert sorted(file.name for file in elsewhere.glob("*kek*")) == ["kek.2"]


def test_a_retired_key_that_its_role_cannot_destroy_counts_as_held_whatever_its_name(
    coffre: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "ailleurs"
    shutil.copytree(coffre.deliver, elsewhere)
    mark = KekRing.load(elsewhere).fingerprint(1)
    coffre.rotate()
    shutil.copy(coffre.deliver / "kek.2", elsewhere)
    (elsewhere / "kek.1").rename(elsewhere / ".kek.1.detruite")
    monkeypatch.setattr(Path, "chmod", _not_ours)  # as for another user's file, root or not

    with closing(coffre.connect("bus_deliver")) as conn:
        holding.look(conn, "bus_deliver", KekRing.load(elsewhere))
        (holder,) = epochs.load(conn).holders

    assert sorted(holder.held) == [1, 2]
    assert holder.held[1] == mark


def _not_ours(path: Path, mode: int) -> None:
    raise PermissionError(path, mode)


def test_a_silent_place_that_held_the_key_keeps_it_from_being_called_destroyed(coffre: Vault, tmp_path: Path) -> None:
    elsewhere = tmp_path / "ailleurs"
    shutil.copytree(coffre.deliver, elsewhere)
    with holding.holding(coffre.settings, "bus_deliver", KekRing.load(elsewhere)):
        eventually(lambda: _places(coffre), timeout=30, what="a place that is told")
    (place,) = _places(coffre)

    with pytest.raises(Refused, match=r"ailleurs#\w{8}, muet.*bus vault oublier"):
        coffre.rotate(patience=1)

    with closing(coffre.connect("bus_guichet")) as conn:
        found = report(conn)
    assert finding(found)
    assert [one["detruite_le"] for one in found["retirees"]] == [None]
    assert [(one["lieu"], one["actif"], one["epoques_retirees"]) for one in found["detenteurs"]] == [
        (place, False, [1])
    ]
    shutil.copy(coffre.deliver / "kek.2", elsewhere)
    with holding.holding(coffre.settings, "bus_deliver", KekRing.load(elsewhere)):  # it comes back
        assert coffre.rotate(min_age=1).epoques_detruites == [1]
    assert not list(elsewhere.glob("*kek.1*"))


def test_a_place_that_exists_no_more_is_struck_out_by_the_operator_alone(coffre: Vault, tmp_path: Path) -> None:
    elsewhere = tmp_path / "ailleurs"
    shutil.copytree(coffre.deliver, elsewhere)
    with closing(coffre.connect("bus_rotate")) as conn:
        with holding.holding(coffre.settings, "bus_deliver", KekRing.load(elsewhere)):
            eventually(lambda: _places(coffre), timeout=30, what="a place that is told")
            with pytest.raises(Refused, match="tourne encore"):
                strike_out(conn, "*/ailleurs#*")
        with pytest.raises(Refused, match="aucun lieu"):
            strike_out(conn, "inconnu")

        assert len(strike_out(conn, "*/ailleurs#*")) == 1
    assert coffre.rotate(patience=0).epoques_detruites == [1]


def test_a_stopped_role_whose_folder_the_rotation_itself_cleans_is_not_waited_for(coffre: Vault) -> None:
    with closing(coffre.connect("bus_deliver")) as conn:
        holding.look(conn, "bus_deliver", KekRing.load(coffre.deliver))
        conn.execute("update vault.holder set left_at = now()")

    assert coffre.rotate(patience=0).epoques_detruites == [1]
    with closing(coffre.connect("bus_guichet")) as conn:
        assert not finding(report(conn))


def test_two_machines_of_one_name_are_two_places_and_one_renamed_is_one(
    coffre: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy of a folder at the same path of another container: here, the path is made to look the same."""
    elsewhere = tmp_path / "ailleurs"
    holding.place_of(coffre.deliver)  # so that the copy holds the same mark
    shutil.copytree(coffre.deliver, elsewhere)
    monkeypatch.setattr(Path, "resolve", lambda _path: Path("/run/secrets"))
    with closing(coffre.connect("bus_deliver")) as conn:
        for folder in (coffre.deliver, elsewhere):
            holding.look(conn, "bus_deliver", KekRing.load(folder))
        assert len(_places(coffre)) == 2

        monkeypatch.setattr("socket.gethostname", lambda: "autre-nom")
        holding.look(conn, "bus_deliver", KekRing.load(elsewhere))

    assert sorted(place.startswith("autre-nom:") for place in _places(coffre)) == [False, True]


def _places(coffre: Vault) -> list[str]:
    with closing(coffre.connect("bus_guichet")) as conn:
        return [one.place for one in epochs.load(conn).holders]


def test_a_role_that_nobody_ever_saw_and_no_folder_reaches_holds_the_switch_up(coffre: Vault) -> None:
    with pytest.raises(Refused, match=r"deliver \(aucun processus vu"):
        coffre.rotate(Folders(coffre.ingest, None), patience=0)

    assert coffre.rotate().epoques_detruites == [1]


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

    assert _rows(coffre) == []


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
