"""The alert rules are valid, each one fires in a test and stays silent in another, and says what to do."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers.tools import need

from tools.dashboards.rules import RULES, alerts, groups

FOLDER = RULES.parent
RULE_TESTS = sorted(FOLDER.glob("*.test.yml"))
SEVERITIES = {"page", "ticket"}


def promtool(*arguments: str | Path) -> str:
    done = subprocess.run(
        [need("promtool"), *arguments], cwd=FOLDER, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def manager() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((FOLDER / "alertmanager.yml").read_text(encoding="utf-8"))
    return found


def named(matchers: list[str]) -> set[str]:
    """Give the alerts that matchers name."""
    return {name for one in matchers if one.startswith("alertname") for name in re.findall(r"\bBus\w+", one)}


def labelled(key: str) -> set[str]:
    return {rule["labels"].get(key) for group in groups() for rule in group["rules"] if "alert" in rule} - {None}


def test_promtool_finds_nothing_to_say_against_the_rules() -> None:
    promtool("check", "rules", "--lint=all", "--lint-fatal", RULES)


def test_promtool_accepts_the_configuration_of_production() -> None:
    assert "rules found" in promtool("check", "config", FOLDER / "prometheus.yml")


@pytest.mark.parametrize("file", RULE_TESTS, ids=lambda file: file.name)
def test_the_alerts_fire_when_they_must(file: Path) -> None:
    promtool("test", "rules", file)


def test_amtool_accepts_the_routes() -> None:
    if shutil.which("amtool") is None:
        pytest.skip("amtool absent : la structure est vérifiée par les essais suivants")
    subprocess.run(["amtool", "check-config", FOLDER / "alertmanager.yml"], check=True, capture_output=True)


def test_each_alert_fires_in_one_scenario_and_stays_silent_in_another() -> None:
    scenarios = [test for file in RULE_TESTS for test in yaml.safe_load(file.read_text(encoding="utf-8"))["tests"]]
    expected = [(one["alertname"], bool(one["exp_alerts"])) for test in scenarios for one in test["alert_rule_test"]]
    names = {alert.name for alert in alerts()}

    assert {name for name, fires in expected if fires} == names
    assert {name for name, fires in expected if not fires} == names


def test_each_alert_has_a_name_of_its_own_an_urgency_and_a_french_message() -> None:
    found = alerts()

    assert len({alert.name for alert in found}) == len(found)
    assert {alert.severity for alert in found} == SEVERITIES
    assert all(alert.name.startswith("Bus") and len(alert.summary) > 10 for alert in found)


def test_inhibitions_name_alerts_that_exist() -> None:
    rules = manager()["inhibit_rules"]
    muted = [
        (named(one["source_matchers"]), named(one["target_matchers"]), tuple(one.get("equal", ()))) for one in rules
    ]

    assert set().union(*(source | target for source, target, _ in muted)) <= {alert.name for alert in alerts()}
    assert ({"BusManySubscribersFailing"}, {"BusSubscriberFailing"}, ()) in muted
    assert ({"BusSourceSilent"}, {"BusSourceReconciliationGap"}, ("source",)) in muted
    lag = {"BusConsumerTimeLagHigh", "BusConsumerNearRetentionLoss", "BusConsumerStalled"}
    assert ({"BusLagExporterStale"}, lag, ()) in muted


def test_every_urgency_and_every_audience_reaches_somebody() -> None:
    routes = manager()["route"]["routes"]
    receivers = {receiver["name"] for receiver in manager()["receivers"]}
    reached = {matcher for route in routes for matcher in route["matchers"]}

    assert {route["receiver"] for route in routes} | {manager()["route"]["receiver"]} <= receivers
    assert {f'severity="{one}"' for one in labelled("severity")} <= reached
    assert {f'audience="{one}"' for one in labelled("audience")} <= reached
    assert all(route.get("continue") for route in routes if any("audience" in one for one in route["matchers"]))


def test_the_targets_of_production_name_every_role() -> None:
    from bus.roles import ROLES

    targets = yaml.safe_load((FOLDER / "bus.targets.yml").read_text(encoding="utf-8"))

    assert {one["labels"]["role"] for one in targets} == set(ROLES)
    assert all(one["targets"] for one in targets)
