"""Every page of the reference, and the index that says how each is made."""

from functools import cache
from typing import Final

from tools.reference import commands, errors, events, metrics, roles, sensitivity, settings, topics, webhook
from tools.reference.markdown import Pages, code, link, page, table
from tools.reference.metrics import DASHBOARDS

ELSEWHERE: Final = frozenset((DASHBOARDS,))
"""Pages of this folder that another generator writes and checks."""
_MADE: Final = (
    (
        "evenements/README.md",
        "Événements",
        "partenaires",
        "les schémas de `avro_schemas/`, la projection de `consumers/`",
    ),
    ("webhook.md", "Requête du webhook", "partenaires", "ce qui signe et envoie chaque tentative"),
    ("sensibilite.md", "Classes de sensibilité", "partenaires, DPO", "les classes que portent les champs"),
    ("erreurs.md", "Erreurs, refus et issues", "partenaires, exploitation", "les catalogues de codes de chaque étage"),
    ("commandes.md", "Commandes", "exploitation", "la ligne de commande elle-même"),
    ("roles.md", "Rôles", "exploitation", "`bus/roles.py`"),
    ("reglages.md", "Réglages", "exploitation", "les classes de réglages, et ce que chaque rôle peut lire"),
    (
        "metriques.md",
        "Métriques",
        "exploitation",
        "`bus/telemetry/metrics.py`, les règles et les tableaux de bord qui les lisent",
    ),
    (DASHBOARDS, "Tableaux de bord et alertes", "exploitation", "`tools/dashboards/`, par son propre générateur"),
    ("topics.md", "Topics", "exploitation", "`bus/topics.py`"),
)
"""Path, title, readers, source."""


@cache
def pages() -> Pages:
    """Give every page, by its path under docs/reference."""
    found: dict[str, str] = {"README.md": _index()}
    for one in (events, webhook, sensitivity, errors, commands, roles, settings, metrics, topics):
        found |= one.pages()
    return found


def _index() -> str:
    rows = ((link(title, path), readers, made) for path, title, readers, made in _MADE)
    return page(
        "Référence",
        f"Ces pages sont écrites à partir du code par {code('make generate')} et comparées par {code('make check')} "
        f": on "
        "change le code, jamais la page.",
        table(("page", "pour", "écrite à partir de"), rows),
    )
