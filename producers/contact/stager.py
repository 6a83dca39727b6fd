"""A batch of contact rows: each concerns the person it names, or waits sealed for that person to appear."""

import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import orjson

from bus.sealing import DataKey, new_key, seal, unseal
from bus.vault.epochs import opened
from bus.vault.subjects import erased_roles
from producers.journal import lookups
from producers.journal.aside import put_aside
from producers.journal.events import Cause, NewEvent, outbox_row
from producers.journal.flux import Flux, Tools
from producers.journal.nir import valid_nir
from producers.journal.observation import CHILD, BadRecord, ContactRow, Phone
from producers.journal.parts import CONTACT_SOURCE, contact_fingerprint, contacts
from producers.journal.people import Candidate, People

RULE: Final = "contact-1"
WAITING_DAYS: Final = 90
SORTE: Final = "attente"
_DATE: Final = re.compile(r"(?<!\d)(20\d{2})-?(\d{2})-?(\d{2})(?!\d)")
_PARIS: Final = ZoneInfo("Europe/Paris")

Role = tuple[str, str]


class RowTold(NamedTuple):
    """A row that concerns somebody known, with the flux and rank that first carried it."""

    subject_id: str
    row: ContactRow
    flux_id: str
    as_of: date
    standing: date


def date_of_file(file_name: str, received_at: datetime) -> date:
    """Give the date of a contact file: AAAAMMJJ or AAAA-MM-JJ in its name, else the day it was received."""
    return named_date(file_name) or received_at.astimezone(_PARIS).date()


def named_date(file_name: str) -> date | None:
    """Give the day that a file's name carries, None when it carries none."""
    for found in _DATE.finditer(file_name):
        try:
            return date(int(found[1]), int(found[2]), int(found[3]))
        except ValueError:
            continue
    return None


def standing(file_name: str, received_at: datetime) -> date:
    """Give the day from which a file's word stands against an older one's.

    A file without a date in its name yields to any later one; a date still to come must not silence the files
    received until then.
    """
    named = named_date(file_name)
    return min(named, received_at.astimezone(_PARIS).date()) if named else date.min


class ContactStager:
    """Stages the rows of one contact file, batch by batch."""

    def __init__(self, desk: Tools, flux: Flux) -> None:
        self._desk, self._flux = desk, flux
        self._as_of = date_of_file(flux.file_name, flux.received_at)
        self._standing = standing(flux.file_name, flux.received_at)

    def stage(self, batch: Sequence[ContactRow | BadRecord]) -> None:
        """Stage one batch (≤ 1,000 rows): contacts told, rows that wait, bad rows."""
        rows: list[ContactRow] = []
        for record in batch:
            if isinstance(record, BadRecord):
                put_aside(self._desk, self._flux, record, CONTACT_SOURCE)
            else:
                rows.append(record)
        self._flux.tally.valid += len(rows)
        self._flux.tally.children += sum(row.role == CHILD for row in rows)
        # A row whose values cannot be read withdraws nothing: what the source said before stands.
        told = self._attribute([row for row in rows if row.role != CHILD and not row.unreadable])
        tell(self._desk, self._flux, told)
        self._count_authorities({one.subject_id for one in told})
        self._desk.staging.flush()

    def _attribute(self, rows: list[ContactRow]) -> list[RowTold]:
        """Find whom each row names: by NIR, which makes a person known, else by dossier and role where unique."""
        desk = self._desk
        people = People(desk.conn, desk.pepper, desk.staging)
        named = [(row, self._by_nir(row)) for row in rows]
        people.load(candidate for _, candidate in named if candidate)
        roles = by_role(desk, [pair for row, candidate in named if not candidate and (pair := self._role(row))])
        unknown = {pair for row, _ in named if (pair := self._role(row))} - set(roles)
        # A row without NIR must not bring the contact of an erased person back.
        erased = erased_roles(desk.conn, desk.pepper, unknown)
        told: list[RowTold] = []
        for row, candidate in named:
            if candidate is not None:
                match = people.resolve(candidate)
                self._flux.tally.erased += match is None
                found = match.subject_id if match else None
            else:
                pair = self._role(row)
                found = roles.get(pair) if pair else None
                if found is None and pair in erased:
                    self._flux.tally.erased += 1
                elif found is None:
                    self._wait(row, pair)
            if found is not None:
                told.append(RowTold(found, row, self._flux.flux_id, self._as_of, self._standing))
        desk.staging.flush()  # the keys of new people are read back with the others
        return told

    def _by_nir(self, row: ContactRow) -> Candidate | None:
        nir13 = valid_nir(row.nir)
        return Candidate(self._desk.pepper.nir(nir13), None) if nir13 else None

    def _role(self, row: ContactRow) -> Role | None:
        if row.numdemrsa is None or row.role is None:
            return None
        return self._desk.pepper.dossier(row.numdemrsa), row.role

    def _wait(self, row: ContactRow, pair: Role | None) -> None:
        """Keep a row sealed until its person appears; one that names no dossier and role can only be counted."""
        self._flux.tally.waiting += 1
        if pair is None:
            return
        key = new_key()
        octets = seal(key, SORTE, 1, _dump(row))
        expires = self._flux.received_at + timedelta(days=WAITING_DAYS)
        self._desk.staging.add("staged_waiting", row.rank, *pair, self._as_of, expires, key.key_id, octets)
        self._desk.staging.add_key("staged_owned_key", key, f"waiting:{self._flux.flux_id}:{row.rank}")

    def _count_authorities(self, subjects: set[str]) -> None:
        scopes = {scope.scope_id: scope.authority for scope in lookups.scopes(self._desk.conn).values()}
        for row in lookups.persons(self._desk.conn, (), subjects):
            self._flux.tally.authorities[scopes[row.key[0]]] += 1


def by_role(desk: Tools, pairs: Sequence[Role]) -> dict[Role, str]:
    """Give the one person who holds a role in a dossier; a dossier with two such people names nobody."""
    holders: defaultdict[Role, set[str]] = defaultdict(set)
    for row in lookups.persons(desk.conn, {dossier for dossier, _ in pairs}, ()):
        holders[row.key[1], row.state.role].add(row.subject_id)
    return {pair: next(iter(holders[pair])) for pair in pairs if len(holders[pair]) == 1}


def tell(desk: Tools, flux: Flux, told: Sequence[RowTold]) -> None:
    """Stage one ``contact.mis_a_jour`` for each row that differs from what this source last said of its person."""
    subjects = {one.subject_id for one in told}
    keys = lookups.keys(desk.conn, desk.ring, subjects)
    last = lookups.contact_states(desk.conn, CONTACT_SOURCE, subjects)
    changed: dict[str, tuple[bytes, date]] = {}
    for one in told:
        key = keys.get(one.subject_id)
        if key is None:  # erased in between
            continue
        known = changed.get(one.subject_id) or last.get(one.subject_id)
        if (state := _tell(desk, flux, one, key, known)) is not None:
            changed[one.subject_id] = state
    desk.staging.forget_contacts(list(changed))
    for subject, (fingerprint, as_of) in changed.items():
        desk.staging.add("staged_contact", subject, CONTACT_SOURCE, fingerprint, as_of)


def _tell(
    desk: Tools, flux: Flux, one: RowTold, key: DataKey, known: tuple[bytes, date] | None
) -> tuple[bytes, date] | None:
    """Stage the event of one row; gives the new contact state, None when nothing is told."""
    parts = contacts(key, one.row, one.as_of)
    fingerprint = contact_fingerprint(parts)
    was, when = known or (b"", date.min)
    if fingerprint == was:
        return None
    if one.as_of < when:  # an older file come late
        flux.tally.older += 1
        return None
    flux.tally.events["contact.mis_a_jour"] += 1
    midnight = datetime.combine(one.as_of, datetime.min.time(), _PARIS).astimezone(UTC)
    desk.staging.publish(
        outbox_row(
            NewEvent(
                type="contact.mis_a_jour",
                cause=Cause(one.flux_id, one.row.rank, 0, RULE),
                source=CONTACT_SOURCE,
                fait_foi=True,
                date_effet=one.as_of,
                observed_at=midnight,
                published_at=flux.received_at,
                donnees={"telephones": len(one.row.phones), "courriels": len(one.row.mails)},
                subject_id=one.subject_id,
                dossier=desk.pepper.dossier(one.row.numdemrsa) if one.row.numdemrsa else None,
                scelle=tuple(parts),
            )
        )
    )
    return fingerprint, one.standing


def retry_waiting(desk: Tools, flux: Flux) -> None:
    """Try again every waiting row whose person this flux, or an earlier one, has made known."""
    rows = desk.conn.execute(_KNOWN_NOW).fetchall()
    if not rows:
        return
    found = by_role(desk, [(row[3], row[4]) for row in rows])
    keys = dict(opened(desk.conn, desk.ring, _KEYS, ([row[6] for row in rows],)))
    told = []
    for waiting_id, flux_id, rank, dossier, role, as_of, key_id, octets in rows:
        subject, key = found.get((dossier, role)), keys.get(key_id)
        if subject is not None and key is not None:
            row = _read(rank, unseal(key, SORTE, 1, bytes(octets)))
            told.append(RowTold(subject, row, flux_id, as_of, as_of))
            desk.staging.add("staged_settled", waiting_id, key_id)
    tell(desk, flux, told)
    desk.staging.flush()


_KNOWN_NOW: Final = """
select waiting_id, flux_id, rank, w.dossier, w.role, as_of, w.key_id, octets from journal.waiting w
 where exists (select from journal.person p where p.dossier = w.dossier and p.role = w.role)
    or exists (select from journal.staged_person p where p.dossier = w.dossier and p.role = w.role)
 order by as_of, waiting_id
"""
_KEYS: Final = "select key_id, key_id, epoch, wrapped from vault.owned_key where key_id = any(%s)"


def _dump(row: ContactRow) -> bytes:
    return orjson.dumps([row.numdemrsa, row.role, [list(one) for one in row.phones], row.mails])


def _read(rank: int, octets: bytes) -> ContactRow:
    numdemrsa, role, phones, mails = orjson.loads(octets)
    return ContactRow(rank, None, numdemrsa, role, tuple(Phone(*one) for one in phones), tuple(mails))
