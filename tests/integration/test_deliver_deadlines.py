"""The promise of fifteen minutes, judged once per delivery on a real ledger, whatever happens to the process."""

import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest
from prometheus_client import REGISTRY, generate_latest

from bus.db import connect
from bus.platform.postgres import database
from bus.settings import Settings
from consumers.ledger import deadlines, ledger
from consumers.ledger.records import Owed

WITHIN = 900.0
TYPE = "rsa.droit.ouvert"
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with database(Settings(data_dir=tmp_path_factory.mktemp("echeances"))) as found:
        yield found


@pytest.fixture
def conn(settings: Settings) -> Iterator[psycopg.Connection]:
    with psycopg.connect(str(settings.database_url), autocommit=True) as owner:
        owner.execute("truncate ledger.delivery, ledger.event, ledger.deadline cascade")
        owner.execute("update ledger.deadline_mark set seq = 0")
    with connect(settings, "bus_deliver", autocommit=True) as found:
        yield found


def owe(conn: psycopg.Connection, accepted: timedelta, *, to: str = "cd", type_: str = TYPE) -> int:
    """Owe a delivery whose event was accepted so long ago; gives its seq."""
    event = Owed(
        uuid.uuid4(), "52", type_, "s", "s", "f", date(2026, 1, 1), datetime.now(UTC) - accepted, b"x", ((to, "p"),)
    )  # fmt: skip
    with conn.transaction():
        ledger.take(conn, "c", [event], {})
    row = conn.execute("select seq from ledger.delivery where event_id = %s", (event.event_id,)).fetchone()
    assert row is not None
    return int(row[0])


def end(conn: psycopg.Connection, seq: int, etat: str, ago: timedelta = timedelta()) -> None:
    conn.execute(
        "update ledger.delivery set etat = %s, ended_at = now() - %s where seq = %s", (etat, ago, seq)
    )  # fmt: skip


def judge(conn: psycopg.Connection, *active: str) -> dict[tuple[str, str], int]:
    return dict(deadlines.judge(conn, active or ("cd",), WITHIN))


def test_received_in_time_is_met_and_late_parked_or_still_waiting_is_missed(conn: psycopg.Connection) -> None:
    end(conn, owe(conn, 20 * MINUTE), "livree", 10 * MINUTE)
    end(conn, owe(conn, 20 * MINUTE), "livree", 2 * MINUTE)
    end(conn, owe(conn, 20 * MINUTE), "parquee", 19 * MINUTE)
    owe(conn, 16 * MINUTE)

    assert judge(conn) == {(TYPE, "met"): 1, (TYPE, "missed"): 3}


def test_what_was_withdrawn_in_time_was_promised_nothing(conn: psycopg.Connection) -> None:
    end(conn, owe(conn, 20 * MINUTE), "retiree", 10 * MINUTE)
    end(conn, owe(conn, 20 * MINUTE), "retiree", 2 * MINUTE)

    assert judge(conn) == {(TYPE, "missed"): 1}


def test_only_active_subscribers_are_judged(conn: psycopg.Connection) -> None:
    end(conn, owe(conn, 20 * MINUTE, to="cd"), "livree", 19 * MINUTE)
    owe(conn, 20 * MINUTE, to="en-panne")

    assert judge(conn, "cd") == {(TYPE, "met"): 1}
    assert judge(conn, "cd", "en-panne") == {(TYPE, "met"): 1}, "each is judged once, by the state of that moment"


def test_a_delivery_waits_for_its_time_and_is_judged_once(conn: psycopg.Connection) -> None:
    end(conn, owe(conn, 20 * MINUTE), "livree", 19 * MINUTE)
    young = owe(conn, 14 * MINUTE)

    assert judge(conn) == judge(conn) == {(TYPE, "met"): 1}
    conn.execute("update ledger.event set published_at = published_at - interval '2 minutes'")
    end(conn, young, "livree", 3 * MINUTE)
    assert judge(conn) == judge(conn) == {(TYPE, "met"): 2}


def test_more_than_a_batch_is_judged_whole(conn: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "BATCH", 3)
    for _ in range(8):
        owe(conn, 20 * MINUTE)

    assert judge(conn) == {(TYPE, "missed"): 8}


def test_a_process_that_dies_while_judging_has_judged_nothing(
    settings: Settings, conn: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    owe(conn, 20 * MINUTE)
    with connect(settings, "bus_deliver") as dying:
        pid = dying.info.backend_pid

        def die(_: str) -> str:
            """Lose the connection between the judgement and its totals."""
            with psycopg.connect(str(settings.database_url)) as owner:
                owner.execute("select pg_terminate_backend(%s)", (pid,))
            return TYPE

        monkeypatch.setattr(deadlines, "event_type", die)
        with pytest.raises(psycopg.OperationalError):
            deadlines.judge(dying, ("cd",), WITHIN)
    monkeypatch.undo()

    assert judge(conn) == {(TYPE, "missed"): 1}


def test_a_type_out_of_the_contract_is_one_label(conn: psycopg.Connection) -> None:
    owe(conn, 20 * MINUTE, type_="rsa.invente.a")
    owe(conn, 20 * MINUTE, type_="rsa.invente.b")

    assert judge(conn) == {("autre", "missed"): 2}


def samples() -> dict[str, float]:
    lines = generate_latest(REGISTRY).decode().splitlines()
    found = (line.rsplit(" ", 1) for line in lines if line.startswith("bus_delivery_deadline_total"))
    return {series: float(value) for series, value in found}


def test_the_counter_appears_at_the_totals_and_only_while_its_process_delivers(conn: psycopg.Connection) -> None:
    for _ in range(3):
        owe(conn, 20 * MINUTE)
    missed = f'bus_delivery_deadline_total{{event_type="{TYPE}",result="missed"}}'
    shown = deadlines.Deadlines()
    assert samples() == {}, "a process that waits for its turn shows none"

    shown.show(judge(conn))
    try:
        assert samples()[missed] == 3
        assert set(samples().values()) == {0, 3}, "what has never happened is 0 from the first scrape on"
        owe(conn, 20 * MINUTE)
        shown.show(judge(conn))
        assert samples()[missed] == 4
    finally:
        shown.clear()
    assert samples() == {}
    shown.show({(TYPE, "missed"): 9})
    assert samples()[missed] == 9, "delivering again, it goes on from the totals"
    shown.clear()
