"""The dashboards as a Markdown page, with what is not measured yet."""

from collections.abc import Iterable, Iterator
from typing import Final

from tools.dashboards import DASHBOARDS
from tools.dashboards.drawn import drawn, missing, waiting
from tools.dashboards.model import Dashboard, Panel, Seuils
from tools.dashboards.rules import Alert, alerts, recordings
from tools.dashboards.waiting import SANS_METRIQUE

HEAD: Final = """# Tableaux de bord et alertes

Écrit par `python -m tools.dashboards` : changez `tools/dashboards/` ou `deploy/prometheus/bus.rules.yml`.
Les fichiers de Grafana sont dans `deploy/grafana/`, les conduites à tenir dans `deploy/runbooks/` ; comment les voir :
[observer le bus](../how-to/observer.md).
"""
SEVERITIES: Final = {"page": "réveille quelqu’un", "ticket": "dans la journée"}


def text() -> str:
    """Give the page; the same definitions and rules give the same bytes."""
    parts = [HEAD, *(_dashboard(one) for one in DASHBOARDS), _alerts(alerts()), _missing()]
    return "\n".join(parts)


def _dashboard(dashboard: Dashboard) -> str:
    rows = [row for _, panel in drawn(dashboard) for row in _panel(panel)]
    variable = "\nLa variable `$subscriber` choisit l’abonné.\n" if dashboard.abonne else ""
    head = f"## {dashboard.code} · {dashboard.titre}\n\n{dashboard.question}"
    if not rows:
        return f"{head} Rien n’est encore mesuré pour ce tableau : il n’a pas de fichier.\n"
    table = _table(("panneau", "ce qu’on y lit", "unité", "seuils", "expression"), rows)
    return f"{head} Fichier : `{dashboard.uid}.json`.\n{variable}\n{table}"


def _panel(panel: Panel) -> Iterator[tuple[str, ...]]:
    notes = f"{panel.description} Vide permis : {panel.vide_permis}." if panel.vide_permis else panel.description
    for rank, request in enumerate(panel.requetes):
        told = (panel.titre, notes, str(panel.unite), _seuils(panel.seuils)) if rank == 0 else ("", "", "", "")
        yield (*told, f"`{_cell(request.expr)}`")


def _seuils(seuils: Seuils | None) -> str:
    if seuils is None:
        return ""
    sign = "<" if seuils.grave < seuils.attention else "≥"
    return f"{sign} {_number(seuils.attention)}, puis {sign} {_number(seuils.grave)}"


def _number(value: float) -> str:
    return f"{value:g}".replace(".", ",")


def _alerts(found: Iterable[Alert]) -> str:
    rows = [
        (one.name, SEVERITIES[one.severity], _cell(one.summary), f"[{one.runbook}](../../deploy/{one.runbook})")
        for one in found
    ]
    head = "## Alertes\n\nLe message est celui qui part, avec ses variables.\n"
    return f"{head}\n{_table(('alerte', 'urgence', 'message', 'conduite à tenir'), rows)}"


def _missing() -> str:
    """Say in one place what is defined and waits for its metric."""
    recorded = recordings()
    panels = [(f"{d.code} · {p.titre}", "panneau", names) for d, p, names in waiting()]
    rules = [(one.name, "alerte", missing(one.expr, *recorded_in(one.expr, recorded))) for one in alerts()]
    rows = [
        (name, kind, ", ".join(f"`{n}`" for n in names), " ; ".join(sorted({SANS_METRIQUE[n] for n in names})))
        for name, kind, names in (*panels, *rules)
        if names
    ]
    head = (
        "## Sans métrique encore\n\nCes panneaux ne sont pas dessinés, ces alertes se taisent : "
        "rien ne mesure encore ce qu’ils montrent.\n"
    )
    return f"{head}\n{_table(('nom', 'genre', 'métrique', 'raison'), rows)}" if rows else f"{head}\n(rien)\n"


def recorded_in(expr: str, recorded: dict[str, str]) -> list[str]:
    """Give the expressions of the recorded series that an expression reads."""
    return [recorded[name] for name in recorded if name in expr]


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in (head, tuple("---" for _ in head), *rows)]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
