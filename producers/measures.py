"""What the ingest role tells of its sources: counts as files are judged, and what the journal alone can say.

The label ``source`` is a kind of file of the registry: caisses are about a hundred, and their number is not ours to
bound.
The last success shown is that of the caisse that is most late. Which caisse is late or short is in the journal
(``bus db psql``, report views). Gauges are read from the journal when the role looks, never while a scrape waits: they
are the same before and after a restart, and tell files taken in by the command line too. Counters are of this process.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, assert_never

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
from producers import registry
from producers.journal.flux import Flux
from producers.journal.origin import Configured, Every, Kind, OnDemand
from producers.journal.verdict import Report, Verdict
from producers.settings import IngestSettings

_DAY: Final = 86_400.0


class Result(StrEnum):
    """The label ``result`` of records: of an accepted file, of one already known, of a refused one, put aside alone."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"
    QUARANTINED = "quarantined"


FILE_RESULTS: Final = (Result.ACCEPTED, Result.DUPLICATE, Result.REJECTED)
"""The label ``result`` of files."""


def announce(settings: IngestSettings) -> None:
    """Show what is expected of each source, and at zero what may happen: an absent series is no zero."""
    for one in registry.kinds():
        for result in Result:
            INGEST_RECORDS.labels(one.label, result.value)
        for result in FILE_RESULTS:
            INGEST_FILES.labels(one.label, result.value)
        INGEST_SOURCE_DELAY.labels(one.label)
        if (days := expected_days(one, settings)) is not None:
            INGEST_EXPECTED_INTERVAL.labels(one.label).set(days * _DAY)
    declare(Stage.INGEST)


def expected_days(kind: Kind, settings: IngestSettings) -> float | None:
    """Give the days between two files of a kind; None for one that comes when it is asked for."""
    match kind.calendar:
        case Every(days):
            return days
        case Configured(days_by):
            return days_by(settings)
        case OnDemand():
            return None
        case _:
            assert_never(kind.calendar)


def judged(flux: Flux, report: Report, seconds: float, dated: datetime | None) -> None:
    """Count a file whose verdict is committed.

    Args:
        flux: the file.
        report: its verdict.
        seconds: how long it took.
        dated: the instant that the file bears, None when it bears none.
    """
    source = _label(report)
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
    labels = (_label(report), Result.DUPLICATE.value)
    INGEST_FILES.labels(*labels).inc()
    INGEST_RECORDS.labels(*labels).inc(records)


def show(conn: psycopg.Connection) -> None:
    """Show what the journal says: last successes, gaps not made good, what is in quarantine.

    Args:
        conn: acts as ``bus_ingest``; the caller ends the transaction.
    """
    labels = {kind.label for kind in registry.kinds()}
    for label, decided in conn.execute(_LAST):
        if label in labels:  # else a source that this version no longer reads
            INGEST_LAST_SUCCESS.labels(label).set(decided)
    for source in registry.SOURCES.values():
        gaps = source.gaps(conn)
        for kind in source.kinds:
            if kind.announced:
                INGEST_GAP.labels(kind.label).set(gaps.get(kind.label, 0))
    _show_quarantine({code: (count, oldest) for code, count, oldest in conn.execute(_QUARANTINE)})


def _label(report: Report) -> str:
    return registry.source(report.source).kind_of(report.genre).label


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
select kind,
       extract(epoch from coalesce(min(last) filter (where last > now() - interval '90 days'), max(last)))::float8
  from (select kind, emetteur, max(decided_at) as last from journal.flux
         where verdict = 'accepte' group by 1, 2) heard
 group by 1
"""

_QUARANTINE: Final = """
select code, count(*), extract(epoch from min(created_at))::float8 from journal.quarantine group by 1
"""
