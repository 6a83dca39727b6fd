"""The channels that exist: by ``genre``, what opens their connector."""

from collections.abc import Mapping
from typing import Final, Protocol

from consumers.connectors.port import Connector, Table
from consumers.connectors.webhook.connector import WebhookSender
from consumers.settings import DeliverSettings


class Opens(Protocol):
    """A class of connectors: its outcome table, and a connector from the settings, inside a running loop."""

    @property
    def table(self) -> Table:
        """What may happen to a delivery."""

    def __call__(self, settings: DeliverSettings, /) -> Connector:
        """Open the channel."""


CHANNELS: Final[Mapping[str, Opens]] = {
    "webhook": WebhookSender,
}


def connectors(settings: DeliverSettings) -> dict[str, Connector]:
    """Open every channel, by ``genre``; to be called inside the loop that will deliver."""
    return {genre: opens(settings) for genre, opens in CHANNELS.items()}
