"""What the ingest role tells of its sources: counts as files are judged, and what the journal alone can say.

The label ``source`` is a kind of file, five in all: caisses are about a hundred, and their number is not ours to bound.
The last success shown is that of the caisse that is most late. Which caisse is late or short is in the journal
(``bus db psql``, report views). Gauges are read from the journal when the role looks, never while a scrape waits: they
are the same before and after a restart, and tell files taken in by the command line too. Counters are of this process.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

import psycopg

from bus.measuring import REASONS, Fate, Stage, declare, processed, put_aside, reason
from bus.telemetry.metrics import (
    INGEST_EXPECTED_INTERVAL,
    INGEST_FILES,
    INGEST_GAP,
    INGEST_LAST_SUCCESS,
    INGEST_RECORDS,
    INGEST_SOURCE_DELAY,
    QUARANTINE_HELD,
    QUARANTINE_OLDEST,
)
from producers.journal.flux import Flux
from producers.journal.observation import Source
from producers.journal.verdict import Report, Verdict
from producers.settings import IngestSettings

_DAY: Final = 86_400.0


class Kind(StrEnum):
    """The label ``source``."""

    DAILY = "cnaf-quotidien"
    MONTHLY = "cnaf-mensuel"
    RELOAD = "cnaf-reprise"
    UNREADABLE = "cnaf-illisible"  # refused before its header said which
    CONTACT = "contact"


class Result(StrEnum):
    """The label ``result`` of records: of an accepted file, of one already known, of a refused one, put aside alone."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"
    QUARANTINED = "quarantined"


FILE_RESULTS: Final = (Result.ACCEPTED, Result.DUPLICATE, Result.REJECTED)
"""The label ``result`` of files."""

_BY_TYPE: Final = {"I": Kind.DAILY, "M": Kind.MONTHLY, "R": Kind.RELOAD}
_ANNOUNCED: Final = (Kind.DAILY, Kind.MONTHLY, Kind.RELOAD)  # only these end with a control total


def kind(source: str, typeflux: str | None) -> Kind:
    """Give the kind of a file by its source and its TYPEFLUX."""
    return Kind.CONTACT if source == Source.CONTACT else _BY_TYPE.get(typeflux or "", Kind.UNREADABLE)


def announce(settings: IngestSettings) -> None:
    """Show what is expected of each source, and at zero what may happen: an absent series is no zero."""
    for one in Kind:
        for result in Result:
            INGEST_RECORDS.labels(one.value, result.value)
        for result in FILE_RESULTS:
            INGEST_FILES.labels(one.value, result.value)
        INGEST_SOURCE_DELAY.labels(one.value)
    for one, days in _expected(settings).items():
        INGEST_EXPECTED_INTERVAL.labels(one.value).set(days * _DAY)
    declare(Stage.INGEST)


def _expected(settings: IngestSettings) -> Mapping[Kind, float]:
    """Give the days between two files; a reload comes when asked for."""
    return {
        Kind.DAILY: settings.intervalle_quotidien_jours,
        Kind.MONTHLY: settings.intervalle_mensuel_jours,
        Kind.CONTACT: settings.intervalle_contact_jours,
    }


def judged(flux: Flux, report: Report, seconds: float, dated: datetime | None) -> None:
    """Count a file whose verdict is committed.

    Args:
        flux: the file.
        report: its verdict.
        seconds: how long it took.
        dated: the instant that the file bears, None when it bears none.
    """
    source = kind(report.source, report.genre["typeflux"]).value
    # A file may be refused before one of its records counts: only this tells.
    accepted = report.verdict is Verdict.ACCEPTE
    INGEST_FILES.labels(source, (Result.ACCEPTED if accepted else Result.REJECTED).value).inc()
    if accepted:
        INGEST_RECORDS.labels(source, Result.ACCEPTED.value).inc(flux.tally.valid)
        INGEST_RECORDS.labels(source, Result.QUARANTINED.value).inc(flux.tally.bad)
        for code, count in flux.tally.codes.items():
            put_aside(Stage.INGEST, code, count)
        if dated is not None:
            INGEST_SOURCE_DELAY.labels(source).observe(max(0.0, (datetime.now(UTC) - dated).total_seconds()))
    else:
        INGEST_RECORDS.labels(source, Result.REJECTED.value).inc(flux.tally.read)
    processed(Stage.INGEST, {(type_, Fate.OK.value): count for type_, count in report.evenements.items()}, seconds)


def repeated(report: Report, records: int) -> None:
    """Count a file whose bytes were judged before, and its records."""
    labels = (kind(report.source, report.genre["typeflux"]).value, Result.DUPLICATE.value)
    INGEST_FILES.labels(*labels).inc()
    INGEST_RECORDS.labels(*labels).inc(records)


def show(conn: psycopg.Connection) -> None:
    """Show what the journal says: last successes, gaps not made good, what is in quarantine.

    Args:
        conn: acts as ``bus_ingest``; the caller ends the transaction.
    """
    for source, typeflux, decided in conn.execute(_LAST):
        INGEST_LAST_SUCCESS.labels(kind(source, typeflux).value).set(decided)
    gaps = {kind("cnaf", typeflux): _gap(more, less) for typeflux, more, less in conn.execute(_GAPS)}
    for one in _ANNOUNCED:
        INGEST_GAP.labels(one.value).set(gaps.get(one, 0))
    _show_quarantine({code: (count, oldest) for code, count, oldest in conn.execute(_QUARANTINE)})


def _gap(more: int, less: int) -> int:
    """Give the larger of what is missing and what is too much: one must not hide the other by cancelling it."""
    return more if more >= -less else less


def _show_quarantine(found: Mapping[str, tuple[int, float]]) -> None:
    held: dict[str, tuple[int, float]] = dict.fromkeys(REASONS[Stage.INGEST], (0, 0.0))
    for code, (count, oldest) in found.items():
        name = reason(Stage.INGEST, code)
        before, since = held.get(name, (0, 0.0))
        held[name] = (before + count, min(since, oldest) if before else oldest)
    for name, (count, oldest) in held.items():
        QUARANTINE_HELD.labels(Stage.INGEST.value, name).set(count)
        QUARANTINE_OLDEST.labels(Stage.INGEST.value, name).set(oldest)


# Of each kind, the last success of the emitter that is most late: a caisse that falls silent must not hide behind the
# others. One not heard of for 90 days has left, unless the whole kind has.
_LAST: Final = """
select source, typeflux,
       extract(epoch from coalesce(min(last) filter (where last > now() - interval '90 days'), max(last)))::float8
  from (select source, typeflux, emetteur, max(decided_at) as last from journal.flux
         where verdict = 'accepte' group by 1, 2, 3) heard
 group by 1, 2
"""

# The last copy of each header that announced another number than it held, for as long as the copy is kept; a copy with
# the same header makes it good, or a later whole statement of the same emitter.
_GAPS: Final = """
select typeflux, coalesce(sum(ecart) filter (where ecart > 0), 0), coalesce(sum(ecart) filter (where ecart < 0), 0)
  from (select distinct on (emetteur, typeflux, dtcreaflux, heucreaflux) * from journal.flux
         where ecart <> 0 and received_at > now() - interval '30 days'
         order by emetteur, typeflux, dtcreaflux, heucreaflux, received_at desc) short
 where not exists (
   select from journal.flux good
    where good.verdict = 'accepte' and good.emetteur = short.emetteur and (
          (good.typeflux, good.dtcreaflux, good.heucreaflux) = (short.typeflux, short.dtcreaflux, short.heucreaflux)
          or (good.typeflux in ('M', 'R') and good.dtcreaflux >= short.dtcreaflux
              and good.received_at > short.received_at)))
 group by 1
"""

_QUARANTINE: Final = """
select code, count(*), extract(epoch from min(created_at))::float8 from journal.quarantine group by 1
"""
