"""Taking files in, one after the other: what ``bus ingest`` does without ``--watch``."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bus.platform import postgres
from guichet.roles import with_secrets
from producers import ingest
from producers.journal.verdict import Report
from producers.registry import SOURCES
from producers.registry import source as source_of
from producers.settings import IngestSettings

__all__ = ["SOURCES", "News", "Report", "take"]


@dataclass(frozen=True, slots=True)
class News:
    """Who hears what: each report as soon as it is decided, a wait for another file, how many records are read."""

    decided: Callable[[Report], None] = lambda _report: None

    on_wait: Callable[[], None] | None = None
    progress: Callable[[int], None] | None = None


def take(data_dir: Path | None, files: Sequence[Path], source: str, news: News) -> list[Report]:
    """Take files in one by one, with the database that is configured or the data folder's own; gives their reports.

    Raises:
        Unavailable: a file cannot be read, or the database does not answer; the files before it are taken in, and told.
        Misconfigured: a setting or a secret is missing.
    """
    settings = with_secrets("ingest", IngestSettings.load(data_dir))
    with (
        postgres.database(settings) as ready,
        ingest.Ingest(ready, on_wait=news.on_wait, progress=news.progress) as ingestion,
    ):
        ingestion.purge()
        reports = []
        for path in files:
            reports.append(ingestion.file(path, source_of(source)))
            news.decided(reports[-1])
        return reports
