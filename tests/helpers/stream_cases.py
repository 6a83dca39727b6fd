"""Source events for the stream stage, as a producer would make them: people and keys are invented."""

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

from bus.codec import Codec, encode_body
from bus.errors import InvalidEvent
from bus.reasons import Reason
from streams.event import Event
from streams.reading import EventReader

START = datetime(2026, 3, 2, 6, tzinfo=UTC)
PERSON = "7c1f0a9b3d2e4f60a1b2c3d4e5f60718"
DONNEES: dict[str, dict[str, Any]] = {
    "rsa.etat.publie": {"role": "DEM", "etat": "2", "droits_devoirs": True, "eligible": True},
    "rsa.droits_devoirs.entree": {
        "population": "flux",
        "mode": "calcule",
        "regle": "eligibilite-1",
        "role": "DEM",
        "observe_entrant": None,
        "faits": [],
        "degrade": False,
    },
    "rsa.droits_devoirs.sortie": {"raison": "droit_clos", "mode": "calcule", "regle": "eligibilite-1", "role": "DEM"},
    "rsa.droit.ouvert": {"role": "DEM", "etat": "2", "natures": [], "origine": None},
    "rsa.droit.suspendu": {"role": "DEM", "etat": "3", "niveau": "droit"},
    "rsa.droit.repris": {"role": "DEM", "etat_precedent": "3"},
    "rsa.droit.clos": {"role": "DEM", "etat": "5", "regularisation_anterieure": False},
    "rsa.mutation.sortante": {"role": "DEM", "caisse_prenante": "caf-921"},
    "rsa.mutation.entrante": {"role": "DEM", "caisse_cedante": "caf-521", "autorite_cedante": "52"},
    "adresse.changee": {
        "role": "DEM",
        "ancienne_commune": None,
        "nouvelle_commune": "52448",
        "sans_domicile_fixe": None,
    },
    "contact.mis_a_jour": {"telephones": 1, "courriels": 0},
    "identite.doublon_suspecte": {"regle": "identite-1"},
}


def part(sorte: str = "identite", octets: bytes = b"\x01scelle", **clear: Any) -> dict[str, Any]:
    """Give a sealed part; its bytes are opaque to this stage."""
    empty = dict.fromkeys(("canal", "type", "rang", "consentement", "source", "modifie_le", "empreinte"))
    return {"sorte": sorte, "cle_id": "cle-1", "version_schema": 1, "octets": octets} | empty | clear


def phone(octets: bytes, *, consent: str = "inconnu", print_: bytes | None = None) -> dict[str, Any]:
    """Give a sealed phone number; equal fingerprints mean equal numbers."""
    return part(
        "contact",
        octets,
        canal="telephone",
        type="mobile",
        rang=1,
        consentement=consent,
        source="contact-caf",
        modifie_le=date(2026, 3, 1),
        empreinte=print_,
    )


def record(
    type_: str,
    *,
    day: int = 0,
    person: str | None = PERSON,
    ideparte: str | None = "52",
    commune: str | None = None,
    source: str | None = None,
    dossier: str | None = "a" * 64,
    flux: str | None = None,
    rank: int = 1,
    scelle: list[dict[str, Any]] | None = None,
    **donnees: Any,
) -> dict[str, Any]:
    """Give a decoded event; ``day`` counts from ``START``; its id follows from what is given, as in production."""
    contact = type_ == "contact.mis_a_jour"
    flux = flux or f"flux-{day}"
    parts = scelle if scelle is not None else ([phone(b"tel")] if contact else [part()])
    return {
        "id": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{flux}|{person}|{rank}|{type_}|{source}")),
        "type": type_,
        "source": source or ("contact-caf" if contact else "cnaf/caf-521"),
        "emetteur_fait_foi": False,
        "date_effet": (START + timedelta(days=day)).date(),
        "date_observation": START + timedelta(days=day),
        "date_publication": START + timedelta(days=day, minutes=5),
        "cle_personne": person,
        "cle_dossier": None if contact else dossier,
        "territoire": {
            "ideparte": None if contact else ideparte,
            "commune_insee": None if contact else commune,
        },
        "cause": {"flux_id": flux, "enregistrement": rank, "regle": "difference-1"},
        "corrige": None,
        "annule": None,
        "portee": sorted({one["sorte"] for one in parts}),
        "donnees": DONNEES[type_] | donnees,
        "scelle": parts,
        "enrichissement": None,
    }


def body(decoded: dict[str, Any]) -> bytes:
    """Give the bare Avro of an event."""
    return encode_body(decoded["type"], decoded)


class Registry:
    """Gives ids to schemas, in memory."""

    def __init__(self) -> None:
        self.schemas: list[Any] = []

    def id_of(self, _subject: str, schema: Any) -> int:
        if schema not in self.schemas:
            self.schemas.append(schema)
        return self.schemas.index(schema) + 1

    def schema(self, schema_id: int) -> Any:
        if schema_id > len(self.schemas):
            raise InvalidEvent(Reason.SCHEMA_INCONNU)
        return self.schemas[schema_id - 1]


CODEC = Codec(Registry())
READER = EventReader(CODEC)


def value(decoded: dict[str, Any]) -> bytes:
    """Give the value that the relay would publish."""
    return CODEC.frame(decoded["type"], 1, body(decoded))


def event(decoded: dict[str, Any]) -> Event:
    """Give the stage's view of an event, as read from its bytes."""
    return READER.read(value(decoded))[0]
