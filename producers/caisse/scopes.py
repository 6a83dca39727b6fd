"""Where "last seen" and the baseline belong, and what one flux is against the reference of each."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import psycopg

from producers.caisse.header import DAILY, MONTHLY, RELOAD, VrsbHeader
from producers.caisse.observation import BadHousehold, Household
from producers.caisse.states import Context
from producers.journal.places import UNDECIDED, authority_of

MAX_GAP_DAYS: Final = 45


@dataclass(frozen=True, slots=True)
class Scope:
    """Where "last seen" and the baseline belong: one caisse and one authority.

    Attributes:
        monthly_at: emitter's time of the last monthly or reload; None before the baseline.
        monthly_dtref: its DTREF.
        baseline_at: emitter's time of the last monthly or reload that was a baseline.
    """

    scope_id: int
    fonorg: str
    numorg: str
    authority: str
    monthly_at: datetime | None
    monthly_dtref: date | None
    baseline_at: datetime | None

    def corrected_baseline(self, at: datetime) -> bool:
        """Tell whether a monthly of this time restates the baseline itself: it publishes, and tells nothing."""
        return self.monthly_at is not None and self.monthly_at == self.baseline_at == at

    @property
    def source(self) -> str:
        """The ``source`` of its events: ``cnaf/caf-521``."""
        return f"cnaf/{self.fonorg.lower()}-{self.numorg.lower()}"


class Scopes:
    """The scopes of one flux.

    Attributes:
        restated: those that its records are of, with their state before it.
    """

    def __init__(self, conn: psycopg.Connection, header: VrsbHeader) -> None:
        self._conn, self._header = conn, header
        self._known = _all(conn)
        self._authorities = {scope.scope_id: scope.authority for scope in self._known.values()}
        self._contexts: dict[int, Context] = {}
        self._main_authority: str | None = None
        self.restated: dict[int, Scope] = {}

    def see(self, batch: Sequence[Household | BadHousehold]) -> None:
        """Learn from the first records which authority the file is for."""
        self._main_authority = self._main_authority or main_authority(batch)

    def enter(self, seen: Household, authority: str) -> Scope:
        """Write the scope of a household into the journal when it is met for the first time, and give it."""
        name = (seen.fonorg, seen.numorg, self._named(authority))
        if name not in self._known:
            scope = self._known[name] = _number(self._conn, *name)
            self._authorities[scope.scope_id] = scope.authority
        return self._known[name]

    def of_bad(self, record: BadHousehold) -> Scope | None:
        """Give the scope that a bad record still names, if it is a known one: its text is not to be trusted."""
        authority = authority_of(record.ideparte or "", record.commune)
        named = self._named(authority) if authority else ""
        return self._known.get(((record.fonorg or "").upper(), (record.numorg or "").upper(), named))

    def authority_of(self, scope_id: int) -> str:
        """Give the authority of a numbered scope."""
        return self._authorities[scope_id]

    def context(self, scope: Scope) -> Context:
        """Give what this flux says for every record of a scope."""
        if scope.scope_id not in self._contexts:
            self._contexts[scope.scope_id] = self._context(scope)
        return self._contexts[scope.scope_id]

    def gap_days(self, scope: Scope) -> int | None:
        """Days between the reference of a scope and this flux; None without reference."""
        if scope.monthly_dtref is None:
            return None
        day = self._header.dtcreaflux if self._header.typeflux == DAILY else self._header.dtref
        return (day - scope.monthly_dtref).days

    def by_absence(self) -> list[Scope]:
        """Give the scopes in which this flux tells an absence: a monthly, against a reference that is not newer."""
        if self._header.typeflux != MONTHLY:
            return []
        scopes = sorted(self.restated.values(), key=lambda scope: scope.scope_id)
        return [scope for scope in scopes if not self.context(scope).baseline and self._follows(scope)]

    def without_reference(self) -> bool:
        """Tell whether a daily met a scope whose first monthly is still to come."""
        return self._header.typeflux == DAILY and any(scope.monthly_at is None for scope in self.restated.values())

    def set_reference(self) -> None:
        """Make a monthly or a reload the reference of the scopes that it restates; in the verdict transaction."""
        if self._header.typeflux not in (MONTHLY, RELOAD):
            return
        self._conn.execute(
            _REFERENCE,
            {
                "at": self._header.at,
                "dtref": self._header.dtref,
                "reload": self._header.typeflux == RELOAD,
                "scopes": list(self.restated),
            },
        )

    def _context(self, scope: Scope) -> Context:
        gap = self.gap_days(scope)
        again = self._header.typeflux == MONTHLY and scope.corrected_baseline(self._header.at)
        return Context(
            at=self._header.at,
            baseline=scope.monthly_at is None or self._header.typeflux == RELOAD or again,
            degraded=gap is not None and gap > MAX_GAP_DAYS,
            authority=scope.authority,
        )

    def _follows(self, scope: Scope) -> bool:
        return scope.monthly_dtref is not None and scope.monthly_at is not None and scope.monthly_at <= self._header.at

    def _named(self, authority: str) -> str:
        """Name the scope of a record; of one whose commune is unknown, by the authority that its file is for.

        The two authorities of 69 receive each their file from one caisse: what one of them lacks is not absent.
        """
        return f"{UNDECIDED}/{self._main_authority or ''}" if authority == UNDECIDED else authority


def main_authority(batch: Sequence[Household | BadHousehold]) -> str | None:
    """Give the authority of most records, those that leave it undecided left out."""
    found = (authority_of(record.ideparte, record.commune) for record in batch if isinstance(record, Household))
    counts = Counter(authority for authority in found if authority and authority != UNDECIDED)
    return counts.most_common(1)[0][0] if counts else None


_REFERENCE: Final = """
update journal.scope set monthly_at = %(at)s, monthly_dtref = %(dtref)s,
  baseline_at = case when monthly_at is null or %(reload)s then %(at)s else baseline_at end
 where scope_id = any(%(scopes)s) and (monthly_at is null or monthly_at <= %(at)s)
"""


def _all(conn: psycopg.Connection) -> dict[tuple[str, str, str], Scope]:
    rows = conn.execute(
        "select scope_id, fonorg, numorg, authority, monthly_at, monthly_dtref, baseline_at from journal.scope"
    ).fetchall()
    return {(row[1], row[2], row[3]): Scope(*row) for row in rows}


def _number(conn: psycopg.Connection, fonorg: str, numorg: str, authority: str) -> Scope:
    row = conn.execute(
        "insert into journal.scope (fonorg, numorg, authority) values (%s, %s, %s)"
        " on conflict (fonorg, numorg, authority) do update set fonorg = excluded.fonorg"
        " returning scope_id, fonorg, numorg, authority, monthly_at, monthly_dtref, baseline_at",
        (fonorg, numorg, authority),
    ).fetchone()
    assert row is not None  # noqa: S101 - "returning" of an upsert always gives its row
    return Scope(*row)
