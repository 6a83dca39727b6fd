"""A batch of contact rows: each concerns the person it names, or waits sealed for that person to appear."""

from collections.abc import Collection, Mapping, Sequence
from enum import Enum, auto
from typing import Final

from bus.vault.subjects import erased_roles
from producers.contact.dates import date_of_file, standing
from producers.contact.observation import ContactRow
from producers.contact.parts import EMITTER
from producers.contact.telling import RowTold, tell_contacts
from producers.contact.waiting import RoleKey, by_role, wait
from producers.journal import lookups, roles
from producers.journal.aside import put_aside
from producers.journal.flux import Flux, Note, Tools
from producers.journal.nir import valid_nir
from producers.journal.observation import BadRecord
from producers.journal.people import Candidate, People
from producers.journal.source import Stager

CHILDREN: Final = Note(21, "{} ligne(s) d’enfant laissée(s) de côté")


class Nobody(Enum):
    """Why a row concerns nobody whom the bus knows."""

    ERASED = auto()
    YET = auto()  # the row waits for its person to appear


def holder(pair: RoleKey | None, held: Mapping[RoleKey, str], erased: Collection[RoleKey]) -> str | Nobody:
    """Decide whom a row without NIR concerns: who holds the role that it names in its dossier."""
    if pair is not None and pair in held:
        return held[pair]
    return Nobody.ERASED if pair in erased else Nobody.YET


class ContactStager(Stager):
    """Stages the rows of one contact file, batch by batch."""

    def __init__(self, tools: Tools, flux: Flux, _header: None) -> None:
        self._tools, self._flux = tools, flux
        self._as_of = date_of_file(flux.file_name, flux.received_at)
        self._standing = standing(flux.file_name, flux.received_at)

    def stage(self, batch: Sequence[ContactRow | BadRecord]) -> None:
        """Stage one batch (≤ 1,000 rows): contacts told, rows that wait, bad rows."""
        rows: list[ContactRow] = []
        for record in batch:
            if isinstance(record, BadRecord):
                put_aside(self._tools, self._flux, record, EMITTER)
            else:
                rows.append(record)
        self._flux.tally.valid += len(rows)
        self._flux.tally.notes[CHILDREN] += sum(row.role == roles.CHILD for row in rows)
        # A row whose values cannot be read withdraws nothing: what the source said before stands.
        told = self._attribute([row for row in rows if row.role != roles.CHILD and not row.unreadable])
        tell_contacts(self._tools, self._flux, told)
        self._count_authorities({one.subject_id for one in told})
        self._tools.staging.flush()

    def _attribute(self, rows: list[ContactRow]) -> list[RowTold]:
        """Find whom each row names: by NIR, which makes a person known, else by dossier and role where unique."""
        tools = self._tools
        people = People(tools.conn, tools.pepper, tools.staging)
        named = [(row, self._by_nir(row), self._role(row)) for row in rows]
        people.load(candidate for _, candidate, _ in named if candidate)
        held = by_role(tools, [pair for _, candidate, pair in named if not candidate and pair])
        # A row without NIR must not bring the contact of an erased person back.
        erased = erased_roles(tools.conn, tools.pepper, {pair for _, _, pair in named if pair} - set(held))
        told: list[RowTold] = []
        for row, candidate, pair in named:
            match _admit(people, candidate) if candidate else holder(pair, held, erased):
                case Nobody.ERASED:
                    self._flux.tally.erased += 1
                case Nobody.YET:
                    wait(tools, self._flux, row, pair=pair, as_of=self._as_of)
                case subject:
                    told.append(RowTold(subject, row, self._flux.flux_id, self._as_of, self._standing))
        tools.staging.flush()  # the keys of new people are read back with the others
        return told

    def _by_nir(self, row: ContactRow) -> Candidate | None:
        nir13 = valid_nir(row.nir)
        return Candidate(self._tools.pepper.nir(nir13), None) if nir13 else None

    def _role(self, row: ContactRow) -> RoleKey | None:
        if row.numdemrsa is None or row.role is None:
            return None
        return self._tools.pepper.dossier(row.numdemrsa), row.role

    def _count_authorities(self, subjects: set[str]) -> None:
        for one in lookups.holders(self._tools.conn, (), subjects):
            self._flux.tally.authorities[one.authority] += 1


def _admit(people: People, candidate: Candidate) -> str | Nobody:
    """Make the person of a NIR known, and give who it is."""
    known = people.admit(candidate)
    return known.subject_id if known else Nobody.ERASED
