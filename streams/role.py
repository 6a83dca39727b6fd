"""The role ``stream``: one worker, in an event loop of its own."""

import asyncio
import logging
from typing import Final

from bus.settings import Settings
from bus.stopping import StopEvent
from streams.app import StreamStage

LIBRARIES: Final = ("aiokafka", "faust", "mode")


class StreamRole:
    """Runs one ``StreamStage``; see ``bus.role``."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._runner = asyncio.Runner()
        self._stage: StreamStage | None = None

    def prepare(self) -> None:
        """Take a state folder and make the clients; raises what ``StreamStage`` does."""
        for library in LIBRARIES:
            logging.getLogger(library).setLevel(logging.WARNING)  # each tells its every step
        asyncio.set_event_loop(self._runner.get_loop())  # Faust's objects take the current loop when they are made
        self._stage = StreamStage(self._settings)

    def ready(self) -> bool:
        """Tell whether every assigned partition is being handled."""
        return self._stage is not None and self._stage.ready

    def run(self, stop: StopEvent) -> None:
        """Work until told to stop, then commit what is done and leave the group; raises what stopped it otherwise."""
        if self._stage is not None:
            self._runner.run(self._stage.run(stop))

    def stop(self) -> None:
        """Close the loop."""
        self._runner.close()
