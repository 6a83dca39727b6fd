"""Source events for every engine alike: invented persons of the 103 authorities, real schemas and sizes."""

import random
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from bus import territory

START: Final = datetime(2026, 3, 2, 6, tzinfo=UTC)
SIZES: Final = {"identite": 110, "nir": 45, "matricule": 55, "adresse": 130, "contact": 45}  # bytes of a sealed part
FILE: Final = ("identite", "nir", "matricule", "adresse")
BARE: Final = dict.fromkeys(("canal", "type", "rang", "consentement", "source", "modifie_le", "empreinte"))
RULE: Final = {"mode": "calcule", "regle": "eligibilite-1", "role": "DEM"}

CONTACT: Final = "contact.mis_a_jour"
POINTS: Final = {"telephones": 2, "courriels": 1}
ENTRY: Final[dict[str, Any]] = {"population": "flux", "observe_entrant": None, "faits": [], "degrade": False}
MOVE: Final = {"role": "DEM", "ancienne_commune": None, "nouvelle_commune": None, "sans_domicile_fixe": None}
LIFE: Final[tuple[tuple[str, dict[str, Any], tuple[str, ...]], ...]] = (
    ("rsa.etat.publie", {"role": "DEM", "etat": "2", "droits_devoirs": False, "eligible": True}, FILE),
    (CONTACT, POINTS, ()),
    ("rsa.droits_devoirs.entree", RULE | ENTRY, FILE),
    ("adresse.changee", MOVE, ("identite", "adresse")),
    (CONTACT, POINTS, ()),
    ("rsa.droits_devoirs.sortie", RULE | {"raison": "droit_suspendu"}, ("identite",)),
)
"""What happens to each person, and the parts that each event carries: all of it is routed to one authority."""


def places() -> list[tuple[str, str]]:
    """Give (département, commune), for each authority some of its communes."""
    found: dict[str, list[tuple[str, str]]] = {}
    for commune, seen in territory.communes().items():
        for code in (seen.departement, *(["69"] if seen.departement == "69" else [])):
            if code in territory.authorities() or code == "69":
                found.setdefault(territory.authority(code, commune), []).append((code, commune))
    for code in territory.authority_codes():
        found.setdefault(code, [(code, "75056")])  # a commune elsewhere: the territory is in conflict
    return [place for code in sorted(found) for place in found[code][:50]]


def records(persons: int, *, turns: int = len(LIFE), seed: int = 1) -> Iterator[dict[str, Any]]:
    """Give the decoded events, everybody's first, then everybody's second: as files do, a person is met again late."""
    rng, where = random.Random(seed), places()  # noqa: S311 - an experiment that can be done again, no secret
    keys = [uuid.UUID(int=rng.getrandbits(128)).hex for _ in range(persons)]
    for turn in range(turns):
        for rank, key in enumerate(keys, 1):
            yield _record(rng, turn, rank, key, where[rank * 17 % len(where)])


def _record(rng: random.Random, turn: int, rank: int, key: str, place: tuple[str, str]) -> dict[str, Any]:
    type_, donnees, sortes = LIFE[turn]
    contact, seen = type_ == CONTACT, START + timedelta(days=turn)
    parts = [_contact(rng, key, one) for one in range(3)] if contact else [_part(rng, key, one) for one in sortes]
    ideparte, commune = (None, None) if contact else place
    return {
        "id": str(uuid.UUID(int=rng.getrandbits(128), version=4)),
        "type": type_,
        "source": "contact-caf" if contact else f"cnaf/caf-{place[0].lower()}1",
        "emetteur_fait_foi": False,
        "date_effet": seen.date(),
        "date_observation": seen,
        "date_publication": seen + timedelta(minutes=5),
        "cle_personne": key,
        "cle_dossier": None if contact else f"{key}{key[::-1]}",
        "territoire": {"ideparte": ideparte, "commune_insee": commune},
        "cause": {"flux_id": "sha256:" + f"{turn:064x}", "enregistrement": rank, "regle": "difference-1"},
        "corrige": None,
        "annule": None,
        "portee": sorted({part["sorte"] for part in parts}),
        "donnees": donnees,
        "scelle": parts,
        "enrichissement": None,
    }


def _part(rng: random.Random, key: str, sorte: str) -> dict[str, Any]:
    octets = rng.randbytes(SIZES[sorte])
    return {"sorte": sorte, "cle_id": f"{key}-1", "version_schema": 1, "octets": octets, **BARE}


def _contact(rng: random.Random, key: str, place: int) -> dict[str, Any]:
    """One mobile, one landline that may not be called one time in four, one address."""
    return _part(rng, key, "contact") | {
        "canal": "courriel" if place == 2 else "telephone",
        "type": None if place == 2 else ("mobile", "fixe")[place],
        "rang": 1 + place % 2,
        "consentement": "refuse" if place == 1 and rng.random() < 0.25 else "accorde",
        "source": "contact-caf",
        "modifie_le": date(2026, 3, 1),
        "empreinte": rng.randbytes(16),
    }
