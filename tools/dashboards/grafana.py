"""A dashboard as Grafana JSON (11.6), through Grafana's own types. Needs the SDK, which only a developer has."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders import heatmap, prometheus, stat, table, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from tools.dashboards.drawn import drawn
from tools.dashboards.model import Dashboard, Genre, Panel, Seuils, Unite

SOURCE: Final = model.DataSourceRef(type_val="prometheus", uid="${source}")
UNITS: Final[Mapping[Unite, str]] = {
    Unite.NOMBRE: "short",
    Unite.PART: "percentunit",
    Unite.SECONDES: "s",
    Unite.JOURS: "d",
    Unite.PAR_SECONDE: "cps",
    Unite.OCTETS: "bytes",
    Unite.COEURS: "none",
}
SIZES: Final[Mapping[Genre, tuple[int, int]]] = {
    Genre.NOMBRE: (6, 5),
    Genre.COURBE: (12, 8),
    Genre.TABLE: (12, 8),
    Genre.CHALEUR: (24, 9),
}
"""Width and height on Grafana's grid of 24 columns."""
COLUMNS: Final = 24
_SHAPES: Final[Mapping[Genre, Any]] = {
    Genre.NOMBRE: stat.Panel,
    Genre.COURBE: timeseries.Panel,
    Genre.TABLE: table.Panel,
    Genre.CHALEUR: heatmap.Panel,
}


def text(dashboard: Dashboard) -> str:
    """Give the file of a dashboard: the same definition gives the same bytes."""
    built = json.loads(json.dumps(_dashboard(dashboard).build(), cls=JSONEncoder))
    return json.dumps(built, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _dashboard(dashboard: Dashboard) -> build.Dashboard:
    page = (
        build.Dashboard(f"Bus · {dashboard.code} · {dashboard.titre}")
        .uid(dashboard.uid)
        .description(dashboard.question)
        .tags(["bus", dashboard.code])
        .timezone("Europe/Paris")
        .refresh("30s")
        .time("now-6h", "now")
        .readonly()
        .with_variable(build.DatasourceVariable("source").label("Prometheus").type("prometheus"))
    )
    if dashboard.abonne:
        page.with_variable(_subscriber())
    panels = drawn(dashboard)
    for (number, panel), place in zip(panels, _places([panel for _, panel in panels]), strict=True):
        page.with_panel(_panel(number, panel, place))
    return page


def _subscriber() -> build.QueryVariable:
    return (
        build.QueryVariable("subscriber")
        .label("Abonné")
        .datasource(SOURCE)
        .query("label_values(bus_delivery_backlog, subscriber)")
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.ALPHABETICAL_ASC)
    )


def _places(panels: list[Panel]) -> Iterator[model.GridPos]:
    """Lay panels in rows from left to right, a new row when one does not fit."""
    left = top = tallest = 0
    for panel in panels:
        width, height = SIZES[panel.genre]
        if left + width > COLUMNS:
            left, top, tallest = 0, top + tallest, 0
        yield model.GridPos(h=height, w=width, x=left, y=top)
        left, tallest = left + width, max(tallest, height)


def _panel(number: int, panel: Panel, place: model.GridPos) -> Any:  # noqa: ANN401 - the builders share no base class
    shape = (
        _SHAPES[panel.genre]()
        .id(number)
        .title(panel.titre)
        .description(panel.description)
        .datasource(SOURCE)
        .unit(UNITS[panel.unite])
        .grid_pos(place)
        .no_value(panel.vide_permis or "aucune mesure")
    )
    if panel.seuils is not None:
        shape.thresholds(_thresholds(panel.seuils))
    for letter, request in zip("ABCDEFGHIJ", panel.requetes, strict=False):
        shape.with_target(_query(letter, request.expr, request.legende, panel.genre))
    return shape


def _query(letter: str, expr: str, legend: str, genre: Genre) -> prometheus.Dataquery:
    query = prometheus.Dataquery().ref_id(letter).expr(expr).legend_format(legend or "__auto").datasource(SOURCE)
    match genre:
        case Genre.TABLE:
            return query.instant().format(PromQueryFormat.TABLE)
        case Genre.NOMBRE:
            return query.instant()
        case Genre.CHALEUR:
            return query.range().format(PromQueryFormat.HEATMAP)
        case Genre.COURBE:
            return query.range()


def _thresholds(seuils: Seuils) -> build.ThresholdsConfig:
    """Give green, orange, red, in rising order; the reverse when low is bad."""
    low_is_bad = seuils.grave < seuils.attention
    steps = [
        ("red", None) if low_is_bad else ("green", None),
        ("orange", seuils.grave if low_is_bad else seuils.attention),
        ("green", seuils.attention) if low_is_bad else ("red", seuils.grave),
    ]
    return (
        build.ThresholdsConfig()
        .mode(model.ThresholdsMode.ABSOLUTE)
        .steps([model.Threshold(value=value, color=color) for color, value in steps])
    )
