"""How far behind a group is, from what the broker says."""

from hypothesis import given
from hypothesis import strategies as st

from guichet.lag import behind

PLACE = ("evenements", 3)


def test_a_group_at_the_end_is_not_behind() -> None:
    assert behind("g", PLACE, 10, (0, 10)).records == 0


def test_a_group_that_never_committed_has_everything_to_read() -> None:
    lag = behind("g", PLACE, None, (4, 10))

    assert (lag.next_offset, lag.records, lag.expired) == (4, 6, 0)


def test_records_that_expired_unread_are_told_apart() -> None:
    lag = behind("g", PLACE, 2, (4, 10))

    assert (lag.next_offset, lag.records, lag.expired) == (4, 6, 2)


def test_a_group_beyond_a_log_that_was_cut_is_at_its_end() -> None:
    lag = behind("g", PLACE, 50, (0, 10))

    assert (lag.next_offset, lag.records) == (10, 0)


@given(st.none() | st.integers(0, 100), st.integers(0, 50), st.integers(0, 50))
def test_the_next_record_is_always_one_that_the_broker_has_or_will_give(
    committed: int | None, low: int, length: int
) -> None:
    lag = behind("g", PLACE, committed, (low, low + length))

    assert low <= lag.next_offset <= low + length
    assert lag.records == low + length - lag.next_offset
