"""Subscriptions in the database: versioned rows, applied all or nothing, read by dispatchers as they change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
import psycopg
from psycopg.types.json import Jsonb

from consumers.faults import Fault, Wrong
from consumers.subscriptions.subscription import Subscription

_LOCK: Final = "select pg_advisory_xact_lock(hashtext('desk.subscription'))"


@dataclass(frozen=True, slots=True)
class Applied:
    """What an apply has changed: ids of subscriptions."""

    created: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    ended: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InForce:
    """The subscriptions at one revision: those in force, and ids whose receiver said that it wants nothing more."""

    revision: int
    in_force: Mapping[str, Subscription]
    stopped: frozenset[str]


def apply(conn: psycopg.Connection, document: Mapping[str, Any]) -> Applied | list[Fault]:
    """Make a faultless document the whole state of its organisation, in one transaction.

    A subscription whose receiver said that it wants nothing more starts again: applying is asking.

    Returns:
        What changed, or the ids that belong to somebody else: then nothing has changed.
    """
    with conn.transaction():
        conn.execute(_LOCK)
        organisation = document["organisation"]
        wanted = {entry["id"]: _plain(entry) for entry in document.get("abonnement", [])}
        if taken := _taken(conn, organisation, list(wanted)):
            return taken
        return _replace(conn, organisation, wanted)


def _plain(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Give the entry as JSON keeps it: times as ISO text."""
    plain: dict[str, Any] = orjson.loads(orjson.dumps(entry))
    return plain


def _taken(conn: psycopg.Connection, organisation: str, ids: Sequence[str]) -> list[Fault]:
    """Name the ids that another organisation has ever used: an id is unique in the bus, and its lanes are its own."""
    rows = conn.execute(
        "select distinct subscription_id from desk.subscription"
        " where subscription_id = any(%s) and organisation <> %s order by 1",
        (ids, organisation),
    )
    return [Wrong.ID_PRIS.at(f"abonnement {name}.id") for (name,) in rows]


def _replace(conn: psycopg.Connection, organisation: str, wanted: Mapping[str, dict[str, Any]]) -> Applied:
    rows = conn.execute(
        "select d.subscription_id, d.document, s.version is not null from desk.subscription d"
        " left join ledger.stopped s using (subscription_id, version) where d.organisation = %s and d.ended_at is null",
        (organisation,),
    )
    current = {name: (document, stopped) for name, document, stopped in rows}
    same = {name for name, entry in wanted.items() if current.get(name) == (entry, False)}
    gone = sorted(set(current) - set(wanted))
    _end(conn, [name for name in current if name not in same])
    for name, entry in wanted.items():
        if name not in same:
            _insert(conn, organisation, name, entry)
    return Applied(
        created=tuple(name for name in wanted if name not in current),
        changed=tuple(name for name in wanted if name in current and name not in same),
        unchanged=tuple(name for name in wanted if name in same),
        ended=tuple(gone),
    )


def _end(conn: psycopg.Connection, names: Sequence[str]) -> None:
    conn.execute(
        "update desk.subscription set ended_at = now(), revision = nextval('desk.revision')"
        " where subscription_id = any(%s) and ended_at is null",
        (names,),
    )


def _insert(conn: psycopg.Connection, organisation: str, name: str, entry: Mapping[str, Any]) -> None:
    conn.execute(
        "insert into desk.subscription (subscription_id, version, organisation, document)"
        " select %(id)s, coalesce(max(version), 0) + 1, %(organisation)s, %(document)s"
        " from desk.subscription where subscription_id = %(id)s",
        {"id": name, "organisation": organisation, "document": Jsonb(entry)},
    )


def revision(conn: psycopg.Connection) -> int:
    """Give the number of the last change; 0 when there was none."""
    row = conn.execute("select coalesce(max(revision), 0) from desk.subscription").fetchone()
    return int(row[0]) if row else 0


def load(conn: psycopg.Connection) -> InForce:
    """Read the subscriptions in force."""
    rows = conn.execute(
        "select d.organisation, d.version, d.document, s.version is not null, d.subscription_id,"
        " (select max(revision) from desk.subscription)"
        " from desk.subscription d left join ledger.stopped s using (subscription_id, version)"
        " where d.ended_at is null"
    ).fetchall()
    return InForce(
        revision=max((row[5] for row in rows), default=0) or revision(conn),
        in_force={row[4]: Subscription.read(row[0], row[1], row[2]) for row in rows},
        stopped=frozenset(row[4] for row in rows if row[3]),
    )


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of ``bus subscription ls``."""

    id: str
    organisation: str
    version: int
    applied_at: datetime
    document: dict[str, Any]
    stopped: bool


def listed(conn: psycopg.Connection) -> list[Listed]:
    """Give the subscriptions of today's files, by organisation and id."""
    rows = conn.execute(
        "select d.subscription_id, d.organisation, d.version, d.applied_at, d.document, s.version is not null"
        " from desk.subscription d left join ledger.stopped s using (subscription_id, version)"
        " where d.ended_at is null order by 2, 1"
    )
    return [Listed(*row) for row in rows]
