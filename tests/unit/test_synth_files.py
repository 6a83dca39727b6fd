"""The files tell the lives: a plain reader of the files, written apart, finds the very events of the truth.

It reads XML and CSV, keeps the last record of each dossier and compares two of them; it knows nothing of how a world is
invented.
"""

import csv
import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from bus import territory
from bus.errors import InvalidEvent
from synth.config import Config
from synth.generate import generate

ELIGIBLE = {"01", "05", "06", "35", "36", "44", "70"}
WORLDS = [
    Config(("52", "69M", "69D"), seed=11, households=250, months=3),
    Config(("20R", "6AE"), seed=12, households=150, months=3, dailies=8),
    Config(("974",), seed=13, households=300, months=4, dailies=0, caisses=1),
    Config(("75", "93", "13"), seed=14, households=150, months=2, dailies=15, caisses=2, anomalies=0.3),
]

Key = tuple[str, str, str, str]  # role, first name, birth, NIR: what tells two adults of one dossier apart
Told = tuple[str, str, str, str]  # person, type, date of effect, authority


@dataclass
class Dossier:
    """What the last record said."""

    state: str = "0"
    reasons: tuple[str, ...] = ()
    bound: dict[Key, bool] = field(default_factory=dict)
    people: set[Key] = field(default_factory=set)
    address: tuple[str, ...] = ()
    moved: set[str] = field(default_factory=set)

    def owed(self, key: Key) -> bool:
        right = self.state in "23" or (self.state == "4" and bool(self.reasons) and set(self.reasons) <= ELIGIBLE)
        return right and key in self.people and self.bound.get(key, False)


RANK = {"0": 0, "1": 0, "2": 1, "3": 2, "4": 2, "5": 3, "6": 3}


class Reader:
    """Reads the files of a world and collects what happened."""

    def __init__(self, folder: Path, truth: dict[str, Any]) -> None:
        self.folder = folder
        self.people = {}
        for person in truth["personnes"]:
            for dossier in person["dossiers"]:
                identity = person["identite"]
                self.people[
                    dossier["numdemrsa"], dossier["role"], identity["prenoms"][0], identity["date_naissance"]
                ] = person["cle"]
        self.dossiers: dict[tuple[Any, ...], Dossier] = {}
        self.baseline: set[tuple[Any, ...]] = set()
        self.homes: dict[str, set[tuple[str, str]]] = defaultdict(set)  # person -> authorities where the right lives
        self.contact: dict[str, Any] = {}
        self.events: Counter[Told] = Counter()
        self.by_nir: dict[str, str] = {
            p["identite"]["nir13"]: p["cle"] for p in truth["personnes"] if p["identite"]["nir13"]
        }
        self.by_claim: dict[tuple[str, str], set[str]] = defaultdict(set)
        for (claim, role, _, _), key in self.people.items():
            self.by_claim[claim, role].add(key)
        self.seen: dict[str, set[str]] = defaultdict(set)  # NIR -> authorities whose files have shown it

    def read(self, name: str) -> None:
        if name.endswith(".csv"):
            self.read_contacts(name)
        else:
            self.read_records(etree.parse(self.folder / name).getroot())

    def tell(self, claim: str, key: Key, type_: str, when: str | None, authority: str) -> None:
        self.events[self.people[claim, key[0], key[1], key[2]], type_, str(when), authority] += 1

    def read_records(self, root: Any) -> None:
        day, monthly = root.findtext(".//DTCREAFLUX"), root.findtext(".//TYPEFLUX") == "M"
        seen = defaultdict(set)
        for record in root.iter("InfosFoyerRSA"):
            if record.find("Anomalie") is not None or record.findtext(".//ETATDOSRSA") is None:
                continue
            if record.findtext(".//DTDEMRSA") == "2025-02-31":
                continue
            try:
                authority = territory.authority(
                    record.findtext(".//IDEPARTE"), record.findtext(".//Adresse[1]//NUMCOM")
                )
            except InvalidEvent:
                continue
            scope = (record.findtext(".//FONORG"), record.findtext(".//NUMORG"), authority)
            claim = record.findtext(".//NUMDEMRSA")
            seen[scope].add(claim)
            self.compare(record, scope, claim, day)
        for scope, claims in seen.items() if monthly else ():
            for (known, claim), dossier in self.dossiers.items():
                if known == scope and claim not in claims and scope in self.baseline:
                    for key in {key for key in dossier.people if dossier.owed(key)}:
                        self.tell(claim, key, "rsa.droits_devoirs.sortie", day, scope[2])
                    dossier.people = set()
            self.baseline.add(scope)

    def compare(self, record: Any, scope: tuple[Any, ...], claim: str, day: str) -> None:
        old = self.dossiers.get((scope, claim))
        before, new = (
            old or Dossier(),
            Dossier(moved=set(old.moved) if old else set(), bound=dict(old.bound) if old else {}),
        )
        new.state = record.findtext(".//ETATDOSRSA")
        new.reasons = tuple(sorted(element.text for element in record.iter("MOTISUSVERSRSA")))
        new.address = tuple(
            element.text or ""
            for element in record.find(".//Adresse[1]").iter()
            if element.tag not in {"DTEMM", "ETATADR"}
        )
        for person in record.iter("Personne"):
            role = person.findtext("Prestations[NATPREST='RSA']/ROLEPERS")
            if role == "ENF":
                continue
            key = (role, person.findtext(".//PRENOM"), person.findtext(".//DTNAI"), person.findtext(".//NIR") or "")
            new.people.add(key)
            if (flag := person.findtext(".//TOPPERSDRODEVORSA")) is not None:
                new.bound[key] = flag == "1"
        self.dossiers[scope, claim] = new
        if scope not in self.baseline:
            self.settle(claim, new, scope[2])
            for key in new.people:
                self.tell(claim, key, "rsa.etat.publie", day, scope[2])
            return
        for key in before.people | new.people:
            if new.owed(key) != before.owed(key):
                word = "entree" if new.owed(key) else "sortie"
                self.tell(claim, key, f"rsa.droits_devoirs.{word}", day, scope[2])
        told = list(self.right(before if old else None, new, record, scope[2]))
        for key in new.people:
            for type_, when in told:
                self.tell(claim, key, type_, when or day, scope[2])
        self.settle(claim, new, scope[2])

    def right(self, old: Dossier | None, new: Dossier, record: Any, authority: str) -> Iterator[tuple[str, str | None]]:
        was, now = RANK[old.state] if old else 0, RANK[new.state]
        first = min((e.text for tag in ("DDSUSDRORSA", "DDSUSVERSRSA") for e in record.iter(tag)), default=None)
        if now in {1, 2} and was in {0, 3}:
            yield "rsa.droit.ouvert", record.findtext(".//DTDEMRSA")
        if now == 2 and (old is None or old.state != new.state):
            yield "rsa.droit.suspendu", first
        if (was, now) == (2, 1):
            yield "rsa.droit.repris", None
        if was in {1, 2} and now == 3:
            yield "rsa.droit.clos", record.findtext(".//DTCLORSA")
        if "out" not in new.moved and (
            record.find(".//OrganismePrenant") is not None or record.findtext(".//MOTICLORSA") == "MUT"
        ):
            new.moved.add("out")
            yield "rsa.mutation.sortante", record.findtext(".//DDDEPAMUT")
        elsewhere = old is None and any(self.seen[key[3]] - {authority} for key in new.people if key[3])
        if "in" not in new.moved and (record.find(".//OrganismeCedant") is not None or elsewhere):
            new.moved.add("in")
            yield "rsa.mutation.entrante", record.findtext(".//DDARRMUT")
        if old is not None and old.address != new.address:
            yield "adresse.changee", record.findtext(".//Adresse[1]//DTEMM")

    def settle(self, claim: str, dossier: Dossier, authority: str) -> None:
        """Remember who was seen where, and where a right lives: contact goes there."""
        for key in dossier.people:
            self.seen[key[3]].add(authority)
            homes = self.homes[self.people[claim, key[0], key[1], key[2]]]
            (homes.add if RANK[dossier.state] in {1, 2} else homes.discard)((authority, claim))

    def read_contacts(self, name: str) -> None:
        raw = (self.folder / name).read_bytes()
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = raw.decode("cp1252")
        rows = csv.DictReader(text.splitlines(), delimiter=";" if ";" in text.split("\n")[0] else ",")
        for row in rows:
            self.read_row(row, f"{name[8:12]}-{name[12:14]}-{name[14:16]}")

    def read_row(self, row: dict[str, str], day: str) -> None:
        role = {"DEMANDEUR": "DEM", "CONJOINT": "CJT"}.get(row["ROLE PERSONNE"], "")
        named = self.by_claim[row["NUMERO DEMANDE RSA"].zfill(11), role]
        nir = (row.get("NIR") or "")[:13]
        person = self.by_nir.get(nir) if nir else next(iter(named)) if len(named) == 1 else None
        if person is None:
            return
        phones = [
            f"+33{int(row[f'NUMERO TELEPHONE {rank}DOSSIER'])}"
            for rank in ("", "2 ")
            if row[f"NUMERO TELEPHONE {rank}DOSSIER"]
        ]
        points = (tuple(phones), row["ADRESSE ELECTRONIQUE DOSSIER"])
        if self.contact.get(person) != points:
            self.contact[person] = points
            assert len(self.homes[person]) == 1, "a row names somebody whose right lives in one dossier"
            self.events[person, "contact.mis_a_jour", day, next(iter(self.homes[person]))[0]] += 1


@pytest.mark.parametrize("config", WORLDS, ids=lambda config: "-".join(config.authorities))
@pytest.mark.parametrize("order", ["as listed", "days shuffled"])
def test_a_plain_reader_of_the_files_finds_the_events_of_the_truth(config: Config, order: str, tmp_path: Path) -> None:
    generate(config, tmp_path, lambda _: None)
    truth = json.loads((tmp_path / "verite.json").read_bytes())
    reader = Reader(tmp_path, truth)
    files = [file for file in truth["fichiers"] if file["verdict"] == "accepte"]
    if order == "days shuffled":
        draws = random.Random(5)  # noqa: S311 - an order, not a secret
        files.sort(key=lambda file: (file["jour"], draws.random()))

    for file in files:
        reader.read(file["nom"])

    owed = Counter((e["personne"], e["type"], e["date_effet"], e["autorite"]) for e in truth["evenements"])
    assert reader.events - owed == Counter()
    assert owed - reader.events == Counter()
