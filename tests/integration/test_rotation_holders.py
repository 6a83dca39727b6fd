"""Places that hold the KEK: the switch waits for each of them, and a key is destroyed in all or said not to be."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from helpers.rotating import Vault, new_vault
from helpers.wait import eventually

from bus.errors import Refused
from bus.platform.postgres import database
from bus.sealing import KekRing
from bus.settings import Settings
from bus.vault import epochs, holding
from bus.vault.epoch_report import finding, report
from bus.vault.rotation import strike_out
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
