"""How far behind a group is, from what the broker says."""

from hypothesis import given
from hypothesis import strategies as st

from watch.lag import Ages, behind

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


def test_a_record_that_the_broker_is_slow_to_give_keeps_its_age_growing() -> None:
    ages, lag = Ages(), behind("g", PLACE, 4, (0, 10))

    assert ages.of(lag, 1_000.0, 1_700.0) == 700
    assert ages.of(lag, None, 1_730.0) == 730, "not read in time: the alert must hold"
    assert ages.of(lag, 1_600.0, 1_760.0) == 160
    assert ages.of(behind("g", PLACE, 10, (0, 10)), None, 1_790.0) == 0, "caught up"
    assert ages.of(lag, None, 1_820.0) == 0
    assert ages.of(lag, None, 1_850.0) == 30, "never read: since it was first seen behind"
