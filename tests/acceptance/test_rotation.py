"""Key epochs: no kill loses a key while files flow, and yesterday's copy gives nobody back who was erased since."""

import json
import os
import random
import shutil
import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from helpers import sealed
from helpers.run import AUTHORITIES, SUBSCRIBERS, Run
from helpers.subscribers import subscribed
from helpers.system import System, reported, running, synth
from helpers.wait import eventually

from bus.errors import Misconfigured
from bus.sealing import DataKey, KekRing
from producers.journal.spool import Spooled

KILLS = [
    "rotate.after_draw",
    "rotate.after_declare",
    "rotate.after_hand_out",
    "rotate.after_switch",
    "rotate.mid_batch",
    "rotate.after_batch",
    "rotate.before_retire",
    "rotate.mid_retire",
    "rotate.after_retire",
    "rotate.mid_destroy",
    "rotate.after_destroy",
]
"""In the order in which one rotation passes them: each run goes on from the previous death and dies further on."""
ONE_SHOT = "ingest.mid_file"
SUBSCRIBER = SUBSCRIBERS[0]
REFUSED = b"<Racine>ceci n'est pas un flux</Racine>"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("epoques")
    world = synth(folder / "monde", authorities=AUTHORITIES[:1], households=40, months=2, seed=7, options=[])
    with running(folder / "bus") as system, subscribed(system, [SUBSCRIBER], folder) as receivers:
        run = Run(system, world, receivers)
        refused = folder / "refuse.xml"
        refused.write_bytes(REFUSED)
        reported(system.drop([refused]))
        flow(run, folder / "mort")
        eventually(lambda: len(run.bodies(SUBSCRIBER)) >= run.owed(SUBSCRIBER).total(), timeout=180, what="deliveries")
        yield run


def flow(run: Run, tokens: Path) -> None:
    """Feed the first half of the days; then, at each point, some of the others while a rotation dies there."""
    days = run.world.days(7)
    chance = random.Random(7)  # noqa: S311 - reproducible
    half = len(days) // 2
    rest = len(days) - half
    tokens.mkdir()
    feed(run, days[:half], chance)
    mortal = System(run.system.data, run.system.env | {"BUS_FAILPOINTS_DIR": str(tokens)})
    taken = []
    with ThreadPoolExecutor(1) as beside:
        for number, point in enumerate(KILLS):
            share = days[half + number * rest // len(KILLS) : half + (number + 1) * rest // len(KILLS)]
            feeding = beside.submit(feed, run, share, chance)
            die(mortal, tokens, point, "vault", "rotate")
            taken.append(len(accepted(run.system)))
            if point == "rotate.after_switch":
                kill_roles(run.system)
                die(mortal, tokens, ONE_SHOT, "ingest", str(last_to_come(run)), "--source", "cnaf")
            feeding.result()
    assert taken[0] < taken[-1], "no file was accepted between the first death and the last"


def die(mortal: System, tokens: Path, point: str, *command: str) -> None:
    (tokens / f"{point}@1#0").touch()
    killed = mortal.bus(*command, check=False)
    assert killed.returncode == -signal.SIGKILL, (point, killed.returncode, killed.stderr)


def last_to_come(run: Run) -> Path:
    """Give the last file that tells of somebody, long before the feeding reaches it."""
    told = [file for file in run.world.truth["fichiers"] if file["valides"] and file["genre"] != "contact"]
    return run.world.folder / str(max(told, key=lambda file: str(file["jour"]))["nom"])


def kill_roles(system: System) -> None:
    """Ingest and deliver die as well, with two epochs in force; who watches over them starts them again."""
    eventually(system.ready, timeout=120, what="every role ready")
    pids = system.pids()
    for role in ("ingest", "deliver"):
        os.kill(pids[role], signal.SIGKILL)


def accepted(system: System) -> list[Path]:
    reports = (system.data / "depot").glob("*.rapport.json")
    return [path for path in reports if json.loads(path.read_text(encoding="utf-8"))["verdict"] == "accepte"]


def feed(run: Run, days: list[list[Path]], chance: random.Random) -> None:
    for day in days:
        run.feed_day(day, chance, timeout=300)


def kek_names(system: System) -> list[list[str]]:
    return [sorted(file.name for file in (system.data / "secrets" / role).iterdir() if "kek" in file.name)
            for role in ("ingest", "deliver")]  # fmt: skip


def test_every_point_of_a_rotation_killed_it_once(run: Run) -> None:
    log = (run.system.data.parent / "mort" / "hits.log").read_text().split()

    assert Counter(log) == Counter([*KILLS, ONE_SHOT])


def test_the_rotation_is_over_and_the_old_key_is_nowhere(run: Run) -> None:
    status = run.system.read("vault", "status")

    assert (status["epoque"], status["rotation"], status["cles_a_rechiffrer"]) == (2, "repos", 0)
    assert {one["role"] for one in status["detenteurs"] if one["actif"]} == {"ingest", "deliver"}
    assert kek_names(run.system) == [["kek.2"], ["kek.2"]]


def test_no_key_is_lost_and_deliveries_went_on(run: Run) -> None:
    names, lost = sealed.opened(run.system)

    assert names
    assert lost == set()
    run.check(SUBSCRIBER)
    with psycopg.connect(run.system.status()["plateforme"]["base"]["dsn"]) as conn:
        fates = {state for (state,) in conn.execute("select distinct etat from ledger.delivery")}
    assert fates == {"livree"}


def test_a_refused_file_of_before_still_opens(run: Run) -> None:
    ring = KekRing.load(run.system.data / "secrets" / "ingest")
    with psycopg.connect(run.system.status()["plateforme"]["base"]["dsn"]) as conn:
        row = conn.execute(
            "select s.flux_id, k.key_id, k.epoch, k.wrapped from journal.spool s"
            " join vault.owned_key k using (key_id) where s.file_name = 'refuse.xml'"
        ).fetchone()
    assert row is not None
    path = run.system.data / "spool" / f"{row[0].removeprefix('sha256:')}.scelle"
    copy = Spooled(row[0], ring.unwrap(row[1], row[2], bytes(row[3])), path, "cnaf", "", None, datetime.now(UTC))

    assert b"".join(copy.chunks()) == REFUSED


def test_yesterdays_copy_with_todays_keys_gives_the_erased_person_back_to_nobody(run: Run, tmp_path: Path) -> None:
    """Comes last: it stops the system."""
    system, copy = run.system, System(tmp_path / "hier", run.system.env)
    yesterday = KekRing.load(system.data / "secrets" / "ingest")
    _copy(system, copy)
    before = set(sealed.keys(system))

    system.bus("personne", "effacer", stdin=_told_about(run) + "\n")
    system.bus("vault", "rotate")

    today = sealed.keys(system)
    (erased,) = before - today.keys()
    system.bus("dev", "down")
    shutil.copytree(system.data / "secrets", copy.data / "secrets")
    copy.bus("dev", "up", "--detach", "--platform-only")
    try:
        _no_wrapped_key_opens(copy, yesterday, erased)
        _the_others_read(copy, today, erased)
    finally:
        copy.bus("dev", "down")
    _not_on_any_disk(yesterday.keys[2], [system, copy])


def _copy(system: System, copy: System) -> None:
    """Copy everything that the system has on disk, secrets aside, as a cold backup does."""
    system.bus("dev", "down")
    shutil.copytree(system.data, copy.data, ignore=shutil.ignore_patterns("secrets", "*.pid", ".s.PGSQL*"))
    system.bus("dev", "up", "--detach")


def _told_about(run: Run) -> str:
    """Give the NIR of somebody of whom something was told."""
    told = {e["personne"] for e in run.world.truth["evenements"]}
    nirs = [p["identite"]["nir13"] for p in run.world.truth["personnes"]
            if p["cle"] in told and p["identite"].get("nir13")]  # fmt: skip
    return str(random.Random(7).choice(nirs))  # noqa: S311 - reproducible


def _no_wrapped_key_opens(copy: System, yesterday: KekRing, erased: str) -> None:
    now = KekRing.load(copy.data / "secrets" / "ingest")
    assert now.keys.keys() == {3}
    with psycopg.connect(copy.status()["plateforme"]["base"]["dsn"]) as conn:
        rows = conn.execute(
            "select key_id, epoch, wrapped from vault.key union all select key_id, epoch, wrapped from vault.owned_key"
        ).fetchall()
    assert erased in {key_id for key_id, _, _ in rows}
    for key_id, epoch, wrapped in rows:
        yesterday.unwrap(key_id, epoch, bytes(wrapped))  # the copy is a good one: only the key is missing
        for secret in now.keys.values():
            with pytest.raises(Misconfigured):
                replace(now, keys={epoch: secret}, folder=None).unwrap(key_id, epoch, bytes(wrapped))


def _the_others_read(copy: System, today: dict[str, DataKey], erased: str) -> None:
    """From yesterday's topics, outbox and ledger, the keys of today open all that is others', and nothing of theirs."""
    for found in (list(sealed.in_topics(copy)), list(sealed.parts(copy))):
        names, lost = sealed.openable(found, today)
        assert names
        assert lost == {erased}


def _not_on_any_disk(secret: bytes, systems: list[System]) -> None:
    today = KekRing.load(systems[0].data / "secrets" / "ingest").keys[3]
    seen: dict[str, list[Path]] = {"yesterday": [], "today": []}
    for system in systems:
        for path in system.data.rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                seen["yesterday"] += [path] * (secret in content)
                seen["today"] += [path] * (today in content)
    assert seen["today"]  # the scan sees what is there
    assert seen["yesterday"] == []
