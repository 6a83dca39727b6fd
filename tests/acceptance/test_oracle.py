"""O1: what subscribers receive is the truth of the invented lives, nothing else, and nothing readable stays behind."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import psycopg
import pytest
from helpers import stores
from helpers.oracle import check_order, copies, leaves
from helpers.run import AUTHORITIES, SUBSCRIBERS, WITHOUT_IDENTITY, Run
from helpers.size import size
from helpers.stores import Needles, Piece
from helpers.subscribers import Subscriber, subscribed
from helpers.system import running, synth
from rocksdict import Options, Rdict

from bus.kafka import producer
from bus.settings import Settings

Read = Callable[[Run, Path], Iterable[Piece]]

STORES: dict[str, Read] = {
    "files": lambda run, _: stores.files(run.system),
    "topics": lambda run, _: stores.topics(run.system),
    "tables": lambda run, _: stores.tables(run.system),
    "state": lambda run, scratch: stores.state(run.system, scratch),
    "metrics": lambda run, _: stores.metrics(run.system),
}


@pytest.fixture(scope="module")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """O1, run once: three authorities, neighbours, movers; read by the tests, changed by none."""
    folder = tmp_path_factory.mktemp("oracle")
    world = synth(
        folder / "monde",
        authorities=AUTHORITIES,
        households=size().households,
        months=size().months,
        seed=7,
        options=[],
    )
    with running(folder / "bus") as system, subscribed(system, SUBSCRIBERS, folder) as receivers:
        run = Run(system, world, receivers)
        run.feed(seed=7)
        run.settle(timeout=300)
        yield run


def test_every_file_ends_in_the_verdict_of_the_truth(oracle: Run) -> None:
    found = {report["fichier"]: report["verdict"] for report in oracle.reports}
    expected, got = defaultdict(list), defaultdict(list)
    for file in oracle.world.truth["fichiers"]:
        octets = hashlib.sha256((oracle.world.folder / file["nom"]).read_bytes()).digest()
        expected[octets].append(file["verdict"])
        got[octets].append(found[file["nom"]])

    # Of two files with the same bytes on one day, whichever came second is the duplicate.
    assert {k: sorted(v) for k, v in got.items()} == {k: sorted(v) for k, v in expected.items()}
    assert {verdict for name, verdict in found.items() if name.startswith("bis.")} <= {"doublon"}


@pytest.mark.parametrize("subscriber", SUBSCRIBERS, ids=lambda s: s.name)
def test_a_subscriber_receives_the_truth_and_nothing_else(oracle: Run, subscriber: Subscriber) -> None:
    oracle.check(subscriber)


@pytest.mark.parametrize("subscriber", SUBSCRIBERS, ids=lambda s: s.name)
def test_each_person_is_told_in_order_without_gap_nor_copy(oracle: Run, subscriber: Subscriber) -> None:
    check_order(oracle.bodies(subscriber))

    assert copies(oracle.receivers[subscriber.name].lines()) == 0


def test_nobody_receives_a_field_outside_the_subscription(oracle: Run) -> None:
    subscriber = next(s for s in SUBSCRIBERS if s.fields == WITHOUT_IDENTITY)

    seen = {path for body in oracle.bodies(subscriber) for path in leaves(body["data"])}

    allowed = ("date_effet", "autorite", "commune_insee", "portee", "donnees.", "situation", "echeances")
    assert seen
    assert not {path for path in seen if not path.startswith(allowed)}


def test_two_organisations_cannot_join_their_pseudonyms(oracle: Run) -> None:
    subjects = {s.name: {body["subject"] for body in oracle.bodies(s)} for s in SUBSCRIBERS}

    assert subjects["cd-52"]
    assert not subjects["cd-52"] & subjects["entrees"]


@pytest.mark.parametrize("store", STORES)
def test_a_store_shows_nothing_of_anybody(oracle: Run, tmp_path: Path, store: str) -> None:
    needles, seen = Needles(oracle.world.truth), 0

    for where, content in STORES[store](oracle, tmp_path):
        seen += 1
        assert not needles.in_(content), f"{where} shows {len(needles.in_(content))} value(s)"

    assert seen, "the scan has read nothing"


def test_the_scan_finds_what_is_planted_in_a_file(oracle: Run) -> None:
    planted = oracle.system.data / "spool" / "canary"
    planted.parent.mkdir(exist_ok=True)
    planted.write_bytes(b"\x00\x12" + _name(oracle) + b"\x01")
    try:
        found = _where(oracle, stores.files(oracle.system))
    finally:
        planted.unlink()

    assert found == {"spool/canary"}


def test_the_scan_finds_what_is_planted_in_two_byte_characters(oracle: Run) -> None:
    text = _name(oracle).decode().encode("utf-16-le")

    assert Needles(oracle.world.truth).in_(b"\x01" + text)


def test_the_scan_finds_what_is_planted_in_a_topic(oracle: Run) -> None:
    settings = Settings.load(oracle.system.data)
    sender = producer(settings)
    sender.produce("quarantaine", value=b"\x00" + _name(oracle))
    assert sender.flush(30) == 0

    assert "topic quarantaine" in _where(oracle, stores.topics(oracle.system))


def test_the_scan_finds_what_is_planted_in_a_table(oracle: Run) -> None:
    with psycopg.connect(oracle.system.status()["plateforme"]["base"]["dsn"], autocommit=True) as conn:
        conn.execute("create table public.canary as select repeat('x', 9000) || %s as t", (_name(oracle).decode(),))
        try:
            assert _where(oracle, stores.tables(oracle.system)) == {"table public.canary"}
        finally:
            conn.execute("drop table public.canary")


def test_the_scan_finds_what_is_planted_in_the_state(oracle: Run, tmp_path: Path) -> None:
    planted = oracle.system.data / "etat" / "canary"
    store = Rdict(str(planted), options=Options(raw_mode=True))
    store[b"k"] = _name(oracle)
    store.close()
    try:
        assert _where(oracle, stores.state(oracle.system, tmp_path)) == {"state"}
    finally:
        Rdict.destroy(str(planted), options=Options(raw_mode=True))


def _name(oracle: Run) -> bytes:
    name: str = oracle.world.truth["personnes"][0]["identite"]["nom"]
    return name.encode()


def _where(oracle: Run, pieces: Iterable[Piece]) -> set[str]:
    needles = Needles(oracle.world.truth)
    return {where for where, content in pieces if needles.in_(content)}
