import random
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

from helpers.channels import SilentSender
from hypothesis import given
from hypothesis import strategies as st

from consumers.connectors.webhook.destination import Webhook
from consumers.dispatch.gate import Gate, Rules
from consumers.dispatch.lanes import Endpoint
from consumers.ledger.records import Pending
from consumers.subscriptions.profiles import Profile
from consumers.subscriptions.subscription import Subscription

SUBSCRIPTION = Subscription(
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


def endpoint(rows: int = 8) -> Endpoint:
    return Endpoint(SUBSCRIPTION, Gate(Rules()), SilentSender(), rows=rows)


def row(seq: int, lane: str) -> Pending:
    return Pending(
        seq=seq,
        subscription_id="a",
        event_id=UUID(int=seq),
        autorite="52",
        type="rsa.etat.publie",
        lane=lane,
        sujet=None,
        sequence=None,
        attempts=0,
        tries=0,
        effective_on=date(2026, 3, 2),
        published_at=datetime(2026, 3, 2, tzinfo=UTC),
        value=b"",
        lane_sequence=0,
        lane_gap=[],
    )


def fill(target: Endpoint, rows: list[Pending], *, limit: int = 100) -> None:
    target.loaded(rows, limit=limit, notice=target.begin_loading())


def test_a_lane_has_one_delivery_in_flight_and_the_others_wait() -> None:
    one = endpoint()
    fill(one, [row(1, "x"), row(2, "x"), row(3, "y")])

    taken = one.take(10)

    assert [lane.rows[0].seq for lane in taken] == [1, 3]
    assert one.take(10) == []


def test_a_failed_head_stays_at_the_head() -> None:
    one = endpoint()
    fill(one, [row(1, "x"), row(2, "x")])
    (lane,) = one.take(1)

    one.release(lane, probe=False)

    assert one.take(1)[0].rows[0].seq == 1


def test_after_a_failed_probe_another_lane_is_asked() -> None:
    one = endpoint()
    fill(one, [row(1, "x"), row(2, "y")])
    (lane,) = one.take(1)

    one.release(lane, probe=True)

    assert one.take(1)[0].key == "y"


def test_what_follows_a_held_head_waits_with_it_wherever_it_comes_from() -> None:
    one = endpoint()
    fill(one, [row(1, "x"), row(2, "x")])
    one.hold(one.take(1)[0])
    fill(one, [row(3, "x"), row(4, "y")])

    assert [lane.key for lane in one.take(10)] == ["y"]
    assert one.in_memory == 1

    one.woken("x", [row(1, "x"), row(2, "x"), row(3, "x")])

    assert one.take(10)[0].rows[0].seq == 1


def test_a_lane_whose_result_is_not_recorded_keeps_its_number() -> None:
    one = endpoint()
    fill(one, [row(1, "x")])
    (lane,) = one.take(1)
    lane.sequence, lane.unrecorded = 1, 1
    one.finish(lane)

    fill(one, [row(2, "x")])  # read before the ledger knew of number 1

    assert one.take(1)[0].sequence == 1
    one.recorded(lane)
    assert "x" in one.lanes


def test_a_lane_with_nothing_left_is_forgotten_once_recorded() -> None:
    one = endpoint()
    fill(one, [row(1, "x")])
    (lane,) = one.take(1)
    lane.unrecorded = 1
    one.finish(lane)
    one.recorded(lane)

    assert one.lanes == {}
    assert one.in_memory == 0


def test_reading_stops_when_the_ledger_has_no_more_and_starts_again_at_a_notice() -> None:
    one = endpoint()
    fill(one, [row(1, "x")], limit=8)
    assert one.wanted() == 0

    one.notify()

    assert one.wanted() == 7


def test_a_notice_that_comes_during_a_reading_is_not_lost() -> None:
    one = endpoint()
    notice = one.begin_loading()
    one.notify()
    one.loaded([], limit=8, notice=notice)

    assert one.wanted() == 8


def test_a_paused_endpoint_and_a_full_window_read_nothing() -> None:
    paused, full = endpoint(), endpoint()
    paused.paused = True
    fill(full, [row(seq, str(seq)) for seq in range(1, 9)], limit=8)

    assert paused.wanted() == 0
    assert full.wanted() == 0


class Book:
    """A ledger in memory: what is owed, in order, and what happened."""

    def __init__(self, lanes: list[int]) -> None:
        self.rows = [row(seq, str(lane)) for seq, lane in enumerate(lanes, 1)]
        self.ended: set[int] = set()
        self.sent: dict[str, list[int]] = defaultdict(list)
        self.asleep: set[str] = set()

    def after(self, cursor: int, limit: int) -> list[Pending]:
        return [one for one in self.rows if one.seq > cursor and one.seq not in self.ended][:limit]

    def of_lane(self, lane: str, upto: int) -> list[Pending]:
        return [one for one in self.rows if one.lane == lane and one.seq <= upto and one.seq not in self.ended]


@given(st.lists(st.integers(0, 4), max_size=60), st.integers(0, 2**32))
def test_whatever_fails_sleeps_or_wakes_each_lane_leaves_once_and_in_order(lanes: list[int], seed: int) -> None:
    book, one, chance = Book(lanes), endpoint(rows=6), random.Random(seed)  # noqa: S311 - a reproducible walk
    for _ in range(4000):
        if len(book.ended) == len(book.rows):
            break
        if count := one.wanted():
            notice = one.begin_loading()
            one.loaded(book.after(one.cursor, count), limit=count, notice=notice)
        if book.asleep and chance.random() < 0.3:
            lane = book.asleep.pop()
            one.woken(lane, book.of_lane(lane, one.cursor))
        for taken in one.take(chance.randint(1, 3)):
            head = taken.rows[0]
            match chance.randint(0, 3):
                case 0:
                    taken.rows[0] = replace(head, attempts=head.attempts + 1)
                    one.release(taken, probe=chance.random() < 0.5)
                case 1:
                    one.hold(taken)
                    book.asleep.add(taken.key)
                case _:
                    book.ended.add(head.seq)
                    book.sent[head.lane].append(head.seq)
                    taken.unrecorded += 1
                    one.finish(taken)
                    one.recorded(taken)
        assert one.in_memory >= 0

    assert len(book.ended) == len(book.rows)
    for lane, sent in book.sent.items():
        assert sent == [owed.seq for owed in book.rows if owed.lane == lane]
