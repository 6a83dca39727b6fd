"""The endpoints of now, one per subscription in force, in step with them; and when their held lanes wake."""

import heapq
from collections.abc import Iterable, Mapping
from typing import Final

from consumers.connectors.port import Connector
from consumers.dispatch.gate import Gate, Rules
from consumers.dispatch.lanes import Endpoint
from consumers.ledger.records import LaneState, Wake
from consumers.settings import DeliverSettings
from consumers.subscriptions.subscription import Subscription

_WAKES: Final = 256  # lanes read at once


class Roster:
    """Endpoints by subscription id, and when their held lanes wake. Lives in the loop; no database."""

    def __init__(self, settings: DeliverSettings, connectors: Mapping[str, Connector]) -> None:
        self._rows, self._rules = settings.deliver_rows, Rules(probes=settings.deliver_probes)
        self._connectors = connectors
        self._wakes: list[tuple[float, str, str]] = []
        self._turn: list[str] = []
        self._released: set[tuple[str, str]] = set()
        self.endpoints: dict[str, Endpoint] = {}

    def strangers(self, active: Mapping[str, Subscription]) -> bool:
        """Tell whether some subscription has no endpoint yet: the ledger must say which of its lanes are held."""
        return any(not self._known(one) for one in active.values())

    def _known(self, subscription: Subscription) -> bool:
        """Tell whether it has an endpoint, by the channel that it names now."""
        endpoint = self.endpoints.get(subscription.id)
        return endpoint is not None and endpoint.connector is self._connectors[subscription.destination.genre]

    def follow(self, active: Mapping[str, Subscription], stopped: frozenset[str], held: Iterable[LaneState]) -> None:
        """Bring the endpoints in step with the subscriptions in force."""
        kept = {name for name, one in active.items() if self._known(one)}
        for name in self.endpoints.keys() - kept:
            del self.endpoints[name]
        for name, subscription in active.items():
            self._keep(name, subscription)
            endpoint = self.endpoints[name]
            endpoint.paused = name in stopped or endpoint.secrets is None
        for lane in held:
            if lane.subscription_id in active.keys() - kept:
                self._held(lane)
        self._turn = [*(name for name in self._turn if name in active), *sorted(active.keys() - set(self._turn))]

    def turn(self) -> list[Endpoint]:
        """Give the endpoints in an order that changes each time: nobody is always first."""
        self._turn = self._turn[1:] + self._turn[:1]
        return [self.endpoints[name] for name in self._turn]

    def sleep(self, endpoint: Endpoint, lane: str, until: float) -> None:
        """Note when a held lane wakes; seconds since 1970."""
        heapq.heappush(self._wakes, (until, endpoint.subscription.id, lane))

    def due(self, now: float) -> list[Wake]:
        """Give the readings of the lanes that wake now; to be called while no reading is under way."""
        self._reopen()
        wants: list[Wake] = []
        while self._wakes and self._wakes[0][0] <= now and len(wants) < _WAKES:
            _, name, lane = heapq.heappop(self._wakes)
            endpoint = self.endpoints.get(name)
            if endpoint is not None and lane in endpoint.held:
                wants.append(Wake(name, lane, endpoint.cursor))
        return wants

    def reopen(self, lanes: Iterable[tuple[str, str]]) -> None:
        """Ask for lanes, by subscription id, to be read anew: the ledger owes something again behind the cursor."""
        self._released |= set(lanes)

    def _reopen(self) -> None:
        """Wake the released lanes whose head is not on its way; the others later."""
        for name, lane in list(self._released):
            endpoint = self.endpoints.get(name)
            if endpoint is None or endpoint.reopen(lane):
                self._released.discard((name, lane))
            if endpoint is not None and lane in endpoint.held:
                self.sleep(endpoint, lane, 0)

    def _keep(self, name: str, subscription: Subscription) -> None:
        endpoint, connector = self.endpoints.get(name), self._connectors[subscription.destination.genre]
        if endpoint is None:
            gate = Gate(self._rules)
            endpoint = self.endpoints[name] = Endpoint(subscription, gate, connector, rows=self._rows)
        elif endpoint.subscription.version != subscription.version:
            # Another address, another receiver: what was learnt of the old one says nothing.
            endpoint.subscription, endpoint.gate = subscription, Gate(self._rules)
        # Without a secret nothing leaves and everything waits, until the file is there.
        endpoint.secrets = connector.secrets(name, subscription.destination)

    def _held(self, lane: LaneState) -> None:
        endpoint = self.endpoints[lane.subscription_id]
        if endpoint.in_batches:
            return  # its pages pass over held lanes
        endpoint.held.add(lane.lane)
        if lane.sleeps_until is not None and not lane.blocked:
            self.sleep(endpoint, lane.lane, lane.sleeps_until.timestamp())
