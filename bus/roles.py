"""The table of roles: what each process of the bus is called, may know and may do, declared here and nowhere else.

What starts a role reads its row, and so do the local platform, the brokers' rights, the rotation of keys and the
reference; lists that other programs read are compared with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

KEKS: Final = "kek.<époque>"
"""The files of the key-encryption keys, in the folder of a role that seals or opens."""


@dataclass(frozen=True, slots=True)
class RoleRow:
    """One role.

    Attributes:
        target: its class, ``module:Class``; named and not imported, so that a role loads no other.
        settings: the class of its settings, likewise.
        secrets: the files that its folder of secrets holds.
        database: its account in PostgreSQL; None when it has no database.
        kafka: its account on the brokers; None when it never speaks to them.
        metrics: port of ``/metrics`` in production; on a workstation a free one is chosen.
        patience: seconds without any success of a dependency before the process stops; 0 stops at the first absence.
        draws: makes the secrets that its folder lacks: the first role to need them.
        watched: the folder of the data folder that it is told to watch on a workstation.
    """

    target: str
    settings: str
    metrics: int
    secrets: tuple[str, ...] = ()
    database: str | None = None
    kafka: str | None = None
    patience: float = 0.0
    draws: bool = False
    watched: str | None = None


ROLES: Final[Mapping[str, RoleRow]] = {
    "ingest": RoleRow(
        target="producers.folder.role:IngestRole",
        settings="producers.settings:IngestSettings",
        metrics=9101,
        secrets=("pepper", "registre", KEKS),
        database="bus_ingest",
        draws=True,
        watched="depot",
    ),
    "relay": RoleRow(
        target="producers.relay:Relay",
        settings="bus.settings:Settings",
        metrics=9102,
        database="bus_relay",
        kafka="bus-relay",
    ),
    "stream": RoleRow(
        target="streams.role:StreamRole",
        settings="bus.settings:Settings",
        metrics=9103,
        kafka="bus-stream",
    ),
    "deliver": RoleRow(
        target="consumers.runner:DeliverRole",
        settings="consumers.settings:DeliverSettings",
        metrics=9104,
        secrets=("pseudonyme", "abonnements/*.secret", KEKS),
        database="bus_deliver",
        kafka="bus-deliver",
        patience=120.0,
    ),
    "watch": RoleRow(
        target="watch.role:WatchRole",
        settings="bus.settings:Settings",
        metrics=9105,
        kafka="bus-watch",
    ),
}
"""By name, which is also that of its command and of its folder of secrets; in the order that an event meets them."""


def kafka_account(role: str) -> str:
    """Give the account of a role on the brokers.

    Raises:
        ValueError: it has none.
    """
    account = ROLES[role].kafka
    if account is None:
        raise ValueError(role)
    return account


def keepers() -> tuple[str, ...]:
    """Give the database accounts of the roles that hold key-encryption keys: who seals, who opens."""
    return tuple(row.database for row in ROLES.values() if row.database is not None and KEKS in row.secrets)
