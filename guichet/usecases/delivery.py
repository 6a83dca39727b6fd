"""Deliveries: what became of each, and those that were parked put back in the queue."""

from typing import Any

from bus.db import connect
from bus.errors import Refused
from bus.platform.postgres import database
from bus.settings import Settings
from consumers.ledger import listing
from consumers.ledger.fates import Etat
from consumers.ledger.listing import Query
from consumers.ledger.release import Released
from consumers.ledger.release import release as release_parked

__all__ = ["Etat", "Query", "Released", "listed", "release"]


def listed(settings: Settings, query: Query) -> list[dict[str, Any]]:
    """Give deliveries with each attempt, oldest of those asked for first, under the keys of deliveries.json.

    Raises:
        Unavailable: the database does not answer.
    """
    with database(settings) as ready, connect(ready, "bus_guichet") as conn:
        return listing.deliveries(conn, query)


def release(settings: Settings, subscription: str) -> Released:
    """Put the parked deliveries of a subscription back in the queue, in their order.

    Raises:
        Refused: the subscription is not in force.
        Unavailable: the database does not answer.
    """
    with database(settings) as ready, connect(ready, "bus_guichet") as conn:
        done = release_parked(conn, subscription)
    if done is None:
        raise Refused(f"abonnement inconnu, terminé ou expiré : {subscription}")
    return done
