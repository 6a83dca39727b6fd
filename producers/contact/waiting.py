"""Rows whose person nobody knows yet: kept sealed, tried again whenever a flux makes people known."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

import orjson

from bus.sealing import new_key, seal, unseal
from bus.vault.epochs import opened
from producers.contact.observation import ContactRow, Phone
from producers.contact.telling import RowTold, tell_contacts
from producers.journal import lookups
from producers.journal.flux import Flux, Tools

WAITING_DAYS: Final = 90
SORTE: Final = "attente"

RoleKey = tuple[str, str]


def by_role(tools: Tools, pairs: Sequence[RoleKey]) -> dict[RoleKey, str]:
    """Give the one person who holds a role in a dossier; a dossier with two such people names nobody."""
    holders: defaultdict[RoleKey, set[str]] = defaultdict(set)
    for one in lookups.holders(tools.conn, {dossier for dossier, _ in pairs}, ()):
        holders[one.dossier, one.role].add(one.subject_id)
    return {pair: next(iter(holders[pair])) for pair in pairs if len(holders[pair]) == 1}


def wait(tools: Tools, flux: Flux, row: ContactRow, *, pair: RoleKey | None, as_of: date) -> None:
    """Keep a row sealed until its person appears; one that names no dossier and role can only be counted."""
    flux.tally.waiting += 1
    if pair is None:
        return
    key = new_key()
    octets = seal(key, SORTE, 1, _dump(row))
    expires = flux.received_at + timedelta(days=WAITING_DAYS)
    tools.staging.add("staged_waiting", row.rank, *pair, as_of, expires, key.key_id, octets)
    tools.staging.add_key("staged_owned_key", key, f"waiting:{flux.flux_id}:{row.rank}")


def retry_waiting(tools: Tools, flux: Flux) -> None:
    """Try again every waiting row whose person this flux, or an earlier one, has made known."""
    rows = tools.conn.execute(_KNOWN_NOW).fetchall()
    if not rows:
        return
    found = by_role(tools, [(row[3], row[4]) for row in rows])
    keys = dict(opened(tools.conn, tools.ring, _KEYS, ([row[6] for row in rows],)))
    told = []
    for waiting_id, flux_id, rank, dossier, role, as_of, key_id, octets in rows:
        subject, key = found.get((dossier, role)), keys.get(key_id)
        if subject is not None and key is not None:
            row = _read(rank, unseal(key, SORTE, 1, bytes(octets)))
            told.append(RowTold(subject, row, flux_id, as_of, as_of))
            tools.staging.add("staged_settled", waiting_id, key_id)
    tell_contacts(tools, flux, told)
    tools.staging.flush()


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
