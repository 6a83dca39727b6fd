"""Questions to a real Prometheus, through its HTTP API."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen


@dataclass(frozen=True)
class Prometheus:
    """One running server; a refused expression fails with Prometheus's own words."""

    url: str

    def values(self, expr: str) -> list[tuple[Mapping[str, str], float]]:
        """Give the samples of an expression now, those that are no number left out."""
        result = self._get("query", query=expr)["result"]
        return [(one["metric"], float(one["value"][1])) for one in result if not math.isnan(float(one["value"][1]))]

    def alerts(self, state: str = "firing") -> list[Mapping[str, str]]:
        """Give the labels of the alerts in a state."""
        return [alert["labels"] for alert in self._get("alerts")["alerts"] if alert["state"] == state]

    def loaded(self) -> set[str]:
        """Give the names of the rules that it evaluates without an error."""
        groups = self._get("rules")["groups"]
        return {rule["name"] for group in groups for rule in group["rules"] if rule["health"] == "ok"}

    def _get(self, path: str, **arguments: str) -> Any:
        try:
            with urlopen(f"{self.url}/api/v1/{path}?{urlencode(arguments)}", timeout=30) as answer:  # noqa: S310 - a server on loopback that the test started
                return json.load(answer)["data"]
        except HTTPError as error:
            raise AssertionError(f"{arguments}: {error.read().decode()}") from error
