"""The page of the metrics, from the telemetry module; who reads each is looked up in the rules and the dashboards."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from prometheus_client import Counter
from prometheus_client.metrics import MetricWrapperBase

from bus.measuring import Fate, Stage
from bus.reasons import Reason
from bus.telemetry import metrics as telemetry
from consumers.connectors.registry import CHANNELS
from consumers.dispatch.board import SubscriberState
from consumers.dispatch.measures import Ended
from consumers.ledger.deadlines import Punctuality as Deadline
from producers import registry
from producers.journal.observation import Code
from producers.measures import Result
from tools.reference.markdown import NOTHING, Pages, code, codes, link, page, section, table
from tools.reference.sources import ROOT

_READERS: Final = (("deploy/prometheus", "*.rules.yml"), ("deploy/grafana", "*.json"))
DASHBOARDS: Final = "tableaux-de-bord.md"
_TYPES: Final[Mapping[str, str]] = {"counter": "compteur", "gauge": "jauge", "histogram": "histogramme"}
_UNITS: Final[Mapping[str, str]] = {"seconds": "s", "bytes": "octets", "records": "enregistrements", "ratio": "0 à 1"}
LABELS: Final[Mapping[str, str]] = {
    "consumer_group": "les groupes de consommateurs du bus",
    "event_type": "les types du contrat, effacement, et autre pour tout le reste",
    "outcome": "les issues d’une tentative, dites dans erreurs.md",
    "partition": "les partitions du topic",
    "reason": "les motifs de l’étage, dits dans erreurs.md, et autre pour tout le reste",
    "result": "le sort, selon la métrique : enregistrement, événement, livraison, délai",
    "source": "les sources que le bus lit",
    "stage": "les étages : ingest, relay, stream, deliver",
    "state": "les états d’un abonnement",
    "subscriber": "les abonnements appliqués",
    "topic": "les topics déclarés",
    "version": "les versions du contrat",
}
"""What bounds each label: no value from outside ever becomes one."""
VALUES: Final[Mapping[str, tuple[Iterable[str], ...]]] = {
    "outcome": tuple(channel.table.outcomes for channel in CHANNELS.values()),
    "reason": (Reason, Code),
    "result": (Result, Fate, Ended, Deadline),
    "source": ([kind.label for kind in registry.kinds()],),
    "stage": (Stage,),
    "state": (SubscriberState,),
}
"""The values of the labels that an enum or the registry of sources holds."""


def pages() -> Pages:
    """Give the page."""
    found = declared()
    return {
        "metriques.md": page(
            "Métriques",
            f"Chaque rôle les sert sur {code('/metrics')} ({code('bus dev status')} dit où). Aucune étiquette ne "
            f"dit quoi que "
            "ce soit d’une personne. Tableaux de bord et alertes : {link(DASHBOARDS, DASHBOARDS)}.",
            table(("métrique", "type", "unité", "étiquettes", "ce qu’elle dit", "lue par"), map(_row, found)),
            section("Étiquettes", table(("étiquette", "bornée par", "valeurs"), _label_rows(found))),
            section("Classes des histogrammes", table(("métrique", "bornes"), _bucket_rows(found))),
        )
    }


@cache
def declared() -> tuple[MetricWrapperBase, ...]:
    """Give the metrics that the telemetry module declares, by name."""
    found = [one for one in vars(telemetry).values() if isinstance(one, MetricWrapperBase)]
    return tuple(sorted(found, key=name))


def name(metric: MetricWrapperBase) -> str:
    """Give the name under which a metric is read."""
    own = str(metric._name)  # noqa: SLF001 - the client has no public reader of a metric's own description
    return f"{own}_total" if isinstance(metric, Counter) else own


def labels(metric: MetricWrapperBase) -> tuple[str, ...]:
    """Give the names of its labels."""
    return tuple(metric._labelnames)  # noqa: SLF001 - as above


def _row(metric: MetricWrapperBase) -> tuple[str, ...]:
    own = name(metric)
    unit = next((word for part, word in _UNITS.items() if part in own.removesuffix("_total").split("_")[-1:]), NOTHING)
    kind, said = str(metric._type), metric._documentation  # noqa: SLF001 - as above
    return code(own), _TYPES.get(kind, kind), unit, codes(labels(metric)), said, ", ".join(_readers(own))


def _label_rows(found: tuple[MetricWrapperBase, ...]) -> Iterator[tuple[str, str, str]]:
    for label in sorted({label for metric in found for label in labels(metric)}):
        values = dict.fromkeys(str(one) for kind in VALUES.get(label, ()) for one in kind)
        yield code(label), LABELS.get(label, NOTHING), codes(values)


def _bucket_rows(found: tuple[MetricWrapperBase, ...]) -> Iterator[tuple[str, str]]:
    for metric in found:
        bounds = getattr(metric, "_upper_bounds", None)
        if bounds:
            yield code(name(metric)), ", ".join(f"{bound:.10g}" for bound in bounds)


def _readers(own: str) -> list[str]:
    """Give links to the files that read a metric, whatever the suffix of its series."""
    word = re.compile(rf"\b{re.escape(own)}(_bucket|_sum|_count)?\b")
    return [
        link(path.stem, f"../../{path.relative_to(ROOT).as_posix()}") for path, text in _texts() if word.search(text)
    ]


@cache
def _texts() -> tuple[tuple[Path, str], ...]:
    paths = {
        path for folder, pattern in _READERS for path in (ROOT / folder).rglob(pattern) if ".test." not in path.name
    }
    return tuple((path, path.read_text("utf-8")) for path in sorted(paths))
