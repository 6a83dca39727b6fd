"""A bad record put aside: one event that says where and why, and its bytes, sealed under a key of their own."""

from bus.sealing import new_key, seal
from producers.events import Cause, Event, outbox_row
from producers.flux import Desk, Flux
from producers.observation import BadRecord

SORTE: str = "enregistrement"


def put_aside(desk: Desk, flux: Flux, record: BadRecord, source: str) -> None:
    """Stage the quarantine of a record and its ``enregistrement.rejete``."""
    key = new_key()
    dossier = desk.pepper.dossier(record.numdemrsa) if record.numdemrsa else None
    octets = seal(key, SORTE, 1, record.octets)
    row = (record.rank, dossier, record.chemin, record.code.value, key.key_id, octets)
    desk.staging.add("staged_quarantine", *row)
    desk.staging.add_key("staged_owned_key", key, f"record:{flux.flux_id}:{record.rank}")
    flux.tally.bad += 1
    flux.tally.codes[record.code.value] += 1
    flux.tally.events["enregistrement.rejete"] += 1
    desk.staging.publish(
        outbox_row(
            Event(
                type="enregistrement.rejete",
                cause=Cause(flux.flux_id, record.rank, 0, None),
                source=source,
                fait_foi=True,
                date_effet=flux.received_at.date(),
                observed_at=flux.received_at,
                published_at=flux.received_at,
                donnees={"chemin": record.chemin, "code": record.code.value},
            )
        )
    )
