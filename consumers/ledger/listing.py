"""Deliveries as people read them: ``bus delivery ls`` (the normative example deliveries.json)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import psycopg

from consumers.ledger.ids import delivery_id

_DELIVERIES: Final = """
select d.seq, d.subscription_id, d.event_id, d.type, d.sujet, d.sequence, d.etat, d.cause, l.sleeps_until
from ledger.delivery d left join ledger.lane l using (subscription_id, lane)
where (%(abonnement)s::text is null or d.subscription_id = %(abonnement)s)
  and (%(etat)s::text is null or d.etat = %(etat)s)
order by d.seq desc limit %(limit)s
"""
_ATTEMPTS: Final = """
select seq, n, at, outcome, code, duration_ms, cause from ledger.attempt where seq = any(%s) order by seq, n
"""


@dataclass(frozen=True, slots=True)
class Query:
    """Which deliveries to show; the newest first."""

    abonnement: str | None = None
    etat: str | None = None
    limit: int | None = None


def deliveries(conn: psycopg.Connection, query: Query) -> list[dict[str, Any]]:
    """Give deliveries, oldest of those shown first, each with its attempts."""
    criteria = {"abonnement": query.abonnement, "etat": query.etat, "limit": query.limit}
    rows = conn.execute(_DELIVERIES, criteria).fetchall()[::-1]
    attempts = _attempts(conn, [row[0] for row in rows])
    return [_delivery(row, attempts.get(row[0], [])) for row in rows]


def _attempts(conn: psycopg.Connection, seqs: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    for seq, n, at, outcome, code, duration, cause in conn.execute(_ATTEMPTS, (list(seqs),)):
        line = {"n": n, "le": _utc(at), "issue": outcome, "code": code, "duree_ms": duration, "cause": cause}
        found.setdefault(seq, []).append(line)
    return found


def _delivery(row: tuple[Any, ...], attempts: list[dict[str, Any]]) -> dict[str, Any]:
    _, subscription, event, type_, sujet, sequence, etat, cause, sleeps_until = row
    waiting = etat == "en_attente" and sleeps_until is not None and attempts
    return {
        "id": delivery_id(event, subscription),
        "abonnement": subscription,
        "evenement": str(event),
        "type": type_,
        "sujet": sujet,
        "sequence": sequence,
        "etat": etat,
        "cause": cause,
        "tentatives": attempts,
        "prochaine": _utc(sleeps_until) if waiting else None,
    }


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
