"""The role ``ingest``: takes in the files of a watched folder, with the keys that seal them."""

from pathlib import Path

from bus.roles import ROLES
from bus.sealing import KekRing
from bus.stopping import StopEvent
from bus.telemetry.logs import get_logger
from bus.vault.holding import holding
from producers.folder.watch import Watch
from producers.measures import announce
from producers.settings import IngestSettings

log = get_logger()


class IngestRole:
    """Watches one folder until it is told to stop; see ``bus.role``."""

    def __init__(self, settings: IngestSettings, folder: Path) -> None:
        self._settings, self._folder = settings, folder
        self._watch = Watch(settings, folder)

    def prepare(self) -> None:
        """Read the keys, and show what is expected of each source.

        Raises:
            Misconfigured: the secrets are not there.
        """
        self._ring = KekRing.load(self._settings.secrets_dir)
        announce(self._settings)

    def ready(self) -> bool:
        """Tell whether the folder has been scanned: what a crash left is taken in by then."""
        return self._watch.ready()

    def run(self, stop: StopEvent) -> None:
        """Take files in as they arrive.

        Raises:
            Unavailable: the database does not answer.
        """
        log.info("folder watched", folder=str(self._folder))
        with holding(self._settings, str(ROLES["ingest"].database), self._ring):
            self._watch.run(stop)

    def stop(self) -> None:
        """Nothing outlives ``run``: each file has a connection of its own."""
