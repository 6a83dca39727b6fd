"""A role is prepared, run and stopped in that order, whatever happens; what is away is borne for a while."""

import asyncio
import signal
import threading

import pytest

from bus import role
from bus.errors import Misconfigured, Unavailable
from bus.role import _Patience
from bus.stopping import StopEvent


class Recorded:
    """A role that fails as it is told, one error a run, and notes what is asked of it."""

    def __init__(self, stop: StopEvent, *failures: Exception) -> None:
        self.stop_event, self.failures = stop, list(failures)
        self.calls: list[str] = []

    def prepare(self) -> None:
        self.calls.append("prepare")

    def ready(self) -> bool:
        return False

    def run(self, stop: StopEvent) -> None:
        self.calls.append("run")
        if self.failures:
            raise self.failures.pop(0)
        stop.set()

    def stop(self) -> None:
        self.calls.append("stop")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(role, "PAUSE", 0.0)


def test_a_role_is_prepared_run_and_stopped() -> None:
    stop = StopEvent()
    one = Recorded(stop)

    role._work(one, stop, _Patience(0))

    assert one.calls == ["prepare", "run", "stop"]


def test_what_is_away_is_tried_again_from_the_start() -> None:
    stop = StopEvent()
    one = Recorded(stop, Unavailable("absente"))

    role._work(one, stop, _Patience(60))

    assert one.calls == ["prepare", "run", "stop"] * 2


@pytest.mark.parametrize(("error", "seconds"), [(Unavailable("absente"), 0.0), (Misconfigured("mal réglé"), 60.0)])
def test_what_is_not_borne_ends_the_process_once_everything_is_given_back(error: Exception, seconds: float) -> None:
    stop = StopEvent()
    one = Recorded(stop, error)

    with pytest.raises(type(error)):
        role._work(one, stop, _Patience(seconds))

    assert one.calls == ["prepare", "run", "stop"]


def test_a_role_told_to_stop_before_it_starts_does_nothing() -> None:
    stop = StopEvent()
    stop.set()
    one = Recorded(stop)

    role._work(one, stop, _Patience(0))

    assert one.calls == []


def test_a_role_told_to_stop_while_what_it_prepares_with_is_away_ends_without_an_error() -> None:
    class Away(Recorded):
        def prepare(self) -> None:
            super().prepare()
            self.stop_event.set()
            raise Unavailable("absente")

    one = Away(StopEvent())

    role._work(one, one.stop_event, _Patience(0))

    assert one.calls == ["prepare", "stop"]


def test_patience_counts_from_the_last_success() -> None:
    patience = _Patience(120)

    assert patience.bears(0, succeeded=False)
    assert patience.bears(119, succeeded=False)
    assert patience.bears(200, succeeded=True)
    assert patience.bears(319, succeeded=False)
    assert not patience.bears(320, succeeded=False)


def test_a_stop_is_heard_inside_an_event_loop() -> None:
    async def wait() -> None:
        stop = StopEvent()
        threading.Thread(target=stop.set).start()
        await asyncio.wait_for(stop.heard(), 10)

    asyncio.run(wait())


def test_a_signal_ends_a_preparation_that_would_take_long() -> None:
    stop = StopEvent()
    one = Recorded(stop)
    heard = signal.signal(signal.SIGALRM, stop.signalled)

    def prepare() -> None:
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        threading.Event().wait(60)

    one.prepare = prepare  # type: ignore[method-assign]
    try:
        role._work(one, stop, _Patience(0))
    finally:
        signal.signal(signal.SIGALRM, heard)

    assert one.calls == ["stop"]
    assert stop.is_set()


def test_a_signal_ends_no_work_in_the_middle() -> None:
    stop = StopEvent()
    stop.signalled()

    assert stop.is_set()
