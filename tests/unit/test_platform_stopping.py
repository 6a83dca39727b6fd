import subprocess
import sys
import threading

from bus.stopping import StopEvent

INTERRUPTED_WAITS = """
import signal
from bus.stopping import StopEvent
for _ in range(2000):
    stopped = StopEvent()
    signal.signal(signal.SIGALRM, lambda *_: stopped.set())
    signal.setitimer(signal.ITIMER_REAL, 0.0005)
    while not stopped.wait(0.00001):
        pass
"""


def test_a_signal_at_any_instant_of_a_wait_is_obeyed() -> None:
    # with threading.Event this hangs within seconds
    subprocess.run([sys.executable, "-c", INTERRUPTED_WAITS], check=True, timeout=120)


def test_a_wait_that_has_begun_ends_when_told() -> None:
    stopped = StopEvent()
    waiter = threading.Thread(target=stopped.wait, args=(60,))
    waiter.start()

    stopped.set()
    waiter.join(10)

    assert not waiter.is_alive()
    assert stopped.is_set()
    assert stopped.wait(60)


def test_a_wait_nobody_ends_says_so() -> None:
    assert not StopEvent().wait(0.01)
