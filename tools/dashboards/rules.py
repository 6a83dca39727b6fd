"""The alert rules of ``deploy/prometheus``, read as data. Needs PyYAML, which only a developer has."""

from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

DEPLOY: Final = Path(__file__).resolve().parents[2] / "deploy"
RULES: Final = DEPLOY / "prometheus" / "bus.rules.yml"


class Alert(NamedTuple):
    """One alert rule."""

    name: str
    expr: str
    severity: str
    runbook: str
    summary: str


@cache  # a hundred tests ask for them
def groups() -> list[dict[str, Any]]:
    """Give the file as it is."""
    found: list[dict[str, Any]] = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return found


def alerts() -> list[Alert]:
    """Give every alert, in the order of the file."""
    rules = [rule for group in groups() for rule in group["rules"] if "alert" in rule]
    return [
        Alert(rule["alert"], rule["expr"], rule["labels"]["severity"], *_texts(rule["annotations"])) for rule in rules
    ]


def recordings() -> dict[str, str]:
    """Give the recorded series, name to expression."""
    return {rule["record"]: rule["expr"] for group in groups() for rule in group["rules"] if "record" in rule}


def _texts(annotations: dict[str, str]) -> tuple[str, str]:
    return annotations["runbook"], annotations["summary"]
