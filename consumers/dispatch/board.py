"""What is shown of every subscription: its state, what it receives, what it is owed.

Read by a background job of the dispatcher every few seconds, never while a scrape waits; only the process that delivers
shows anything, so that two are never summed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import psycopg

from bus.codec import EVENT_VERSION
from bus.measuring import Rows
from bus.telemetry.metrics import (
    ATTEMPT_DURATION,
    DELIVERIES,
    DELIVERY_ATTEMPTS,
    DELIVERY_BACKLOG,
    DELIVERY_OLDEST,
    SUBSCRIBER_STATE,
    SUBSCRIPTION_INFO,
)
from consumers.dispatch.lanes import Endpoint
from consumers.dispatch.measures import Ended
from consumers.ledger import deadlines, ledger
from consumers.subscriptions.subscription import Subscription, routed_types


class SubscriberState(StrEnum):
    """The label ``state``: one is 1, the others 0."""

    ACTIVE = "active"
    SUSPENDED = "suspended"  # it fails or refuses us: only probes leave
    STOPPED = "stopped"  # it wants nothing more: nothing leaves until a new version of the subscription
    NO_SECRET = "no_secret"  # noqa: S105 - a state, and the lack of one


def state(endpoint: Endpoint) -> SubscriberState:
    """Give where a subscription stands."""
    if endpoint.secrets is None:
        return SubscriberState.NO_SECRET
    if endpoint.paused:
        return SubscriberState.STOPPED
    return SubscriberState.ACTIVE if endpoint.gate.closed else SubscriberState.SUSPENDED


@dataclass(frozen=True, slots=True)
class Look:
    """What the ledger says of the subscriptions: how many deliveries wait, since when (seconds), deadlines judged."""

    backlog: Mapping[str, int]
    oldest: Mapping[str, float]
    verdicts: deadlines.Verdicts


def look(conn: psycopg.Connection, states: Mapping[str, SubscriberState], within: float) -> Look:
    """Read the ledger and judge what is due; ``states`` are those of the subscriptions in force."""
    active = [name for name, one in states.items() if one is SubscriberState.ACTIVE]
    verdicts = deadlines.judge(conn, active, within)
    backlog = ledger.backlog(conn)
    oldest = ledger.oldest(conn, list(states))
    conn.rollback()
    return Look(backlog, oldest, verdicts)


_BACKLOG: Final = Rows(DELIVERY_BACKLOG)
_OLDEST: Final = Rows(DELIVERY_OLDEST)
_STATE: Final = Rows(SUBSCRIBER_STATE)
_INFO: Final = Rows(SUBSCRIPTION_INFO)


def show(endpoints: Iterable[Endpoint], found: Look) -> None:
    """Show the endpoints of now with what the ledger said of them."""
    known = {one.subscription.id: one for one in endpoints}
    for endpoint in known.values():
        _declare(endpoint)
    _BACKLOG.show({(name,): found.backlog.get(name, 0) for name in known})
    _OLDEST.show({(name,): found.oldest.get(name, 0.0) for name in known})
    _STATE.show(
        {
            (name, one.value): float(state(endpoint) is one)
            for name, endpoint in known.items()
            for one in SubscriberState
        }
    )
    _INFO.show(
        {
            (name, type_, str(EVENT_VERSION[type_])): 1.0
            for name, endpoint in known.items()
            for type_ in received(endpoint.subscription)
        }
    )
    deadlines.SHOWN.show(found.verdicts)


def clear() -> None:
    """Show nothing any more: another process delivers, or none."""
    for rows in (_BACKLOG, _OLDEST, _STATE, _INFO):
        rows.show({})
    deadlines.SHOWN.clear()


def received(subscription: Subscription) -> list[str]:
    """Give the types of the contract that a subscription receives."""
    return [one for one in routed_types() if any(subscription.concerns(one, code) for code in subscription.territory)]


def _declare(endpoint: Endpoint) -> None:
    """Show at zero what may happen to a subscription: an absent series is no zero."""
    subscription = endpoint.subscription
    for outcome in endpoint.connector.table.outcomes:
        DELIVERY_ATTEMPTS.labels(subscription.id, outcome.value)
    ATTEMPT_DURATION.labels(subscription.id)
    for type_ in received(subscription):
        for ended in Ended:
            DELIVERIES.labels(subscription.id, type_, ended.value)
