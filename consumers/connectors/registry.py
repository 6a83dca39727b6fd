"""The channels that exist: by ``genre``, the model of their destination and what opens their connector."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from consumers.connectors.port import Connector, Destination, Table
from consumers.connectors.webhook.connector import WebhookSender
from consumers.connectors.webhook.destination import Webhook
from consumers.settings import DeliverSettings


class Opens(Protocol):
    """A class of connectors: its outcome table, and a connector from the settings, inside a running loop."""

    @property
    def table(self) -> Table:
        """What may happen to a delivery."""

    def __call__(self, settings: DeliverSettings, /) -> Connector:
        """Open the channel."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One way to a recipient."""

    destination: type[Destination]
    opens: Opens


CHANNELS: Final[Mapping[str, Channel]] = {
    "webhook": Channel(Webhook, WebhookSender),
}


def connectors(settings: DeliverSettings) -> dict[str, Connector]:
    """Open every channel, by ``genre``; to be called inside the loop that will deliver."""
    return {genre: channel.opens(settings) for genre, channel in CHANNELS.items()}
