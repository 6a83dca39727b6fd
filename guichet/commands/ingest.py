"""``bus ingest``: take files in, one after the other, or watch a folder for them."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from guichet import roles
from guichet.output import data_option, emit, json_option, note

if TYPE_CHECKING:
    from guichet.usecases.ingest import Report


class SourceName(click.Choice[str]):
    """The name of a source, among those of the registry; read when asked for, since it loads every reader."""

    def __init__(self) -> None:
        self.case_sensitive = True

    @property
    def choices(self) -> Sequence[str]:  # type: ignore[override]  # click sets it once, when the command is declared
        """Give the names."""
        from guichet.usecases.ingest import SOURCES

        return tuple(SOURCES)


@click.command()
@click.argument("fichiers", nargs=-1, type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
@click.option("--source", type=SourceName(), help="Source des fichiers.")
@click.option(
    "--watch",
    "depot",
    type=click.Path(file_okay=False, path_type=Path),
    help="Surveille ce dossier et prend chaque fichier complet, jusqu’à l’arrêt.",
)
@data_option
@json_option
def ingest(
    fichiers: tuple[Path, ...], source: str | None, depot: Path | None, data_dir: Path | None, *, as_json: bool
) -> None:
    """Reçoit des fichiers des sources que ce bus lit et rend le verdict de chacun.

    Sans base configurée, la base embarquée du dossier de données sert le temps de la commande ; les événements
    attendent alors leur publication (bus relay, ou bus dev up). Code de sortie : 0 quand tout est accepté ou déjà
    reçu, 1 quand un fichier est rejeté.
    """
    if depot is not None:
        if fichiers or source:
            raise click.UsageError("--watch ne prend ni fichier ni --source : la source se lit dans le contenu")
        roles.run("ingest", data_dir, depot)
        return
    if not fichiers:
        raise click.UsageError("indiquez au moins un fichier, ou --watch DOSSIER")
    if source is None:
        raise click.UsageError(f"indiquez {' ou '.join(f'--source {name}' for name in SourceName().choices)}")

    from guichet.usecases.ingest import News, take

    reports: list[Report] = []  # what was decided is told, even when a later file fails
    news = News(reports.append, lambda: note("un autre fichier est en cours : attente"), _progress())
    try:
        take(data_dir, fichiers, source, news)
    finally:
        if reports:
            emit([report.as_json() for report in reports], as_json=as_json, text=lambda: "\n".join(map(line, reports)))
    if any(report.verdict.value == "rejete" for report in reports):
        sys.exit(1)  # click returns its own Exit instead of raising it when it does not stand alone


def line(report: "Report") -> str:
    """Give one report as a French sentence."""
    told: dict[str, Any] = report.as_json()
    motif = f" ({told['motif']})" if told["motif"] else ""
    detail = f" ; {told['detail']}" if told["detail"] else ""
    events = "".join(f"\n    {count:>7}  {kind}" for kind, count in told["evenements"].items())
    counts = f"{told['lus']} lus, {told['valides']} valides, {told['rejets']} rejetés"
    return f"{told['fichier']} : {told['verdict']}{motif}, {counts}{detail}{events}"


def _progress() -> "Any":  # noqa: ANN401 - a callable or None, decided at run time
    return (lambda read: note(f"  {read} enregistrements lus")) if sys.stderr.isatty() else None
