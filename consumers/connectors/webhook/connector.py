"""The webhook: one signed POST per delivery."""

import asyncio
import time
from collections.abc import Callable
from typing import ClassVar, cast

from consumers.connectors.port import Answer, Destination, Request, Sender, Table
from consumers.connectors.webhook import headers
from consumers.connectors.webhook.destination import Webhook
from consumers.connectors.webhook.outcome import TABLE
from consumers.connectors.webhook.secret_files import Secrets
from consumers.connectors.webhook.transport import Limits, Post, Transport
from consumers.settings import DeliverSettings


class WebhookSender(Sender):
    """Signs and posts, within the limits of the settings."""

    table: ClassVar[Table] = TABLE

    def __init__(self, settings: DeliverSettings) -> None:
        self._transport = Transport(asyncio.get_running_loop(), _limits(settings))
        self._secrets = Secrets(settings.secrets_dir)

    def secrets(self, subscription_id: str, destination: Destination) -> tuple[bytes, ...] | None:
        """Give the live secrets of the subscription's file, read again when it has changed."""
        return self._secrets.of(subscription_id, cast("Webhook", destination).secret_fichier) or None

    def send(self, request: Request, done: Callable[[Answer], None]) -> None:
        """Post one delivery; the signature covers this instant."""
        url = cast("Webhook", request.destination).url
        self._transport.post(Post(url, headers.lines(request, int(time.time())), request.body), done)

    def close(self) -> None:
        """Drop what is in flight."""
        self._transport.close()


def _limits(settings: DeliverSettings) -> Limits:
    return Limits(
        total=settings.deliver_timeout,
        connect=settings.deliver_connect_timeout,
        private_addresses=settings.destinations_privees,
        ca_file=settings.deliver_ca_file,
    )
