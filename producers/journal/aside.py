"""A bad record put aside: one event that says where and why, and its bytes, sealed under a key of their own."""

from typing import Final

import psycopg

from bus.sealing import new_key, seal
from bus.telemetry.logs import get_logger
from producers.journal.events import Cause, NewEvent, tell
from producers.journal.flux import Flux, Tools
from producers.journal.observation import BadRecord

SORTE: str = "enregistrement"
KEPT_DAYS: Final = 30  # as the topic ``quarantaine`` keeps (design.md §6)
_log = get_logger()


def put_aside(tools: Tools, flux: Flux, record: BadRecord, source: str) -> None:
    """Stage the quarantine of a record and its ``enregistrement.rejete``."""
    key = new_key()
    dossier = tools.pepper.dossier(record.numdemrsa) if record.numdemrsa else None
    octets = seal(key, SORTE, 1, record.octets)
    row = (record.rank, dossier, record.chemin, record.code.value, key.key_id, octets)
    tools.staging.add("staged_quarantine", *row)
    tools.staging.add_key("staged_owned_key", key, f"record:{flux.flux_id}:{record.rank}")
    flux.tally.bad += 1
    flux.tally.codes[record.code.value] += 1
    tell(
        tools,
        flux,
        NewEvent(
            type="enregistrement.rejete",
            cause=Cause(flux.flux_id, record.rank, 0, None),
            source=source,
            fait_foi=True,
            date_effet=flux.received_at.date(),
            observed_at=flux.received_at,
            donnees={"chemin": record.chemin, "code": record.code.value},
        ),
    )


def purge(conn: psycopg.Connection) -> int:
    """Destroy the records put aside ``KEPT_DAYS`` ago, each with its key; gives how many. The caller commits."""
    row = conn.execute(_PURGE, (KEPT_DAYS,)).fetchone()
    count = int(row[0]) if row else 0
    if count:
        _log.info("records put aside destroyed", records=count, days=KEPT_DAYS)
    return count


def purge_waiting(conn: psycopg.Connection) -> None:
    """Destroy the rows that waited in vain for their person, each with its key. The caller commits."""
    conn.execute(
        "with gone as (delete from journal.waiting where expires_at < now() returning key_id)"
        " delete from vault.owned_key using gone where owned_key.key_id = gone.key_id"
    )


_PURGE: Final = """
with gone as (
  delete from journal.quarantine where created_at < now() - make_interval(days => %s) returning key_id
), keys as (
  delete from vault.owned_key using gone where owned_key.key_id = gone.key_id
)
select count(*) from gone
"""
