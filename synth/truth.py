"""``verite.json``: the truth of the invented lives, written as a stream beside the files."""

from collections import Counter, defaultdict
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO, Final

import orjson

from synth import kinds
from synth.config import Config
from synth.contacts import Contacts
from synth.lives import Life, LifeFact, entries
from synth.people import Beneficiary

NAME: Final = "verite.json"


class _Lines:
    """One array of the truth, a value a line, in a file of its own until the end: memory does not grow."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        self._file: BinaryIO = path.open("wb", buffering=1 << 20)

    def add(self, value: dict[str, Any]) -> None:
        self._file.write((b",\n" if self.count else b"") + orjson.dumps(value))
        self.count += 1

    def pour(self, into: BinaryIO) -> None:
        self._file.close()
        with self.path.open("rb") as lines:
            while block := lines.read(1 << 20):
                into.write(block)
        self.path.unlink()


class Truth:
    """Collects what each file makes true; ``finish`` writes verite.json."""

    def __init__(self, config: Config, contacts: Contacts, out: Path) -> None:
        self.config, self.contacts, self.out = config, contacts, out
        self.people = _Lines(out / ".verite.personnes")
        self.events = _Lines(out / ".verite.evenements")
        self.files: list[dict[str, Any]] = []
        self.quarantines: list[dict[str, Any]] = []
        self.types: Counter[str] = Counter()
        self._months: dict[str, Counter[str]] = defaultdict(Counter)
        self._types: dict[str, Counter[str]] = defaultdict(Counter)

    def person(self, life: Life, adult: Beneficiary, day: date) -> None:
        """Add a person whom a file shows for the first time."""
        lives = _lives(life, adult)
        told = self.contacts.told(lives[-1], _same(lives[-1], adult))
        days = [entry for one in lives for entry in entries(one, adult)]
        self.people.add(
            {
                "cle": adult.key,
                "identite": _identity(adult),
                "dossiers": [_dossier(one, adult) for one in lives],
                "contact": told[-1].contact.truth() if told else {"telephones": [], "courriels": []},
                "contacts": [{"jour": one.day, "autorite": one.authority, **one.contact.truth()} for one in told],
                "entrees": days,
                "quarantaine": "commune_inconnue" if life.household.lost else None,
            }
        )
        self._count(day, "personnes_connues")
        if told:
            self._count(told[0].day, "joignables")
        if days:
            self._count(date.fromisoformat(days[0]), "entrants")
        if days and told:
            self._count(max(date.fromisoformat(days[0]), told[0].day), "entrants_joignables")

    def event(self, life: Life, fact: LifeFact, day: date, file: str) -> None:
        """Add an event that a subscriber must receive, or that must end in quarantine when its commune is unknown."""
        adult = fact.adult
        event: dict[str, Any] = {
            "personne": adult.key,
            "type": fact.type,
            "date_effet": fact.effective,
            "autorite": life.household.caisse.authority,
            "fichier": file,
            "jour": day,
            "role": adult.role,
            "numdemrsa": life.household.claim,
            **fact.extra,
        }
        if life.household.lost:
            self.quarantines.append({**event, "autorite": None, "raison": "commune_inconnue"})
            self._count(day, "quarantaines.commune_inconnue")
            return
        if fact.type not in (kinds.ETAT, kinds.CONTACT):
            known = self.contacts.known(life, adult, day)
            event["contact_connu"] = known is not None
            if known:
                event["contact"] = known.truth()
        self.events.add(event)
        self.types[fact.type] += 1
        self._types[_month(day)][fact.type] += 1

    def file(self, entry: dict[str, Any]) -> None:
        """Add a file; the order of calls is the order in which the product may read them, days apart."""
        self.files.append(entry)
        self._count(entry["jour"], "fichiers")
        self._count(entry["jour"], "fichiers_rejetes", entry["verdict"] == "rejete")
        self._count(entry["jour"], "enregistrements_rejetes", entry.get("rejets", 0))

    def stranger(self, day: date, *, named: bool) -> None:
        """Count a row about nobody: it waits in the journal or, named by a NIR, its contact waits for an authority."""
        self._count(day, "contacts_sans_autorite" if named else "contacts_en_attente")

    def _count(self, day: date, what: str, count: int = 1) -> None:
        self._months[_month(day)][what] += count

    def _summary(self) -> list[dict[str, Any]]:
        """Give the numbers of each month; people and reachable ones are counted since the start."""
        running: Counter[str] = Counter()
        months = []
        for month in sorted(set(self._months) | set(self._types)):
            counts, types = self._months[month], self._types[month]
            running.update(counts)
            months.append(
                {
                    "mois": month,
                    "fichiers": counts["fichiers"],
                    "fichiers_rejetes": counts["fichiers_rejetes"],
                    "enregistrements_rejetes": counts["enregistrements_rejetes"],
                    "personnes_connues": running["personnes_connues"],
                    "joignables": running["joignables"],
                    "entrants": running["entrants"],
                    "entrants_joignables": running["entrants_joignables"],
                    "entrees": types[kinds.ENTREE],
                    "sorties": types[kinds.SORTIE],
                    "contacts_en_attente": counts["contacts_en_attente"],
                    "contacts_sans_autorite": counts["contacts_sans_autorite"],
                    "quarantaines": {"commune_inconnue": counts["quarantaines.commune_inconnue"]},
                    "evenements": dict(sorted(types.items())),
                }
            )
        return months

    def finish(self) -> list[dict[str, Any]]:
        """Write verite.json and give its summary by month."""
        summary = self._summary()
        with (self.out / NAME).open("wb", buffering=1 << 20) as target:
            head = {"graine": self.config.seed, "autorites": list(self.config.authorities), "parametres": self._asked()}
            target.write(orjson.dumps(head)[:-1] + b',\n"resume":' + orjson.dumps(summary))
            for name, lines in (("personnes", self.people), ("evenements", self.events)):
                target.write(f',\n"{name}":[\n'.encode())
                lines.pour(target)
                target.write(b"\n]")
            for name, values in (("fichiers", self.files), ("quarantaines", self.quarantines)):
                body = b",\n".join(orjson.dumps(value) for value in values)
                target.write(f',\n"{name}":[\n'.encode() + body + b"\n]")
            target.write(b"}\n")
        return summary

    def _asked(self) -> dict[str, Any]:
        config = self.config
        return {
            "foyers": config.households, "mois": config.months, "debut": config.start, "quotidiens": config.dailies,
            "contacts": config.contacts, "anomalies": config.anomalies, "caisses": config.caisses,
        }  # fmt: skip


def _month(day: date) -> str:
    return f"{day.year}-{day.month:02d}"


def _lives(life: Life, adult: Beneficiary) -> list[Life]:
    """Give the dossiers of a person, in order: two after a move that the person made too."""
    if life.next is None or all(person.key != adult.key for person in life.next.household.adults):
        return [life]
    return [life, life.next]


def _same(life: Life, adult: Beneficiary) -> Beneficiary:
    return next(person for person in life.household.adults if person.key == adult.key)


def _identity(adult: Beneficiary) -> dict[str, Any]:
    return {
        "nom": adult.name,
        "nom_naissance": adult.birth_name,
        "prenoms": [adult.first_names[0], *(name[:15] for name in adult.first_names[1:])],
        "date_naissance": adult.birth,
        "sexe": "F" if adult.woman else "M",
        "nir13": adult.nir,
    }


def _dossier(life: Life, adult: Beneficiary) -> dict[str, Any]:
    home = life.household
    return {
        "numdemrsa": home.claim,
        "role": adult.role,
        "autorite": None if home.lost else home.caisse.authority,
        "caisse": f"{home.caisse.fonorg.lower()}-{home.caisse.numorg}",
    }
