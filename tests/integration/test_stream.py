"""The stream stage on a real broker: what comes out, and what survives being killed anywhere."""

import shutil
import signal
import uuid
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from helpers.stream_cases import body, phone, record
from helpers.stream_worker import Bench, Worker
from helpers.wait import eventually

from bus import kafka, topics
from bus.platform import Platform
from bus.platform.ports import free_port
from bus.registry import Registry, apply_contract
from streams.person import State

LYON, TARARE = "69123", "69243"


@pytest.fixture
def bench(platform: Platform, tmp_path: Path) -> Bench:
    topics.apply(platform.settings)
    apply_contract(Registry(str(platform.settings.registry_url)))
    return Bench(platform.settings, tmp_path)


def life(person: str, *, ideparte: str = "52", commune: str | None = None) -> list[dict[str, Any]]:
    """Give the events of one person: contact first, entry, new contact, departure, what follows it."""
    return [
        record("contact.mis_a_jour", person=person, scelle=[phone(b"first")]),
        record("rsa.droits_devoirs.entree", day=2, person=person, ideparte=ideparte, commune=commune),
        record("adresse.changee", day=3, person=person, ideparte=ideparte, commune=commune),
        record("contact.mis_a_jour", day=5, person=person, scelle=[phone(b"second")]),
        record("rsa.mutation.sortante", day=9, person=person, ideparte=ideparte, commune=commune),
        record("rsa.mutation.entrante", day=10, person=person, ideparte="21", source="cnaf/caf-211"),
        record("contact.mis_a_jour", day=12, person=person, scelle=[phone(b"third")]),
    ]


def somebody() -> str:
    return uuid.uuid4().hex


def crowd(bench: Bench, count: int) -> None:
    """Feed the lives of several persons, interleaved."""
    lives = [life(somebody()) for _ in range(count)]
    for turn in zip(*lives, strict=True):
        bench.feed(*turn)


def content(state: State) -> State:
    """Give a state without its place in the log, which only the broker knows."""
    return state._replace(journal=0, vu=-1)


def grown(bench: Bench, already: int) -> bool:
    return len(bench.routed("52")) > already


def check_states(bench: Bench) -> None:
    wanted = {key: content(state) for key, state in bench.persons.items()}
    eventually(
        lambda: {key: content(state) for key, state in bench.states().items()} == wanted,
        timeout=30,
        what="the state that the events give",
    )


def test_events_reach_each_authority_enriched_under_their_own_id(bench: Bench) -> None:
    bench.feed(*life(somebody()), *life(somebody(), ideparte="69", commune=LYON))
    bench.feed(*life(somebody(), ideparte="69", commune=TARARE))

    with bench.worker():
        bench.settle("52", "69M", "69D", "21")
        check_states(bench)

    [entry] = [v for _, _, v in bench.routed("69M") if bench.codec.decode(v)["type"] == "rsa.droits_devoirs.entree"]
    added = bench.codec.decode(entry)["enrichissement"]
    assert added["autorite"] == "69M"
    assert [part["octets"] for part in added["contact"]] == [b"first"]


def test_routed_records_carry_the_headers_of_the_contract(bench: Bench) -> None:
    one = record("rsa.droits_devoirs.entree", person=somebody(), ideparte="10")
    trace = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    bench.feed_raw(
        one["cle_personne"], bench.codec.frame(one["type"], 1, body(one)), kafka.event_headers(one, traceparent=trace)
    )

    with bench.worker():
        eventually(lambda: bool(headers_of(bench, "10", one["id"])), timeout=40, what="the routed record")

    headers = headers_of(bench, "10", one["id"])
    assert headers["ce_autorite"] == b"10"
    assert headers["traceparent"] == trace
    assert headers["ce_type"] == b"rsa.droits_devoirs.entree"


def test_what_cannot_be_routed_is_put_aside_as_it_came_with_its_reason(bench: Bench) -> None:
    fine = record("rsa.droits_devoirs.entree", person=somebody())
    wrong: dict[bytes, bytes] = {
        b"avro_illisible": bench.codec.frame(fine["type"], 1, body(fine))[:-9],
        b"schema_inconnu": b"\x00\x7f\xff\xff\xff rien",
        b"cadre_confluent": b"<xml/>",
        b"commune_inconnue": framed(bench, fine, ideparte="69", commune_insee="00000"),
        b"autorite_inconnue": framed(bench, fine, ideparte="999", commune_insee=None),
        b"territoire_absent": framed(bench, fine, ideparte=None, commune_insee=None),
    }
    for value in wrong.values():
        bench.feed_raw(fine["cle_personne"], value, [("ce_id", fine["id"].encode())])

    with bench.worker():
        eventually(
            lambda: len(aside(bench, fine["cle_personne"])) == len(wrong),
            timeout=40,
            what="every wrong record put aside",
        )

    found = {dict(message.headers())["motif"]: message for message in aside(bench, fine["cle_personne"])}
    assert {reason: message.value() for reason, message in found.items()} == wrong
    for message in found.values():
        headers = dict(message.headers())
        assert (headers["etape"], headers["topic"], headers["ce_id"]) == (b"stream", b"evenements", fine["id"].encode())
        assert (int(headers["partition"]) in range(12), headers["offset"].isdigit()) == (True, True)


def test_a_record_under_a_foreign_key_is_put_aside(bench: Bench) -> None:
    one, key = record("rsa.droits_devoirs.entree", person=somebody()), somebody()
    bench.feed_raw(key, bench.codec.frame(one["type"], 1, body(one)))

    with bench.worker():
        eventually(lambda: bool(aside(bench, key)), timeout=40, what="the record put aside")

    assert dict(aside(bench, key)[0].headers())["motif"] == b"cle_differente"


def test_an_erased_person_is_forgotten(bench: Bench) -> None:
    person, other = somebody(), somebody()
    bench.feed(*life(person), *life(other))

    with bench.worker():
        bench.settle("52", "21")
        bench.feed_raw(person, None)
        eventually(lambda: person not in bench.states(), timeout=30, what="the tombstone")

    assert other in bench.states()


@pytest.mark.parametrize("point", ["stream.after_output", "stream.after_changelog", "stream.after_state"])
def test_a_kill_at_any_point_loses_nothing_and_repeats_only_exact_copies(bench: Bench, point: str) -> None:
    tokens = bench.folder / "failpoints"
    tokens.mkdir()
    for number, count in enumerate((1, 2)):
        (tokens / f"{point}@{count}#{number}").touch()

    with bench.worker(BUS_FAILPOINTS_DIR=str(tokens)) as worker:
        for _ in range(2):
            crowd(bench, 20)
            assert worker.ended() == -signal.SIGKILL
            worker.start()
        bench.settle("52", "21")
        check_states(bench)

    assert (tokens / "hits.log").read_text().split() == [point] * 2


def test_a_clean_stop_makes_no_copy(bench: Bench) -> None:
    with bench.worker() as worker:
        for _ in range(3):
            already = len(bench.routed("52"))
            crowd(bench, 20)
            eventually(partial(grown, bench, already), timeout=40, what="a new output")
            worker.signal(signal.SIGTERM)
            assert worker.ended() == 0
            worker.start()
        bench.settle("52", "21")

    ids = [id_ for code in ("52", "21") for _, id_, _ in bench.routed(code)]
    assert len(ids) == len(set(ids))


def test_a_lost_store_is_rebuilt_from_the_changelog(bench: Bench) -> None:
    person = somebody()
    first, rest = life(person)[:4], life(person)[4:]
    with bench.worker() as worker:
        bench.feed(*first)
        bench.settle("52")
        worker.kill()
        shutil.rmtree(bench.folder / "etat")
        worker.start()

        bench.feed(*rest)
        bench.settle("52", "21")
        check_states(bench)


def test_a_restart_reads_only_the_tail_of_the_changelog(bench: Bench) -> None:
    with bench.worker() as worker:
        crowd(bench, 10)
        bench.settle("52", "21")
        worker.signal(signal.SIGTERM)
        assert worker.ended() == 0
        before = worker.said('"records": 0')
        worker.start()
        eventually(lambda: worker.said('"records": 0') == before + 12, timeout=30, what="twelve empty tails")


def test_two_workers_share_the_partitions_and_lose_nothing(bench: Bench) -> None:
    with bench.worker() as first, bench.worker() as second:  # the same folder: each takes its own part of it
        crowd(bench, 30)
        eventually(
            lambda: first.said("state restored") > 0 and second.said("state restored") > 0,
            timeout=40,
            what="two members",
        )
        crowd(bench, 30)
        first.signal(signal.SIGTERM)
        assert first.ended() == 0
        crowd(bench, 30)
        bench.settle("52", "21")
        check_states(bench)


def test_a_worker_that_wakes_after_its_session_undoes_nothing(bench: Bench) -> None:
    persons = [somebody() for _ in range(30)]
    with bench.worker() as sleeper:
        bench.feed(*(one for person in persons for one in life(person)[:2]))
        sleeper_busy(bench, sleeper)
        sleeper.signal(signal.SIGSTOP)
        with bench.worker("autre"):
            bench.feed(*(one for person in persons for one in life(person)[2:5]))
            bench.settle("52")
            sleeper.signal(signal.SIGCONT)
            bench.feed(*(one for person in persons for one in life(person)[5:]))
            bench.settle("52", "21")
        check_states(bench)


@pytest.mark.parametrize("down", [False, True])
def test_an_older_state_written_by_a_lost_worker_does_not_stay(bench: Bench, *, down: bool) -> None:
    lives = {one[0]["cle_personne"]: one for one in (life(somebody()) for _ in range(13))}
    with bench.worker() as worker:
        bench.feed(*(one for events in lives.values() for one in events[:2]))
        bench.settle("52")
        check_states(bench)
        victim, neighbour, partition, older = neighbours(bench)
        bench.feed(*lives[victim][2:4])
        check_states(bench)
        if down:
            worker.signal(signal.SIGTERM)
            assert worker.ended() == 0

        bench.write_state(victim, partition, older)
        if down:
            worker.start()
        bench.feed(*lives[neighbour][2:4])

        check_states(bench)
        assert worker.said("state repaired in the changelog") == 1


def neighbours(bench: Bench) -> tuple[str, str, int, bytes | None]:
    """Give two persons of one partition (among 13 there are two), it, and the present state of the first."""
    seen: dict[int, str] = {}
    for key, (partition, rows) in bench.changelog().items():
        if partition in seen:
            return key, seen[partition], partition, rows[-1]
        seen[partition] = key
    raise AssertionError("fewer persons than partitions")


def sleeper_busy(bench: Bench, worker: Worker) -> None:
    eventually(lambda: worker.code is None and bool(bench.routed("52")), timeout=40, what="a first output")


def test_a_broker_that_dies_and_returns_costs_nothing_but_time(bench: Bench, platform: Platform) -> None:
    with bench.worker() as worker:
        crowd(bench, 20)
        bench.settle("52", "21")

        platform.kill("kafka")
        platform.restart("kafka")
        crowd(bench, 20)
        bench.settle("52", "21", timeout=90)

        check_states(bench)
        assert worker.code is None


def test_without_a_registry_nothing_is_committed_and_the_process_says_so(bench: Bench) -> None:
    before = bench.committed()
    bench.feed(*life(somebody()))

    with bench.worker(BUS_REGISTRY_URL=f"http://127.0.0.1:{free_port()}/apis/ccompat/v7") as worker:
        assert worker.ended(60) == 3
        assert bench.committed() == before
    with bench.worker():
        bench.settle("52", "21")


def framed(bench: Bench, one: dict[str, Any], **territoire: str | None) -> bytes:
    return bench.codec.frame(one["type"], 1, body(one | {"territoire": territoire}))


def aside(bench: Bench, key: str) -> list[Any]:
    return [message for message in bench.read(topics.QUARANTAINE) if message.key() == key.encode()]


def headers_of(bench: Bench, code: str, id_: str) -> dict[str, bytes]:
    for message in bench.read(topics.departement(code)):
        if kafka.header(message.headers(), "ce_id") == id_.encode():
            return dict(message.headers())
    return {}
