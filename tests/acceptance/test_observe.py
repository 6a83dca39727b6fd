"""`bus dev up --observe` on a small demonstration: every panel shows something, no healthy bus wakes anybody."""

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from helpers import runbooks
from helpers.prometheus import Prometheus
from helpers.subscribers import Subscriber, subscribed
from helpers.system import System, World, reported, running, synth
from helpers.tools import need
from helpers.wait import eventually

from tools.dashboards import DASHBOARDS
from tools.dashboards.drawn import drawn, waiting
from tools.dashboards.model import Panel
from tools.dashboards.rules import alerts, recordings

SUBSCRIBER = Subscriber("cd-52", ("52",))
ONE = SUBSCRIBER.name
SCRAPED = 120.0  # seconds that the last readings may take: several periods of Prometheus, one of `bus watch`


@dataclass
class Observed:
    system: System
    prometheus: Prometheus


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Observed]:
    """Give a bus that has run for two months of an invented world in front of a real Prometheus."""
    need("prometheus")
    folder = tmp_path_factory.mktemp("observe")
    world = synth(folder / "monde", authorities=["52"], households=12, months=2, seed=7, options=["--dailies", "4"])
    deadline = {"BUS_DELIVER_DEADLINE": "30"}  # instead of 15 minutes: deliveries are judged while we look
    with running(folder / "bus", "--observe", **deadline) as system, subscribed(system, [SUBSCRIBER], folder):
        prometheus = Prometheus(system.status()["observation"]["prometheus"]["url"])
        feed(system, prometheus, world)
        yield Observed(system, prometheus)


def feed(system: System, prometheus: Prometheus, world: World) -> None:
    """Drop the files in two goes: a rate needs counters that Prometheus has already seen once."""
    days = world.days(7)
    half = len(days) // 2
    for some in (days[:half], days[half:]):
        for day in some:
            reported(system.drop(day))
        wanted = some[-1][-1].name
        eventually(lambda: settled(prometheus), timeout=300, what=f"everything delivered after {wanted}")


def settled(prometheus: Prometheus) -> bool:
    """Say whether Prometheus has seen deliveries and an empty backlog."""
    delivered = prometheus.values('sum(bus_deliveries_total{result="delivered"}) > 0')
    return bool(delivered) and prometheus.values("sum(bus_delivery_backlog) == 0") != []


def panels() -> list[tuple[str, Panel]]:
    return [(f"{dashboard.code} · {panel.titre}", panel) for dashboard in DASHBOARDS for _, panel in drawn(dashboard)]


def empty(prometheus: Prometheus, panel: Panel) -> list[str]:
    """Give the expressions of a panel that have no sample, `$subscriber` being one that exists."""
    asked = [request.expr.replace("$subscriber", ONE) for request in panel.requetes]
    return [expr for expr in asked if not prometheus.values(expr)]


def test_every_panel_has_a_sample_or_says_why_not(observed: Observed) -> None:
    shown = [(name, panel) for name, panel in panels() if panel.vide_permis is None]

    def void() -> dict[str, list[str]]:
        return {name: exprs for name, panel in shown if (exprs := empty(observed.prometheus, panel))}

    eventually(lambda: not void(), timeout=SCRAPED, what=lambda: f"a sample for each of {void()}")


def test_a_panel_that_may_be_empty_is_empty(observed: Observed) -> None:
    marked = [(name, panel) for name, panel in panels() if panel.vide_permis is not None]

    stale = [name for name, panel in marked if len(empty(observed.prometheus, panel)) < len(panel.requetes)]

    assert stale == [], "these panels show samples: their `vide_permis` is out of date"


def test_what_waits_for_a_metric_and_what_runbooks_ask_is_valid(observed: Observed) -> None:
    waits = [request.expr for _, panel, _ in waiting() for request in panel.requetes]

    for expr in (*waits, *(line for _, line in runbooks.lines("promql")), *(alert.expr for alert in alerts())):
        observed.prometheus.values(expr.replace("$subscriber", ONE))  # a refused expression fails


def test_every_rule_is_evaluated_and_a_healthy_bus_wakes_nobody(observed: Observed) -> None:
    names = {alert.name for alert in alerts()} | recordings().keys()
    pages = [alert for alert in alerts() if alert.severity == "page"]

    eventually(lambda: observed.prometheus.loaded() == names, timeout=SCRAPED, what="every rule evaluated")
    eventually(
        lambda: not any(observed.prometheus.values(alert.expr) for alert in pages),
        timeout=SCRAPED,
        what=lambda: f"no page among {[alert.name for alert in pages if observed.prometheus.values(alert.expr)]}",
    )
    assert [one for one in observed.prometheus.alerts() if one["severity"] == "page"] == []


def test_a_killed_prometheus_comes_back_and_the_bus_stays_ready(observed: Observed) -> None:
    before = observed.system.status()["observation"]["prometheus"]

    os.kill(before["pid"], signal.SIGKILL)

    def again() -> bool:
        now = observed.system.status()["observation"]["prometheus"]
        return bool(now["pret"]) and now["pid"] not in (None, before["pid"]) and now["url"] == before["url"]

    eventually(again, timeout=60, what="another Prometheus at the same address")
    assert observed.system.ready()
