"""What was already decided of some bytes."""

from typing import Final

import psycopg

from producers.journal.flux import Flux
from producers.journal.observation import Motif
from producers.journal.verdict import HEADS, Report, Verdict

_EARLIER: Final = """
select authority, entete, verdict, motif, detail, lus, valides, rejets, evenements, received_at
  from journal.flux where flux_id = %s
"""


def earlier_report(conn: psycopg.Connection, flux: Flux) -> Report | None:
    """Give the report of bytes already decided; None when they are new.

    The same delivery, met again after a crash, has its own report; another delivery is a ``doublon``, with the first
    verdict in its detail.
    """
    row = conn.execute(_EARLIER, (flux.flux_id,)).fetchone()
    if row is None:
        return None
    authority, entete, verdict, motif, *told, received_at = row
    head = (flux.file_name, flux.flux_id, flux.source.name, authority, {**dict.fromkeys(HEADS), **entete})
    if received_at == flux.received_at:
        return Report(*head, Verdict(verdict), Motif(motif) if motif else None, *told)
    first = f"{verdict}, {motif}" if motif else verdict
    return Report(*head, Verdict.DOUBLON, None, f"déjà reçu le {received_at:%Y-%m-%d} : {first}", 0, 0, 0, {})


def records_of(conn: psycopg.Connection, flux_id: str) -> int:
    """Give how many records a flux already judged was read to hold."""
    row = conn.execute("select lus from journal.flux where flux_id = %s", (flux_id,)).fetchone()
    return int(row[0]) if row else 0
