from hypothesis import given
from hypothesis import strategies as st

from consumers.connectors.port import Signal
from consumers.dispatch.gate import Gate, Position, Rules

RULES = Rules(probes=(5.0, 30.0, 3600.0))


def attempt(gate: Gate, signal: Signal, now: float, lane: str = "a", retry_after: float = 0.0) -> None:
    probe = gate.start()
    gate.end(signal, now, lane=lane, probe=probe, retry_after=retry_after)


def opened(now: float = 0.0) -> Gate:
    gate = Gate(RULES)
    attempt(gate, Signal.REFUSED, now)
    return gate


def test_the_window_starts_at_four_and_grows_to_sixty_four() -> None:
    gate = Gate(RULES)

    assert gate.room(0) == 4
    for now in range(10_000):
        attempt(gate, Signal.ALIVE, now)
    assert gate.room(10_000) == 64


def test_what_is_in_flight_takes_room() -> None:
    gate = Gate(RULES)
    for _ in range(3):
        gate.start()

    assert gate.room(0) == 1


def test_a_suffering_receiver_halves_its_window() -> None:
    gate = Gate(RULES)

    attempt(gate, Signal.FAILING, 0)
    assert gate.room(0) == 2
    attempt(gate, Signal.BUSY, 0)
    assert gate.room(0) == 1
    attempt(gate, Signal.FAILING, 0)
    assert gate.room(0) == 1


def test_ten_answers_half_of_them_failures_open_the_breaker() -> None:
    gate = Gate(RULES)
    for now in range(5):
        attempt(gate, Signal.ALIVE, now)
        assert gate.closed
        attempt(gate, Signal.FAILING, now)

    assert gate.position is Position.OPEN
    assert gate.room(5) == 0


def test_failures_spread_over_more_than_thirty_seconds_do_not_open_it() -> None:
    gate = Gate(RULES)
    for rank in range(30):
        attempt(gate, Signal.FAILING, rank * 31.0)

    assert gate.closed


def test_five_attempts_in_a_row_without_an_answer_open_it() -> None:
    gate = Gate(RULES)
    for rank in range(4):
        attempt(gate, Signal.UNREACHABLE, rank * 100.0)
    assert gate.closed

    attempt(gate, Signal.UNREACHABLE, 400.0)

    assert gate.position is Position.OPEN


def test_404_on_three_lanes_opens_it_and_on_one_does_not() -> None:
    one, three = Gate(RULES), Gate(RULES)
    for rank in range(9):
        attempt(one, Signal.MISSING, rank, lane="a")
    for lane in "abc":
        attempt(three, Signal.MISSING, 0, lane=lane)

    assert one.closed
    assert three.position is Position.OPEN


def test_an_open_breaker_lets_one_probe_through_at_a_time() -> None:
    gate = opened()

    assert gate.room(4.9) == 0
    assert gate.room(5.0) == 1
    assert gate.start()
    assert gate.room(6.0) == 0


def test_failed_probes_are_further_and_further_apart_up_to_an_hour() -> None:
    gate, now, waits = opened(), 0.0, []
    for _ in range(5):
        waits.append(gate.opens_at - now)
        now = gate.opens_at
        attempt(gate, Signal.UNREACHABLE, now)

    assert waits == [5.0, 30.0, 3600.0, 3600.0, 3600.0]


def test_a_probe_that_is_answered_closes_it_and_the_window_starts_again() -> None:
    gate = opened()
    attempt(gate, Signal.ALIVE, 5.0)

    assert gate.closed
    assert gate.room(5.0) == 4


def test_answers_of_attempts_older_than_the_opening_do_not_close_it() -> None:
    gate = Gate(RULES)
    early = gate.start()
    attempt(gate, Signal.REFUSED, 0.0)

    gate.end(Signal.ALIVE, 1.0, lane="a", probe=early, retry_after=0)

    assert gate.position is Position.OPEN


def test_a_retry_after_holds_the_whole_endpoint_and_a_day_at_most() -> None:
    gate, long = Gate(RULES), Gate(RULES)
    attempt(gate, Signal.BUSY, 10.0, retry_after=60)
    attempt(long, Signal.BUSY, 0.0, retry_after=1e9)

    assert gate.room(69.9) == 0
    assert gate.room(70.0) > 0
    assert long.room(24 * 3600) > 0


def test_a_probe_that_never_left_may_be_tried_again() -> None:
    gate = opened()
    probe = gate.start()
    gate.cancel(probe=probe)

    assert gate.room(5.0) == 1
    assert gate.in_flight == 0


@given(st.lists(st.tuples(st.sampled_from(Signal), st.floats(0, 100), st.floats(0, 50)), max_size=200))
def test_nothing_in_flight_is_ever_lost_and_the_window_keeps_its_bounds(
    steps: list[tuple[Signal, float, float]],
) -> None:
    gate, now = Gate(RULES), 0.0
    for signal, pause, asked in steps:
        now += pause
        if gate.room(now):
            attempt(gate, signal, now, retry_after=asked)

        assert gate.in_flight == 0
        assert 1 <= gate.window <= RULES.max_window
        assert gate.position is not Position.HALF_OPEN
