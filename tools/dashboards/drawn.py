"""Which panels can be drawn: those whose metrics exist."""

import re
from collections.abc import Iterator
from typing import Final

from tools.dashboards import DASHBOARDS
from tools.dashboards.model import Dashboard, Panel
from tools.dashboards.promql import reads
from tools.dashboards.waiting import SANS_METRIQUE

_SERIES: Final = re.compile(r"_(bucket|sum|count)$")  # a histogram has three kinds of series


def missing(*expressions: str) -> list[str]:
    """Give the metrics that expressions need and that nothing measures yet, in order."""
    wanted = {name for expr in expressions for name in reads(expr).metrics}
    return sorted({name for one in wanted for name in (one, _SERIES.sub("", one)) if name in SANS_METRIQUE})


def missing_of(panel: Panel) -> list[str]:
    """Give the metrics that a panel waits for."""
    return missing(*(request.expr for request in panel.requetes))


def drawn(dashboard: Dashboard) -> list[tuple[int, Panel]]:
    """Give the panels to draw with their numbers; a number is the place in the definition, and never moves."""
    return [(number, panel) for number, panel in enumerate(dashboard.panneaux, 1) if not missing_of(panel)]


def waiting() -> Iterator[tuple[Dashboard, Panel, list[str]]]:
    """Give the panels that are not drawn, with what they wait for."""
    for dashboard in DASHBOARDS:
        for panel in dashboard.panneaux:
            if names := missing_of(panel):
                yield dashboard, panel, names
