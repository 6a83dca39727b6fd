"""The contact points of a person, sealed under that person's key; what a choice between them needs stays clear."""

from datetime import date
from typing import Final

from bus.sealing import DataKey, fingerprint
from producers.contact.observation import ContactRow
from producers.journal.parts import SealedPart, sealed

EMITTER: Final = "contact-caf"


def contacts(key: DataKey, row: ContactRow, modified: date) -> list[SealedPart]:
    """Seal the contact points of a row: phones first, mobiles before landlines, ranks from 1 by channel."""
    phones = [
        _contact(key, ("telephone", one.kind), one.number, rank, modified) for rank, one in enumerate(row.phones, 1)
    ]
    mails = [_contact(key, ("courriel", None), one, rank, modified) for rank, one in enumerate(row.mails, 1)]
    return phones + mails


def contact_fingerprint(parts: list[SealedPart]) -> bytes:
    """Give what tells two contact states of one person apart."""
    return b"".join(part["empreinte"] for part in parts)


def _contact(key: DataKey, channel: tuple[str, str | None], value: str, rank: int, modified: date) -> SealedPart:
    canal, kind = channel
    return sealed(key, "contact", {"valeur": value}) | {
        "canal": canal,
        "type": kind,
        "rang": rank,
        "consentement": "inconnu",  # this file says nothing of it
        "source": EMITTER,
        "modifie_le": modified,
        "empreinte": fingerprint(key, canal, value),
    }
