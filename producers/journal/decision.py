"""The verdict on a flux made true: everything about it becomes visible at once, or nothing but its rejection."""

from collections.abc import Callable
from typing import Any, Final

from psycopg.types.json import Jsonb

from bus.vault import epochs
from producers.journal import merging, outbox, transaction
from producers.journal.events import Cause, NewEvent, tell
from producers.journal.flux import Flux, Tools
from producers.journal.observation import FluxRejected
from producers.journal.source import Header
from producers.journal.verdict import HEADS, Report, Verdict, authority, detail, genre, report_of

_FLUX: Final = """
insert into journal.flux (flux_id, source, emetteur, authority, file_name, kind, entete, received_at, verdict, motif,
  detail, lus, valides, rejets, hors_perimetre, effaces, en_attente, evenements, ecart)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""


def accept(tools: Tools, flux: Flux, header: Header | None, settle: Callable[[], None]) -> Report:
    """Make a staged flux visible in one transaction: vault, states, outbox in order, report.

    ``settle`` does in it what only the flux's source knows of.
    """
    tell(tools, flux, _flux_event(flux, header, Verdict.ACCEPTE, None))
    report = report_of(flux, header, Verdict.ACCEPTE, None)
    tools.staging.flush()
    tools.staging.analyse()
    tools.conn.execute("reset enable_seqscan")  # whole tables are joined now
    with transaction.verdict(tools.conn):
        epochs.hold(tools.conn)  # staged keys are wrapped already: no rotation may end between reading and moving them
        merging.states(tools.conn, flux.flux_id)
        outbox.move_staged(tools.conn)
        settle()
        _close(tools, flux, header, report, ecart=0)
    return report


def refuse(tools: Tools, flux: Flux, header: Header | None, cause: FluxRejected, *, whole: bool) -> Report:
    """Make nothing visible but the rejection.

    ``whole`` says that the file was read to its end, so that the index of its dossiers is complete.
    """
    flux.tally.events.clear()
    tools.staging.forget_events()
    tell(tools, flux, _flux_event(flux, header, Verdict.REJETE, cause))
    report = report_of(flux, header, Verdict.REJETE, cause)
    tools.staging.flush()  # with the dossiers seen so far, for the index of the spooled copy
    with transaction.verdict(tools.conn):
        outbox.move_staged(tools.conn)
        merging.index(tools.conn, flux.flux_id, complete=whole and flux.source.indexed)
        _close(tools, flux, header, report, ecart=cause.ecart)
    return report


def _close(tools: Tools, flux: Flux, header: Header | None, report: Report, *, ecart: int) -> None:
    tally, source, said = flux.tally, flux.source, header.said if header else {}
    head = (flux.flux_id, source.name, tally.emitter(source.name), report.autorite, flux.file_name)
    kind = (source.kind_of(said).label, Jsonb(dict(said)), flux.received_at)
    judged = (report.verdict.value, report.motif, report.detail, report.lus, report.valides, report.rejets)
    counts = (tally.out_of_scope, tally.erased, tally.waiting, Jsonb(dict(report.evenements)), ecart)
    tools.conn.execute(_FLUX, (*head, *kind, *judged, *counts))
    # A watched file is settled only once its report is written: a crash in between must not lose the report.
    tools.conn.execute("update journal.spool set decided = true where flux_id = %s and folder is null", (flux.flux_id,))
    tools.staging.clear()
    outbox.wake(tools.conn)


def _flux_event(flux: Flux, header: Header | None, verdict: Verdict, cause: FluxRejected | None) -> NewEvent:
    emitter, said = flux.tally.emitter(flux.source.emitter), genre(header)
    donnees: dict[str, Any] = {"emetteur": emitter, "autorite": authority(flux), **{name: said[name] for name in HEADS}}
    if cause is None:
        donnees |= _counts(flux)
    else:
        donnees |= {"motif": cause.motif.value, "detail": cause.detail}
    return NewEvent(
        type="flux.traite" if verdict is Verdict.ACCEPTE else "flux.rejete",
        cause=Cause(flux.flux_id, 0, 0, None),
        source=emitter,
        fait_foi=True,  # the bus itself says it
        date_effet=header.day if header else flux.received_at.date(),
        observed_at=flux.received_at,
        donnees=donnees,
    )


def _counts(flux: Flux) -> dict[str, Any]:
    tally = flux.tally
    return {
        "lus": tally.read,
        "valides": tally.valid,
        "rejets": tally.bad,
        "hors_perimetre": tally.out_of_scope,
        "evenements": tally.events.total() + 1,  # this one too
        "detail": detail(tally),
    }
