"""Nothing readable at rest: no store shows a name, an identifier, a phone or a mail, raw or decoded."""

from collections.abc import Callable, Iterable
from pathlib import Path

import psycopg
import pytest
from helpers import stores
from helpers.run import Run
from helpers.stores import Needles, Piece
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
