"""The ten dashboards of the bus as data: one definition each, shown as Grafana JSON and as a Markdown table.

``model`` says what a dashboard is, the other modules hold one to three of them, ``waiting`` lists the metrics that do
not exist yet. Nothing here needs Grafana, its SDK or a server; ``grafana`` and ``__main__`` are for who generates.
"""

from typing import Final

from tools.dashboards.deliveries import LIVRAISON
from tools.dashboards.flow import FLUX, SOURCES
from tools.dashboards.inside import CONTRATS, DONNEES, PLATEFORME, QUARANTAINE
from tools.dashboards.model import Dashboard
from tools.dashboards.overview import SLO, VUE
from tools.dashboards.subscriber import ABONNE

DASHBOARDS: Final[tuple[Dashboard, ...]] = (
    VUE, SOURCES, FLUX, LIVRAISON, ABONNE, QUARANTAINE, CONTRATS, PLATEFORME, DONNEES, SLO,
)  # fmt: skip
"""D1 to D10 of the catalogue, in order."""
