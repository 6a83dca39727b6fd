"""``bus ingest``: take files in, one after the other, or watch a folder for them."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from bus.errors import Misconfigured
from bus.settings import Settings
from guichet.output import data_option, emit, json_option, note

if TYPE_CHECKING:
    from producers.journal.verdict import Report
    from producers.settings import IngestSettings

S = TypeVar("S", bound=Settings)


class SourceName(click.Choice[str]):
    """The name of a source, among those of the registry; read when asked for, since it loads every reader."""

    def __init__(self) -> None:
        self.case_sensitive = True

    @property
    def choices(self) -> Sequence[str]:  # type: ignore[override]  # click sets it once, when the command is declared
        """Give the names."""
        from producers.registry import SOURCES

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
    """Reçoit des fichiers bénéficiaires (VRSB0801) ou contact de la CAF et rend le verdict de chacun.

    Sans base configurée, la base embarquée du dossier de données sert le temps de la commande ; les événements
    attendent alors leur publication (bus relay, ou bus dev up). Code de sortie : 0 quand tout est accepté ou déjà
    reçu, 1 quand un fichier est rejeté.
    """
    from producers.settings import IngestSettings

    settings = with_secrets(IngestSettings.load(data_dir))
    if depot is not None:
        if fichiers or source:
            raise click.UsageError("--watch ne prend ni fichier ni --source : la source se lit dans le contenu")
        watch(settings, depot)
        return
    if not fichiers:
        raise click.UsageError("indiquez au moins un fichier, ou --watch DOSSIER")
    if source is None:
        raise click.UsageError(f"indiquez {' ou '.join(f'--source {name}' for name in SourceName().choices)}")
    reports: list[Report] = []
    try:
        for report in take(settings, fichiers, source):
            reports.append(report)  # noqa: PERF402 - what was decided is told, even when a later file fails
    finally:
        if reports:
            emit([report.as_json() for report in reports], as_json=as_json, text=lambda: "\n".join(map(line, reports)))
    if any(report.verdict.value == "rejete" for report in reports):
        sys.exit(1)  # click returns its own Exit instead of raising it when it does not stand alone


def take(settings: Settings, files: Sequence[Path], source: str) -> "Iterator[Report]":
    """Take files in one by one, with the database that is configured or the data folder's own."""
    from bus.platform.postgres import database
    from producers.ingest import Ingest
    from producers.registry import source as source_of

    with (
        database(settings) as ready,
        Ingest(
            ready, on_wait=lambda: note("un autre fichier est en cours : attente"), progress=_progress()
        ) as ingestion,
    ):
        ingestion.purge()
        for path in files:
            yield ingestion.file(path, source_of(source))


def watch(settings: "IngestSettings", folder: Path) -> None:
    """Run the ingest role until it is told to stop."""
    from bus.platform.postgres import database
    from bus.sealing import KekRing
    from bus.stopping import stop_signal
    from bus.telemetry.door import serve
    from bus.telemetry.logs import setup_logging
    from bus.vault.holding import holding
    from producers.folder.watch import Watch
    from producers.measures import announce

    setup_logging("ingest", settings)
    announce(settings)
    stopped = stop_signal()
    with database(settings) as ready:
        role = Watch(ready, folder)
        server = serve(settings.metrics_port, role.ready)
        note(f"dépôt surveillé : {folder} ; métriques : http://127.0.0.1:{server.port}/metrics")
        try:
            with holding(ready, "bus_ingest", KekRing.load(ready.secrets_dir)):
                role.run(stopped)
        finally:
            server.close()


def with_secrets(settings: S) -> S:
    """Give settings that name the ingest secrets: those configured, else the data folder's, drawn on first use."""
    if settings.secrets_dir is not None:
        return settings
    from bus.vault.provisioning import create_secrets

    folder = settings.data_dir / "secrets"
    try:
        create_secrets(folder)
    except OSError as error:
        raise Misconfigured("le dossier de données ne s’écrit pas : choisissez-en un autre avec --data") from error
    return settings.model_copy(update={"secrets_dir": folder / "ingest"})


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
