"""Dashboards and alerts read metrics that exist, under labels that exist; each metric has someone who reads it."""

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from helpers.catalogue import OF_OTHERS, declared

from tools.dashboards import DASHBOARDS, __main__, drawn, grafana, page
from tools.dashboards.model import Dashboard
from tools.dashboards.promql import reads
from tools.dashboards.rules import alerts, recordings
from tools.dashboards.waiting import SANS_METRIQUE

DRAWN = [dashboard for dashboard in DASHBOARDS if drawn.drawn(dashboard)]
WRITTEN = {dashboard.uid: json.loads(grafana.text(dashboard)) for dashboard in DRAWN}
BASE = re.compile(r"_(bucket|sum|count)$")


def expressions() -> dict[str, str]:
    """Give every expression of ours by who asks it: panels, drawn or not, alerts, recorded series."""
    panels = {
        f"{dashboard.code} {panel.titre} {rank}": request.expr
        for dashboard in DASHBOARDS
        for panel in dashboard.panneaux
        for rank, request in enumerate(panel.requetes)
    }
    return panels | {alert.name: alert.expr for alert in alerts()} | recordings()


def known() -> dict[str, set[str]]:
    """Give every series that may be read, with its labels."""
    ours = {name: labels for name, (_, labels) in declared().items()}
    return ours | OF_OTHERS | {name: kept(expr) for name, expr in recordings().items()}


def kept(expr: str) -> set[str]:
    """Give the labels of a recorded series: those that its outermost aggregation names."""
    by = re.match(r"\w+ by \(([^)]*)\)", expr)
    return set(re.findall(r"\w+", by[1])) if by else set()


def waits(metric: str) -> bool:
    return metric in SANS_METRIQUE or BASE.sub("", metric) in SANS_METRIQUE


@pytest.mark.parametrize(("who", "expr"), expressions().items(), ids=expressions().keys())
def test_an_expression_reads_series_that_exist_under_labels_they_have(who: str, expr: str) -> None:
    selected = {pair for pair in reads(expr).selected if not waits(pair[0])}

    assert {name for name, _ in selected} <= known().keys()
    for name, labels in selected:
        assert labels <= known()[name], f"{who}: {name} has no label {labels - known()[name]}"
    if len(selected) == len(reads(expr).selected):
        assert reads(expr).grouped <= set().union(*(known()[name] for name, _ in selected))


def test_the_list_of_missing_metrics_names_each_wanted_metric_that_nothing_measures_and_no_other() -> None:
    wanted = {BASE.sub("", name) for expr in expressions().values() for name in reads(expr).metrics}
    there = {BASE.sub("", name) for name in known()}

    assert wanted - there == set(SANS_METRIQUE), "a metric appeared or left: tools/dashboards/waiting.py follows"


def test_each_metric_has_a_panel_or_an_alert() -> None:
    read = {name for expr in expressions().values() for name in reads(expr).metrics}
    owned = {declared()[name][0] for name in read if name in declared()}

    assert {metric for metric, _ in declared().values()} - owned == set(), "a metric that nobody reads is deleted"


@pytest.mark.parametrize("dashboard", DRAWN, ids=lambda dashboard: dashboard.code)
def test_the_json_of_a_dashboard_has_numbered_panels_that_do_not_overlap_and_ask_a_source(dashboard: Dashboard) -> None:
    built = WRITTEN[dashboard.uid]
    panels = built["panels"]

    assert built["uid"] == dashboard.uid
    assert built["schemaVersion"] == 41
    assert len({panel["id"] for panel in panels}) == len(panels) == len(drawn.drawn(dashboard))
    assert not [pair for pair in combinations(panels, 2) if overlap(*(panel["gridPos"] for panel in pair))]
    for panel in panels:
        place = panel["gridPos"]
        assert 0 <= place["x"] <= grafana.COLUMNS - place["w"]
        assert panel["targets"]
        assert panel["datasource"] == {"type": "prometheus", "uid": "${source}"}
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
        assert all(target["expr"] and target["datasource"] == panel["datasource"] for target in panel["targets"])


def overlap(one: dict[str, int], two: dict[str, int]) -> bool:
    across = one["x"] < two["x"] + two["w"] and two["x"] < one["x"] + one["w"]
    return across and one["y"] < two["y"] + two["h"] and two["y"] < one["y"] + one["h"]


@pytest.mark.parametrize("dashboard", DRAWN, ids=lambda dashboard: dashboard.code)
def test_a_dashboard_declares_each_variable_that_it_uses(dashboard: Dashboard) -> None:
    built = WRITTEN[dashboard.uid]
    used = set(re.findall(r"\$\{?(\w+)", json.dumps([panel["targets"] for panel in built["panels"]])))
    variables = {variable["name"]: variable for variable in built["templating"]["list"]}

    assert used <= variables.keys()
    assert variables["source"]["type"] == "datasource"
    assert ("subscriber" in variables) is dashboard.abonne


def test_dashboards_have_addresses_of_their_own_and_panels_titles_of_their_own() -> None:
    assert [dashboard.code for dashboard in DASHBOARDS] == [f"D{number}" for number in range(1, 11)]
    assert len({dashboard.uid for dashboard in DASHBOARDS}) == len(DASHBOARDS)
    for dashboard in DASHBOARDS:
        titles = [panel.titre for panel in dashboard.panneaux]
        assert len(set(titles)) == len(titles)
        assert all(panel.description.rstrip().endswith((".", "…")) for panel in dashboard.panneaux)


def test_a_panel_that_waits_for_a_metric_is_told_on_the_page_and_not_drawn() -> None:
    text = page.text()
    absent = text[text.index("## Sans métrique encore") :]

    for dashboard, panel, names in drawn.waiting():
        assert f"{dashboard.code} · {panel.titre} |" in absent
        assert panel.titre not in {one["title"] for one in WRITTEN.get(dashboard.uid, {"panels": []})["panels"]}
        assert all(f"`{name}`" in absent for name in names)


def test_the_files_are_those_that_the_definitions_write() -> None:
    assert __main__.differences(__main__.generated()) == []


def test_a_changed_and_a_missing_file_are_named(tmp_path: Path) -> None:
    wanted: dict[Path, Any] = dict(__main__.generated())
    first, second, *_ = sorted(wanted)
    wanted[first] += "x"
    wanted[second.with_name("nouveau.json")] = wanted.pop(second)

    told = " ".join(__main__.differences(wanted))

    assert first.name in told
    assert "nouveau.json n’est plus" in told
    assert f"{second.name} n’a plus de définition" in told


@pytest.mark.parametrize(
    ("expr", "selected", "grouped"),
    [
        ("up", {("up", frozenset())}, set()),
        ('rate(a_total{x="b{c}",y!~"z"}[5m])', {("a_total", frozenset({"x", "y"}))}, set()),
        ("sum by (s, r) (a) / on (s) group_left (t) b", {("a", frozenset()), ("b", frozenset())}, {"s", "r", "t"}),
        ("sum(a) by (le) > 14.4*0.01 and b:c:rate5m", {("a", frozenset()), ("b:c:rate5m", frozenset())}, {"le"}),
        ("deriv(max without (p) (a)[15m:1m]) or vector(0) unless a offset 1h", {("a", frozenset())}, {"p"}),
        ("time() - max(a > 0) > 36*3600 or absent(c) == bool 1e3", {("a", frozenset()), ("c", frozenset())}, set()),
    ],
)  # fmt: skip
def test_what_an_expression_reads_is_told(expr: str, selected: set[Any], grouped: set[str]) -> None:
    found = reads(expr)

    assert set(found.selected) == selected
    assert set(found.grouped) == grouped
