"""Taking files in, one after the other: what ``bus ingest`` does without ``--watch``."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bus.platform import postgres
from guichet.roles import with_secrets
from producers import ingest
from producers.journal.observation import Source
from producers.journal.verdict import Report
from producers.settings import IngestSettings

__all__ = ["News", "Report", "take"]


@dataclass(frozen=True, slots=True)
class News:
    """Who hears that another file is being taken in, and how many records are read."""

    on_wait: Callable[[], None] | None = None
    progress: Callable[[int], None] | None = None


def take(data_dir: Path | None, files: Sequence[Path], source: str, news: News) -> Iterator[Report]:
    """Take files in one by one, with the database that is configured or the data folder's own.

    Raises:
        Unavailable: a file cannot be read, or the database does not answer; the files before it are taken in.
        Misconfigured: a setting or a secret is missing.
    """
    settings = with_secrets("ingest", IngestSettings.load(data_dir))
    with (
        postgres.database(settings) as ready,
        ingest.Ingest(ready, on_wait=news.on_wait, progress=news.progress) as ingestion,
    ):
        ingestion.purge()
        for path in files:
            yield ingestion.file(path, Source(source))
