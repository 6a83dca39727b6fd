"""A data folder that a release left behind, killed at once, opens with this one: nothing owed is lost or told twice."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from alembic.script import ScriptDirectory
from helpers import stores
from helpers.oracle import check_order, difference, once, told, who_is_who
from helpers.release import ABSENT, SERVED, Release, digests, halves, invented, released
from helpers.run import Run
from helpers.sealed import opened
from helpers.subscribers import subscribed
from helpers.system import reported, running

import bus.migrations
from streams.encoding import decode
from streams.store import PERSON, Store

KEPT_STORE = 2  # one local store in two goes: the changelog must give those back


@dataclass
class Upgrade:
    release: Release
    run: Run


@pytest.fixture(scope="module", params=released(), ids=lambda release: release.version)
def upgrade(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upgrade]:
    """Open the folder, serve both organisations, feed the month that the old release never saw."""
    release: Release = request.param
    folder = tmp_path_factory.mktemp("release")
    world = invented(folder / "monde")
    before, after = halves(world)
    assert digests(before) == release.files, (
        "bus synth invents other files than those the release was fed with: pack it again (tests/releases/write.py)"
    )
    data = release.open_in(folder)
    forget_stores(data)
    with running(data) as system, subscribed(system, [SERVED, ABSENT], folder) as receivers:
        run = Run(system, world, receivers)
        for day in after:
            run.reports += reported(system.drop(day))
        run.settle_one(ABSENT, run.owed(ABSENT).total(), timeout=120)
        run.settle_one(SERVED, run.owed(SERVED).total() - len(release.received), timeout=60)
        yield Upgrade(release, run)


def forget_stores(data: Path) -> None:
    """Lose half of the local state of the stream stage, as a worker on another machine would."""
    stores_ = sorted(current.parent for current in (data / "etat").rglob("CURRENT"))
    assert len(stores_) > 1
    for store in stores_[::KEPT_STORE]:
        for file in store.iterdir():
            file.unlink()
        store.rmdir()


def test_deliveries_that_waited_arrive_with_those_of_the_new_month_in_order_without_gap(upgrade: Upgrade) -> None:
    upgrade.run.check(ABSENT)
    check_order(upgrade.run.bodies(ABSENT))


def test_what_was_delivered_before_is_not_told_again_and_the_rest_is(upgrade: Upgrade) -> None:
    run, release = upgrade.run, upgrade.release
    had = {line["webhook_id"] for line in release.received}
    new = once(line for line in run.receivers[SERVED.name].lines() if line["webhook_id"] not in had)

    facts = release.facts() + told(new, who_is_who(run.world.truth))

    assert facts == run.owed(SERVED), difference(facts, run.owed(SERVED))


def test_sequences_go_on_where_the_old_release_stopped(upgrade: Upgrade) -> None:
    lanes: dict[str, set[int]] = {}
    for line in upgrade.release.received:
        lanes.setdefault(line["subject"], set()).add(line["sequence"])
    for body in upgrade.run.bodies(SERVED):
        lanes.setdefault(body["subject"], set()).add(body["sequence"])

    for subject, numbers in lanes.items():
        assert numbers == set(range(1, len(numbers) + 1)), subject


def test_every_part_sealed_by_the_old_release_still_opens(upgrade: Upgrade) -> None:
    keys, unreadable = opened(upgrade.run.system)

    assert keys
    assert not unreadable


def test_the_state_that_the_old_release_wrote_is_read_and_continued(upgrade: Upgrade, tmp_path: Path) -> None:
    """Half of the stores are those it left, half are made again from the changelog that it wrote."""
    left = {key: data for store in stores_of(upgrade.release.open_in(tmp_path / "left")) for key, data in store.items()}
    now = dict(persons_of(upgrade.run, tmp_path))

    assert left.keys() <= now.keys()
    untouched = {key for key, data in left.items() if now[key] == data}
    assert 0 < len(untouched) < len(left)
    for key, data in left.items():
        old, new = decode(data), decode(now[key])
        assert old.situations.keys() <= new.situations.keys()
        assert new.journal == old.journal
        assert new.vu > old.vu or key in untouched


def stores_of(data: Path) -> Iterator[Store]:
    for folder in sorted((data / "etat").rglob("partition-*")):
        store = Store(folder)
        yield store
        store.close()


def persons_of(run: Run, scratch: Path) -> Iterator[tuple[bytes, bytes]]:
    for _, content in stores.state(run.system, scratch):
        key, _, data = content.partition(b"\x1f")
        if key.startswith(PERSON):
            yield key[len(PERSON) :], data


def test_the_database_is_at_the_present_revision(upgrade: Upgrade) -> None:
    with psycopg.connect(upgrade.run.system.status()["plateforme"]["base"]["dsn"]) as conn:
        assert conn.execute("select version_num from alembic_version").fetchall() == [(_head(),)]


def _head() -> str | None:
    return ScriptDirectory(str(Path(bus.migrations.__path__[0]))).get_current_head()


def test_the_packed_folder_shows_nothing_of_anybody(upgrade: Upgrade) -> None:
    needles = stores.Needles(upgrade.run.world.truth)

    found = {where for where, content in upgrade.release.pieces() if needles.in_(content)}

    assert not found
