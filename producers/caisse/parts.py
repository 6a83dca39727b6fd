"""What a household says of a person that only that person's key opens: identity, NIR, matricule, address, reasons."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from bus.sealing import DataKey, fingerprint
from producers.caisse.observation import Adult, Household
from producers.journal.nir import valid_nir
from producers.journal.parts import SealedPart, sealed


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
