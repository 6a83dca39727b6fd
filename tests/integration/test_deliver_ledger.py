"""The ledger's statements on a real database, without a broker: what ends, what is released, in which order."""

import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner
from helpers.channels import SilentSender

from bus.db import connect
from bus.platform.postgres import database
from bus.settings import Settings
from consumers.dispatch.gate import Gate, Rules
from consumers.dispatch.lanes import Endpoint
from consumers.ledger import ledger
from consumers.ledger.ids import delivery_id
from consumers.ledger.records import LaneState, Owed, Results, Standing, Wake
from consumers.ledger.release import release, released
from consumers.subscriptions import in_force
from guichet.commands.delivery import delivery

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with database(Settings(data_dir=tmp_path_factory.mktemp("ledger"))) as found:
        yield found


@pytest.fixture
def conn(settings: Settings) -> Iterator[psycopg.Connection]:
    with connect(settings, "bus_deliver", autocommit=True) as found:
        yield found


@pytest.fixture
def guichet(settings: Settings) -> Iterator[psycopg.Connection]:
    with connect(settings, "bus_guichet", autocommit=True) as found:
        yield found


def subscribed(guichet: psycopg.Connection, *, ends_at: datetime = NOW + timedelta(days=9)) -> str:
    name = f"cd-{uuid.uuid4().hex[:8]}"
    entry: dict[str, Any] = {
        "id": name, "types": ["rsa.*"], "territoire": ["52"], "profil": "cd", "debut": NOW - timedelta(days=1),
        "fin": ends_at, "destination": {"genre": "webhook", "url": "https://si.example/", "secret_fichier": "s"},
    }  # fmt: skip
    applied = in_force.apply(guichet, {"organisation": f"o-{name}", "abonnement": [entry]})
    assert not isinstance(applied, list)
    return name


def owed(name: str, lane: str) -> Owed:
    recipients = ((name, "p-1"),)
    return Owed(
        uuid.uuid4(), "52", "rsa.droit.ouvert", lane, lane, "f", date(2026, 1, 1), NOW, b"x", recipients
    )  # fmt: skip


def take(conn: psycopg.Connection, *events: Owed) -> None:
    with conn.transaction():
        ledger.take(conn, "c", events, {})


def states(conn: psycopg.Connection, name: str) -> list[tuple[str, int | None]]:
    rows = conn.execute("select etat, sequence from ledger.delivery where subscription_id = %s order by seq", (name,))
    return rows.fetchall()


def park(conn: psycopg.Connection, name: str, lane: str, head: Owed) -> None:
    """Write what the clerk writes when a head is parked and blocks."""
    row = conn.execute("select seq from ledger.delivery where event_id = %s", (head.event_id,)).fetchone()
    assert row is not None
    gap = (delivery_id(head.event_id, name), "autre")
    page = Results()
    page.standings[row[0]] = Standing(row[0], "parquee", 7, 3, 3, "refusée (422)")
    page.lanes[name, lane] = LaneState(name, lane, 7, None, blocked=True, gap=gap)
    ledger.commit(conn, page)


def test_what_is_owed_to_a_subscription_in_force_is_never_withdrawn_however_new_it_is(
    conn: psycopg.Connection, guichet: psycopg.Connection
) -> None:
    kept, ended, expired = subscribed(guichet), subscribed(guichet), subscribed(guichet, ends_at=NOW)
    take(conn, *(owed(name, f"l-{name}") for name in (kept, ended, expired, "never-applied")))
    in_force.apply(guichet, {"organisation": f"o-{ended}", "abonnement": []})

    assert ledger.withdraw_ended(conn, "fin") == 3

    assert states(conn, kept) == [("en_attente", None)]
    assert states(conn, ended) == states(conn, expired) == [("retiree", None)]


def test_a_released_head_goes_first_again_under_its_number_and_its_lane_is_open(
    settings: Settings, conn: psycopg.Connection, guichet: psycopg.Connection
) -> None:
    name = subscribed(guichet)
    lane = f"l-{name}"
    head, second = owed(name, lane), owed(name, lane)
    take(conn, head, second)
    park(conn, name, lane, head)
    before = in_force.revision(conn)

    answer = CliRunner().invoke(
        delivery, ["release", "--abonnement", name, "--data", str(settings.data_dir), "--json"]
    )  # fmt: skip

    assert answer.exit_code == 0, answer.output
    assert '"livraisons": 1' in answer.output or '"livraisons":1' in answer.output
    assert in_force.revision(conn) > before, "the running dispatcher must hear of it"
    assert (name, lane) in released(conn)
    assert not [state for state in ledger.held(conn) if state.subscription_id == name]
    rows = ledger.lanes(conn, [Wake(name, lane, 2**62)])
    assert [(row.event_id, row.sequence, row.tries) for row in rows] == [
        (head.event_id, 7, 0), (second.event_id, None, 0),
    ]  # fmt: skip
    assert rows[0].lane_gap == ["autre"], "what will arrive after all is no gap"
    assert ledger.park_older(conn, NOW - timedelta(days=14), "âge") == 0


def test_nothing_is_released_for_a_subscription_that_is_not_in_force(guichet: psycopg.Connection) -> None:
    assert release(guichet, "never-applied") is None
    assert release(guichet, subscribed(guichet, ends_at=NOW)) is None


def test_a_lane_with_later_rows_in_memory_is_read_anew_once_its_head_is_back(
    conn: psycopg.Connection, guichet: psycopg.Connection
) -> None:
    name = subscribed(guichet)
    lane = f"l-{name}"
    head, second = owed(name, lane), owed(name, lane)
    take(conn, head, second)
    subscription = in_force.load(conn).in_force[name]
    endpoint = Endpoint(subscription, Gate(Rules()), SilentSender(), rows=10)
    rows = ledger.lanes(conn, [Wake(name, lane, 2**62)])
    endpoint.loaded(rows[1:], limit=10, notice=endpoint.begin_loading())
    (taken,) = endpoint.take(1)

    while_away = endpoint.reopen(lane)
    endpoint.release(taken, probe=False)
    afterwards = endpoint.reopen(lane)
    endpoint.woken(lane, rows)

    assert (while_away, afterwards) == (False, True)
    (again,) = endpoint.take(9)
    assert [row.event_id for row in again.rows] == [head.event_id, second.event_id]
    assert endpoint.in_memory == 2
