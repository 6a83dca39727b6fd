from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.connectors.port import (
    Again,
    Answer,
    Delivered,
    Park,
    Signal,
    Stay,
    Stop,
)
from consumers.connectors.webhook.outcome import Outcome, decide, outcome_of, retry_after, signal, why
from consumers.schedule import DETERMINISTIC_TRIES, LADDER, RETRY_AFTER_CAP

CODES = st.integers(200, 599)
FAILURES = st.one_of(
    CODES.filter(lambda code: not 200 <= code < 300).map(lambda code: Answer(outcome_of(code), code)),
    st.sampled_from([Outcome.TIMEOUT, Outcome.DNS, Outcome.TLS, Outcome.CONNECT, Outcome.BLOCKED]).map(Answer),
)


def answer(code: int, retry_after: float = 0.0) -> Answer:
    return Answer(outcome_of(code), code, 0.01, retry_after)


@given(failed=FAILURES, tries=st.integers(0, 20), counted=st.booleans(), jitter=st.floats(0.8, 1.2))
def test_every_failure_has_one_decision_and_none_is_a_delivery(
    failed: Answer, tries: int, *, counted: bool, jitter: float
) -> None:
    decision = decide(failed, tries, counted=counted, jitter=jitter)

    assert isinstance(decision, Again | Stay | Park | Stop)
    assert isinstance(decision, Stop) == (failed.code == 410)


@given(st.sampled_from([500, 502, 408, 425, 429]))
def test_waits_never_decrease_nor_pass_the_ceiling_and_end_in_a_park(code: int) -> None:
    decisions = [decide(answer(code), tries, counted=True, jitter=1.0) for tries in range(len(LADDER) + 1)]
    delays = [decision.delay for decision in decisions if isinstance(decision, Again)]

    assert all(before <= after for before, after in pairwise(delays))
    assert max(delays) == 24 * 3600
    assert isinstance(decisions[-1], Park)
    assert len(delays) == len(LADDER)


@given(st.integers(0, len(LADDER) - 1), st.floats(0.8, 1.2))
def test_the_jitter_moves_a_wait_by_a_fifth_at_most(tries: int, jitter: float) -> None:
    decision = decide(answer(500), tries, counted=True, jitter=jitter)

    assert isinstance(decision, Again)
    assert 0.8 * LADDER[tries] <= decision.delay <= 1.2 * LADDER[tries]
    assert decision.tries == tries + 1


@pytest.mark.parametrize("code", [400, 422, 301, 302, 307, 404, 405, 415, 451])
def test_an_answer_that_can_only_repeat_itself_gets_three_tries(code: int) -> None:
    fates = [decide(answer(code), tries, counted=True, jitter=1.0) for tries in range(DETERMINISTIC_TRIES)]

    assert [type(fate) for fate in fates] == [Again, Again, Park]


@pytest.mark.parametrize("code", [200, 201, 202, 204, 299])
def test_a_2xx_is_delivered_whatever_was_tried_before(code: int) -> None:
    assert decide(answer(code), 9, counted=False, jitter=1.0) == Delivered()


def test_a_410_stops_the_subscription_and_a_413_parks_at_once() -> None:
    assert decide(answer(410), 0, counted=True, jitter=1.0) == Stop()
    assert decide(answer(413), 0, counted=True, jitter=1.0) == Park()


@given(FAILURES.filter(lambda failed: failed.code not in (410, 413)), st.integers(0, 99))
def test_a_probe_spends_nothing_and_never_parks(failed: Answer, tries: int) -> None:
    assert decide(failed, tries, counted=False, jitter=1.0) == Stay()


@pytest.mark.parametrize("code", [401, 403])
def test_refused_credentials_spend_nothing_and_open_the_breaker(code: int) -> None:
    assert decide(answer(code), 2, counted=True, jitter=1.0) == Stay()
    assert signal(answer(code)) is Signal.REFUSED


@given(st.floats(0, 1e9))
def test_a_retry_after_is_honoured_up_to_a_day(asked: float) -> None:
    decision = decide(answer(503, asked), 0, counted=True, jitter=1.0)

    assert isinstance(decision, Again)
    assert decision.delay == max(LADDER[0], min(asked, RETRY_AFTER_CAP))


@pytest.mark.parametrize(("code", "heard"), [(429, 7.0), (503, 7.0), (500, 0.0), (204, 0.0)])
def test_a_retry_after_is_heard_from_429_and_503_only(code: int, heard: float) -> None:
    assert retry_after(code, 7.0) == heard


@pytest.mark.parametrize(
    ("failed", "expected"),
    [
        (Answer(Outcome.TIMEOUT), Signal.UNREACHABLE),
        (Answer(Outcome.DNS), Signal.UNREACHABLE),
        (answer(500), Signal.FAILING),
        (answer(429), Signal.BUSY),
        (answer(404), Signal.MISSING),
        (answer(400), Signal.ALIVE),
        (answer(204), Signal.ALIVE),
    ],
)
def test_what_the_gate_learns(failed: Answer, expected: Signal) -> None:
    assert signal(failed) is expected


@given(FAILURES)
def test_every_failure_is_explained_in_words(failed: Answer) -> None:
    assert why(failed)


def test_a_success_needs_no_explanation() -> None:
    assert why(answer(204)) is None
