"""What a contact file says of somebody known, told when it differs from what the same source said last."""

from collections.abc import Sequence
from datetime import date
from typing import Final, NamedTuple

from producers.contact.dates import midnight
from producers.contact.observation import ContactRow
from producers.contact.parts import EMITTER, contact_fingerprint, contacts
from producers.journal import lookups
from producers.journal.events import Cause, NewEvent, tell
from producers.journal.flux import Flux, Note, Tools
from producers.journal.parts import SealedPart

RULE: Final = "contact-1"
FAIT_FOI: Final = True
"""The CAF is the emitter of record of what people told it."""
OLDER: Final = Note(20, "{} ligne(s) plus ancienne(s) que le déjà connu")


class RowTold(NamedTuple):
    """A row that concerns somebody known, with the flux and rank that first carried it."""

    subject_id: str
    row: ContactRow
    flux_id: str
    as_of: date
    standing: date


class _Known(NamedTuple):
    """What the source last said of a person, and the day from which that stands."""

    fingerprint: bytes = b""
    standing: date = date.min


def tell_contacts(tools: Tools, flux: Flux, told: Sequence[RowTold]) -> None:
    """Stage one ``contact.mis_a_jour`` for each row that differs from what this source last said of its person."""
    subjects = {one.subject_id for one in told}
    keys = lookups.keys(tools.conn, tools.ring, subjects)
    last = {who: _Known(*said) for who, said in lookups.contact_states(tools.conn, EMITTER, subjects).items()}
    changed: dict[str, _Known] = {}
    for one in told:
        if (key := keys.get(one.subject_id)) is None:  # erased in between
            continue
        known = changed.get(one.subject_id) or last.get(one.subject_id) or _Known()
        parts = contacts(key, one.row, one.as_of)
        if (fingerprint := contact_fingerprint(parts)) == known.fingerprint:
            continue
        if one.as_of < known.standing:  # an older file come late
            flux.tally.notes[OLDER] += 1
            continue
        tell(tools, flux, _event(tools, one, parts))
        changed[one.subject_id] = _Known(fingerprint, one.standing)
    _stage_states(tools, changed)


def _stage_states(tools: Tools, changed: dict[str, _Known]) -> None:
    tools.staging.forget_contacts(list(changed))
    for subject, state in changed.items():
        tools.staging.add("staged_contact", subject, EMITTER, *state)


def _event(tools: Tools, one: RowTold, parts: Sequence[SealedPart]) -> NewEvent:
    return NewEvent(
        type="contact.mis_a_jour",
        cause=Cause(one.flux_id, one.row.rank, 0, RULE),
        source=EMITTER,
        fait_foi=FAIT_FOI,
        date_effet=one.as_of,
        observed_at=midnight(one.as_of),
        donnees={"telephones": len(one.row.phones), "courriels": len(one.row.mails)},
        subject_id=one.subject_id,
        dossier=tools.pepper.dossier(one.row.numdemrsa) if one.row.numdemrsa else None,
        scelle=tuple(parts),
    )
