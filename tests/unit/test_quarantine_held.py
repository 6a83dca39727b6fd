"""What is in quarantine, from the records that came and the first one left."""

from hypothesis import given
from hypothesis import strategies as st

from watch.lag import Losses, behind
from watch.quarantine import Held, Labels, labels

ONE, OTHER = ("stream", "hors_schema"), ("deliver", "avro_illisible")


@given(st.lists(st.sampled_from([ONE, OTHER]), max_size=60), st.integers(0, 70))
def test_counts_are_those_of_the_records_that_have_not_expired(causes: list[Labels], low: int) -> None:
    held = Held()
    for offset, one in enumerate(causes):
        held.add(one, offset, 1000.0 + offset)

    held.expire(low)

    left = causes[low:]
    assert {one: count for one, (count, _) in held.by_labels().items()} == {one: left.count(one) for one in {*left}}


def test_the_oldest_is_told_by_cause() -> None:
    held = Held()
    for offset, one in enumerate([ONE, OTHER, ONE, OTHER]):
        held.add(one, offset, 10.0 + offset)
    held.expire(1)

    assert held.by_labels() == {OTHER: (2, 11.0), ONE: (1, 12.0)}


def test_a_flood_of_one_cause_takes_little_memory() -> None:
    held = Held()
    for offset in range(100_000):
        held.add(ONE, offset, 0.0)

    assert len(held._runs) == 100
    assert held.by_labels() == {ONE: (100_000, 0.0)}


def test_a_cause_is_a_label_only_when_we_know_it() -> None:
    def said(etape: bytes, motif: bytes) -> Labels:
        return labels([("etape", etape), ("motif", motif)])

    assert said(b"stream", b"hors_schema") == ("stream", "hors_schema")
    assert said(b"stream", b"une valeur") == ("stream", "autre")
    assert said(b"ailleurs", b"hors_schema") == ("autre", "autre")
    assert said(b"\xff", b"\xff") == ("autre", "autre")
    assert labels(None) == ("autre", "autre")


def test_a_loss_is_told_once_and_only_what_is_new() -> None:
    losses = Losses()

    def told(committed: int, low: int) -> int:
        return losses.new(behind("g", ("t", 0), committed, (low, 100)))

    assert [told(3, 6), told(3, 6), told(3, 8), told(50, 8), told(50, 60)] == [3, 0, 2, 0, 10]
