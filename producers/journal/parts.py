"""Sealed parts: what is readable about a person, encrypted under that person's key as soon as it has been read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from bus.codec import PART_VERSION, encode_part
from bus.sealing import DataKey, fingerprint, seal
from producers.journal.nir import valid_nir
from producers.journal.observation import Adult, ContactRow, Household
from producers.journal.splicing import CLEAR_FIELDS

CONTACT_SOURCE: Final = "contact-caf"
_BARE: Final = dict.fromkeys(CLEAR_FIELDS)

SealedPart = dict[str, Any]


def sealed(key: DataKey, sorte: str, content: Mapping[str, Any]) -> SealedPart:
    """Give a ``bus.partie_scellee`` record: the content in Avro, encrypted, and nothing of it in clear."""
    version = PART_VERSION[sorte]
    octets = seal(key, sorte, version, encode_part(sorte, content))
    return {"sorte": sorte, "cle_id": key.key_id, "version_schema": version, "octets": octets, **_BARE}


@dataclass(slots=True)
class PersonParts:
    """The parts of one adult of one household, each sealed once however many events carry it."""

    key: DataKey
    household: Household
    adult: Adult
    _made: dict[str, SealedPart | None] = field(default_factory=dict)

    def pick(self, names: tuple[str, ...]) -> list[SealedPart]:
        """Give those of the named parts that have a content, in the order asked."""
        return [part for name in names if (part := self._part(name)) is not None]

    def _part(self, name: str) -> SealedPart | None:
        if name not in self._made:
            content = _CONTENTS[name](self.household, self.adult)
            self._made[name] = None if content is None else sealed(self.key, name, content)
        return self._made[name]


def address_fingerprint(key: DataKey, address: str | None) -> bytes | None:
    """Give what tells two addresses (canonical text) of one person apart, None when the record has none."""
    return None if address is None else fingerprint(key, "adresse", address)


def reasons(key: DataKey, motifs: tuple[str, ...], groupes: tuple[str, ...]) -> SealedPart:
    """Seal reason codes: some of them tell of health or of a residence permit (class S6)."""
    return sealed(key, "motifs", {"motifs": list(motifs), "groupes": list(groupes)})


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
        "source": CONTACT_SOURCE,
        "modifie_le": modified,
        "empreinte": fingerprint(key, canal, value),
    }


def _identity(_household: Household, adult: Adult) -> Mapping[str, Any]:
    return {
        "nom": adult.nom,
        "nom_naissance": adult.nom_naissance,
        "prenoms": list(adult.prenoms),
        "date_naissance": adult.date_naissance,
        "precision_naissance": adult.precision_naissance,
        "sexe": adult.sexe,
        "commune_naissance": adult.commune_naissance,
    }


def _nir(_household: Household, adult: Adult) -> Mapping[str, Any] | None:
    nir13 = valid_nir(adult.nir)  # one refused as an identifier is never carried as one
    return {"nir": nir13, "certifie": adult.certifie} if nir13 else None


def _matricule(household: Household, _adult: Adult) -> Mapping[str, Any] | None:
    if not household.matricule:
        return None
    return {"matricule": household.matricule, "fonorg": household.fonorg, "numorg": household.numorg}


def _address(household: Household, _adult: Adult) -> Mapping[str, Any] | None:
    address = household.address
    if address is None:
        return None
    return {
        "lignes": list(address.lignes),
        "numero": address.numero,
        "voie": address.voie,
        "code_postal": address.code_postal,
        "commune_insee": address.commune_insee,
        "commune": address.commune,
        "pays": address.pays,
        "sans_domicile_fixe": household.sans_domicile,
        "emmenage_le": address.since.isoformat() if address.since else None,
    }


_CONTENTS: Final = {"identite": _identity, "nir": _nir, "matricule": _matricule, "adresse": _address}
