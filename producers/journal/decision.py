"""The verdict transaction: everything about a flux becomes visible at once, or nothing but its rejection."""

from typing import Any, Final

import psycopg
from psycopg.types.json import Jsonb

from bus.db import LOCK_OUTBOX
from bus.vault import epochs
from producers.journal.events import Cause, NewEvent, outbox_row
from producers.journal.flux import Flux, Tally, Tools
from producers.journal.lookups import Scope
from producers.journal.observation import FluxRejected, Header, Motif
from producers.journal.verdict import Report, Verdict, detail, genre

CHANNEL: Final = "journal_outbox"

# An erasure may have happened since a batch was staged: nothing of an erased subject may come in.
_MERGE: Final = (
    "insert into vault.subject (subject_id) select subject_id from journal.staged_subject",
    """insert into vault.link (kind, digest, subject_id)
         select l.kind, l.digest, l.subject_id from journal.staged_link l
           join vault.subject s on s.subject_id = l.subject_id on conflict do nothing""",
    """insert into vault.key (key_id, subject_id, epoch, wrapped)
         select key_id, subject_id, epoch, wrapped from journal.staged_key""",
    """insert into vault.owned_key (key_id, owner, epoch, wrapped)
         select key_id, owner, epoch, wrapped from journal.staged_owned_key""",
    """insert into journal.dossier (scope_id, dossier, etat, seen_at, moved_out)
         select scope_id, dossier, etat, seen_at, moved_out from journal.staged_dossier
       on conflict (scope_id, dossier) do update
         set etat = excluded.etat, seen_at = excluded.seen_at, moved_out = excluded.moved_out""",
    """delete from journal.person p using journal.staged_dossier d
        where d.persons and p.scope_id = d.scope_id and p.dossier = d.dossier""",
    """insert into journal.person
         (scope_id, dossier, subject_id, role, eligible, obligation, address, commune, moved_in)
         select p.scope_id, p.dossier, p.subject_id, p.role, p.eligible, p.obligation, p.address, p.commune, p.moved_in
           from journal.staged_person p join vault.subject s on s.subject_id = p.subject_id""",
    """update journal.person p set eligible = false from journal.staged_absent a
        where p.scope_id = a.scope_id and p.dossier = a.dossier and p.subject_id = a.subject_id""",
    """insert into journal.contact (subject_id, source, fingerprint, as_of)
         select c.subject_id, c.source, c.fingerprint, c.as_of from journal.staged_contact c
           join vault.subject s on s.subject_id = c.subject_id
       on conflict (subject_id, source) do update set fingerprint = excluded.fingerprint, as_of = excluded.as_of""",
    """insert into journal.suspect (subject_id, other_id) select subject_id, other_id from journal.staged_suspect
       on conflict do nothing""",
    "delete from journal.waiting w using journal.staged_settled s where s.waiting_id = w.waiting_id",
    "delete from vault.owned_key k using journal.staged_settled s where s.key_id = k.key_id",
    """insert into journal.outbox (event_id, topic, key, type, version, body, observed_at, source)
         select o.event_id, o.topic, o.key, o.type, o.version, o.body, o.observed_at, o.source
           from journal.staged_outbox o
          where o.key like 'sha256:%' or exists (select from vault.subject s where s.subject_id = o.key)
          order by o.ord""",
)
_WAITING: Final = """
insert into journal.waiting (flux_id, rank, dossier, role, as_of, expires_at, key_id, octets)
select %s, rank, dossier, role, as_of, expires_at, key_id, octets from journal.staged_waiting
"""
_QUARANTINE: Final = """
insert into journal.quarantine (flux_id, rank, dossier, chemin, code, key_id, octets)
select %s, rank, dossier, chemin, code, key_id, octets from journal.staged_quarantine
on conflict (flux_id, rank) do nothing
"""
_SPOOL_INDEX: Final = """
insert into journal.spool_dossier (flux_id, digest)
select %(flux)s, dossier from (select dossier from journal.staged_dossier union
                               select dossier from journal.staged_present) d
on conflict do nothing
"""
_FLUX: Final = """
insert into journal.flux (flux_id, source, emetteur, authority, file_name, natflux, typeflux, dtref, dtcreaflux,
  heucreaflux, received_at, verdict, motif, detail, lus, valides, rejets, hors_perimetre, effaces, en_attente,
  evenements, ecart)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""


def accept(desk: Tools, flux: Flux, header: Header | None, scopes: list[Scope]) -> Report:
    """Make a staged flux visible in one transaction: vault, states, outbox in order, report.

    ``scopes`` are those that a monthly or a reload restates: it becomes their reference.
    """
    flux.tally.events["flux.traite"] += 1
    report = _report(flux, header, Verdict.ACCEPTE, None)
    desk.staging.publish(_flux_event(flux, header, report))
    desk.staging.flush()
    desk.staging.analyse()
    conn = desk.conn
    conn.execute("reset enable_seqscan")  # whole tables are joined now
    conn.execute("select pg_advisory_xact_lock(%s)", (LOCK_OUTBOX,))
    epochs.hold(conn)  # staged keys are wrapped already: no rotation may end between reading them and moving them
    for statement in _MERGE:
        conn.execute(statement)
    conn.execute(_WAITING, (flux.flux_id,))
    conn.execute(_QUARANTINE, (flux.flux_id,))
    _set_reference(conn, header, scopes)
    _close(desk, flux, report, ecart=0)
    return report


def refuse(desk: Tools, flux: Flux, header: Header | None, cause: FluxRejected, *, whole: bool) -> Report:
    """Make nothing visible but the rejection.

    ``whole`` says that the file was read to its end, so that the index of its dossiers is complete.
    """
    desk.staging.flush()  # the dossiers seen so far, for the index of the spooled copy
    conn = desk.conn
    flux.tally.events.clear()
    flux.tally.events["flux.rejete"] += 1
    report = _report(flux, header, Verdict.REJETE, cause)
    conn.execute("select pg_advisory_xact_lock(%s)", (LOCK_OUTBOX,))
    _insert_event(conn, _flux_event(flux, header, report))
    conn.execute(_SPOOL_INDEX, {"flux": flux.flux_id})
    conn.execute("update journal.spool set index_complete = %s where flux_id = %s", (whole, flux.flux_id))
    _close(desk, flux, report, ecart=cause.ecart)
    return report


_EARLIER: Final = """
select authority, natflux, typeflux, dtref, dtcreaflux, heucreaflux, verdict, motif, detail, lus, valides, rejets,
  evenements, received_at from journal.flux where flux_id = %s
"""


def earlier_report(conn: psycopg.Connection, flux: Flux) -> Report | None:
    """Give the report of bytes already decided; None when they are new.

    The same delivery, met again after a crash, has its own report; another delivery is a ``doublon``, with the first
    verdict in its detail.
    """
    row = conn.execute(_EARLIER, (flux.flux_id,)).fetchone()
    if row is None:
        return None
    kind = dict(zip(("natflux", "typeflux", "dtref", "dtcreaflux", "heucreaflux"), row[1:6], strict=True))
    head = (flux.file_name, flux.flux_id, flux.source.value, row[0], kind)
    if row[13] == flux.received_at:
        return Report(*head, Verdict(row[6]), Motif(row[7]) if row[7] else None, *row[8:13])
    first = f"{row[6]}, {row[7]}" if row[7] else row[6]
    return Report(*head, Verdict.DOUBLON, None, f"déjà reçu le {row[13]:%Y-%m-%d} : {first}", 0, 0, 0, {})


def records_of(conn: psycopg.Connection, flux_id: str) -> int:
    """Give how many records a flux already judged was read to hold."""
    row = conn.execute("select lus from journal.flux where flux_id = %s", (flux_id,)).fetchone()
    return int(row[0]) if row else 0


def _set_reference(conn: psycopg.Connection, header: Header | None, scopes: list[Scope]) -> None:
    if header is None or header.typeflux not in ("M", "R"):
        return
    conn.execute(
        "update journal.scope set monthly_at = %(at)s, monthly_dtref = %(dtref)s,"
        " baseline_at = case when monthly_at is null or %(reload)s then %(at)s else baseline_at end"
        " where scope_id = any(%(scopes)s) and (monthly_at is null or monthly_at <= %(at)s)",
        {
            "at": header.at,
            "dtref": header.dtref,
            "reload": header.typeflux == "R",
            "scopes": [scope.scope_id for scope in scopes],
        },
    )


def _close(desk: Tools, flux: Flux, report: Report, *, ecart: int) -> None:
    tally = flux.tally
    counts = (tally.out_of_scope, tally.erased, tally.waiting, Jsonb(dict(report.evenements)), ecart)
    kind = (*report.genre.values(), flux.received_at)
    judged = (report.verdict.value, report.motif, report.detail, report.lus, report.valides, report.rejets)
    emitter = tally.emitter(flux.source)
    head = (flux.flux_id, flux.source.value, emitter, report.autorite, flux.file_name)
    desk.conn.execute(_FLUX, (*head, *kind, *judged, *counts))
    # A watched file is settled only once its report is written: a crash in between must not lose the report.
    desk.conn.execute("update journal.spool set decided = true where flux_id = %s and folder is null", (flux.flux_id,))
    desk.staging.clear()
    desk.conn.execute(f"notify {CHANNEL}")
    desk.conn.commit()


def _insert_event(conn: psycopg.Connection, row: tuple[Any, ...]) -> None:
    conn.execute(
        "insert into journal.outbox (event_id, topic, key, type, version, body, observed_at, source)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s)",
        row,
    )


def _report(flux: Flux, header: Header | None, verdict: Verdict, cause: FluxRejected | None) -> Report:
    tally = flux.tally
    return Report(
        fichier=flux.file_name,
        flux=flux.flux_id,
        source=flux.source.value,
        autorite=_authority(flux),
        genre=genre(header),
        verdict=verdict,
        motif=cause.motif if cause else None,
        detail=cause.detail if cause else detail(tally),
        lus=tally.read,
        valides=0 if cause else tally.valid,
        rejets=tally.bad,
        evenements=dict(sorted(tally.events.items())),
    )


def _authority(flux: Flux) -> str | None:
    """Give the authority of a flux; contacts name one only when all their people share it."""
    if flux.source.value == "contact" and len(flux.tally.authorities) != 1:
        return None
    return flux.tally.authority


def _flux_event(flux: Flux, header: Header | None, report: Report) -> tuple[Any, ...]:
    tally = flux.tally
    emitter = tally.emitter("contact-caf" if flux.source.value == "contact" else "cnaf")
    donnees = {"emetteur": emitter, "autorite": report.autorite, **genre(header)}
    if report.verdict is Verdict.ACCEPTE:
        donnees |= _counts(tally, report)
    else:
        donnees |= {"motif": report.motif.value if report.motif else "", "detail": report.detail}
    kind = "flux.traite" if report.verdict is Verdict.ACCEPTE else "flux.rejete"
    return outbox_row(
        NewEvent(
            type=kind,
            cause=Cause(flux.flux_id, 0, 0, None),
            source=emitter,
            fait_foi=True,
            date_effet=header.dtcreaflux if header else flux.received_at.date(),
            observed_at=flux.received_at,
            published_at=flux.received_at,
            donnees=donnees,
        )
    )


def _counts(tally: Tally, report: Report) -> dict[str, Any]:
    return {
        "lus": tally.read,
        "valides": tally.valid,
        "rejets": tally.bad,
        "hors_perimetre": tally.out_of_scope,
        "evenements": tally.events.total(),
        "detail": report.detail,
    }
