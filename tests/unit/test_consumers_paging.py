"""What leaves of a page and what an answer to it changes, without a ledger."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from helpers.channels import DONE, FAILED

from consumers.connectors.port import Delivered, Park, Stay
from consumers.connectors.webhook.destination import Webhook
from consumers.dispatch import paging
from consumers.dispatch.paging import Composed
from consumers.ledger.ids import delivery_id
from consumers.ledger.records import Pending
from consumers.payload.departure import Body, Gone, Prepared, Unreadable, Withdrawn
from consumers.subscriptions.profiles import Profile
from consumers.subscriptions.subscription import Subscription

NOW = datetime(2026, 3, 2, tzinfo=UTC)
TO = Subscription(
    id="a",
    organisation="o",
    version=1,
    types=("rsa.*",),
    territory=frozenset({"52"}),
    profile=Profile.CD,
    fields=frozenset(),
    begins_at=datetime(2026, 1, 1, tzinfo=UTC),
    ends_at=datetime(2099, 1, 1, tzinfo=UTC),
    poison="bloquer",
    destination=Webhook(url="https://si.example/bus", secret_fichier="a.secret"),  # noqa: S106 - a name
)
BODY = Body(b"{}")


def row(seq: int, lane: str, **changes: Any) -> Pending:
    day, type_ = date(2026, 3, 2), "rsa.etat.publie"
    found = Pending(seq, "a", UUID(int=seq), "52", type_, lane, None, None, 0, 0, day, NOW, b"", 4, [])
    return replace(found, **changes)


def composed(rows: list[Pending], fates: list[Prepared], to: Subscription = TO) -> Composed:
    return paging.compose(paging.candidates(to, rows), fates, to, NOW)


def left(found: Composed) -> list[tuple[int, int]]:
    return [(one.tried.row.seq, one.tried.sequence) for one in found.leaving]


def test_numbers_go_on_lane_by_lane() -> None:
    found = composed([row(1, "x"), row(2, "y"), row(3, "x")], [BODY] * 3)

    assert left(found) == [(1, 5), (2, 5), (3, 6)]
    assert {seq: one.sequence for seq, one in found.results.standings.items()} == {1: 5, 2: 5, 3: 6}
    assert found.results.lanes["a", "x"].sequence == 6


def test_what_does_not_leave_takes_no_number_and_its_lane_waits_for_the_next_page() -> None:
    found = composed([row(1, "x"), row(2, "x"), row(3, "x"), row(4, "y")], [BODY, Withdrawn("fin"), BODY, BODY])

    assert left(found) == [(1, 5), (4, 5)]
    assert found.results.standings[2].etat == "retiree"
    assert 3 not in found.results.standings


def test_a_numbered_one_that_is_withdrawn_is_told_with_the_next_and_holds_up_nothing() -> None:
    rows = [row(1, "x", sequence=3), row(2, "x", sequence=4)]

    found = composed(rows, [Withdrawn("fin"), BODY])

    assert left(found) == [(2, 4)]
    assert found.leaving[0].gap == (delivery_id(UUID(int=1), "a"),)


def test_one_ended_by_somebody_else_is_passed_over() -> None:
    found = composed([row(1, "x"), row(2, "x"), row(3, "y", sequence=9), row(4, "y")], [Gone(), BODY, Gone(), BODY])

    assert left(found) == [(4, 10)]
    assert set(found.results.standings) == {4}


def test_what_cannot_be_read_is_parked_and_blocks_or_lets_pass_as_the_subscription_says() -> None:
    rows = [row(1, "x"), row(2, "x")]
    fates: list[Prepared] = [Unreadable("avro_illisible"), BODY]

    blocking = composed(rows, fates)
    skipping = composed(rows, fates, replace(TO, poison="sauter"))

    assert blocking.results.lanes["a", "x"].blocked
    assert not skipping.results.lanes["a", "x"].blocked
    assert left(blocking) == left(skipping) == []


def test_a_delivered_page_is_delivered_as_a_whole_and_its_gaps_are_told() -> None:
    found = composed([row(1, "x", lane_gap=["m"]), row(2, "y")], [BODY, BODY])

    results = paging.settled(found, DONE, [Delivered()] * 2, None)

    assert found.leaving[0].gap == ("m",)
    assert {one.etat for one in results.standings.values()} == {"livree"}
    assert results.lanes["a", "x"].gap == ()
    assert [one.n for one in results.attempts] == [1, 1]


def test_the_one_that_a_receiver_refuses_is_parked_and_the_others_stay_owed() -> None:
    found = composed([row(1, "x"), row(2, "y")], [BODY, BODY])

    decided = paging.shared_out(found, Park(), delivery_id(UUID(int=2), "a"))
    results = paging.settled(found, FAILED, decided, "refusée")

    assert decided == [Stay(), Park()]
    assert {seq: one.etat for seq, one in results.standings.items()} == {1: "en_attente", 2: "parquee"}
    assert [results.lanes["a", lane].blocked for lane in "xy"] == [False, True]


def test_what_concerns_no_single_one_is_the_fate_of_all() -> None:
    found = composed([row(1, "x"), row(2, "y")], [BODY, BODY])

    assert paging.shared_out(found, Park(), None) == [Park(), Park()]
    assert paging.shared_out(found, Stay(), delivery_id(UUID(int=2), "a")) == [Stay(), Stay()]
