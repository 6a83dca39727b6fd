"""Write a world: every file in the order of days, and the truth beside them."""

import time
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from synth import beneficiaires, damage, weekly
from synth.config import Config
from synth.contacts import Contacts
from synth.damage import Anomaly, Chance
from synth.days import Slot
from synth.places import Caisse
from synth.plan import World
from synth.truth import Truth


class Beneficiaires(NamedTuple):
    """One bénéficiaire file to write."""

    day: date
    caisse: Caisse
    slot: Slot


class Weekly(NamedTuple):
    """One contact file to write."""

    day: date
    authority: str
    file: int


class WorldReport(NamedTuple):
    """What was written: counts of files, records and bytes, people, events by type, and the numbers of each month."""

    files: int
    records: int
    people: int
    octets: int
    events: dict[str, int]
    months: list[dict[str, Any]]
    seconds: float


def generate(config: Config, out: Path, progress: Callable[[str], None]) -> WorldReport:
    """Write the whole world of a request into an existing folder. The same request writes the same bytes.

    Memory follows the number of movements and of files, not the number of households.
    """
    started = time.perf_counter()
    writer, month = FileWriter(World(config), out), 0
    for planned in writer.plan():
        if planned.day.month != month:
            month = planned.day.month
            progress(f"{planned.day:%Y-%m} : {len(writer.truth.files)} fichiers écrits")
        writer.write(planned)
    people, months = writer.truth.people.count, writer.truth.finish()
    return WorldReport(
        files=len(writer.truth.files), records=sum(entry["lus"] for entry in writer.truth.files), people=people,
        octets=sum((out / entry["nom"]).stat().st_size for entry in writer.truth.files),
        events=dict(sorted(writer.truth.types.items())), months=months, seconds=time.perf_counter() - started,
    )  # fmt: skip


class FileWriter:
    """Writes the planned files one after the other and tells the truth of each."""

    def __init__(self, world: World, out: Path) -> None:
        self.world, self.out = world, out
        self.contacts = Contacts(world)
        self.truth = Truth(world.config, self.contacts, out)
        self.chance = Chance(world.config.seed, world.config.anomalies)
        self._sequence: Counter[str] = Counter()
        self._next_extra = world.capacity
        self._emptied = False

    def plan(self) -> list[Beneficiaires | Weekly]:
        """Give every file to write, in the order of days."""
        calendar = self.world.calendar
        files: list[Beneficiaires | Weekly] = [
            Beneficiaires(slot.day, caisse, slot) for caisse, slots in calendar.slots.items() for slot in slots
        ]
        for file, day in enumerate(calendar.saturdays):
            files += [Weekly(day, authority, file) for authority in self.world.config.authorities]
        return sorted(files, key=lambda planned: planned.day)

    def write(self, planned: Beneficiaires | Weekly) -> None:
        """Write one file, its bad copy if it has one, and what is true of it."""
        match planned:
            case Beneficiaires():
                self._beneficiaires(planned)
            case Weekly():
                self._weekly(planned)

    def _beneficiaires(self, planned: Beneficiaires) -> None:
        defect, extra = self.chance.beneficiaire(), self._extra(planned.slot)
        first = self._name(planned)
        good = self._name(planned) if defect in damage.MOTIVES else first
        job = beneficiaires.Job(planned.caisse, planned.slot, good)
        counts = beneficiaires.write(self.world, self.truth, job, self.out / good, extra)
        entry = _entry(planned, good, lus=counts.read, rejets=counts.bad)
        if extra and (counts.bad or counts.marked):
            entry["anomalies"] = [str(extra.anomaly)]
        elif extra:
            self.chance.missed(extra.anomaly)
        if defect in damage.MOTIVES and defect:
            self._spoil(entry, first, defect, counts.read)
        self.truth.file(entry)
        if defect is Anomaly.DOUBLON:
            self._duplicate(entry, self._name(planned))

    def _spoil(self, good: dict[str, Any], name: str, defect: Anomaly, records: int) -> None:
        """Write the bad copy that comes before a good file of the same day."""
        if not damage.damage(self.out / good["nom"], self.out / name, defect, records=records):
            self.chance.missed(defect)
            return
        motif = damage.MOTIVES[defect]
        verdict: dict[str, Any] = {"verdict": "rejete", "motif": motif, "anomalies": [str(defect)]}
        if defect is Anomaly.VIDE and self._emptied:  # no byte twice is the same bytes twice
            verdict = {"verdict": "doublon", "motif": None, "anomalies": [str(defect)]}
        self._emptied |= defect is Anomaly.VIDE
        counts = {"lus": 0, "valides": 0, "rejets": 0, "repare_par": good["nom"]}
        self.truth.file(good | {"nom": name} | verdict | counts)

    def _extra(self, slot: Slot) -> beneficiaires.Extra | None:
        anomaly = self.chance.record(monthly=slot.monthly)
        self._next_extra += anomaly is not None
        return beneficiaires.Extra(anomaly, self._next_extra) if anomaly else None

    def _weekly(self, planned: Weekly) -> None:
        name = f"contact.{planned.day:%Y%m%d}.{planned.authority}.csv"
        job = weekly.WeeklyJob(planned.authority, planned.file, planned.day, name)
        count = weekly.write(self.contacts, self.truth, job, self.out / name, chance=self.chance)
        if not count:  # two files with nothing but a header are the same bytes: a week without news sends none
            (self.out / name).unlink()
            return
        entry = _entry(planned, name, lus=count, rejets=0)
        self.truth.file(entry)
        if self.chance.contact() is Anomaly.DOUBLON:
            self._duplicate(entry, name.replace(".csv", ".copie.csv"))

    def _duplicate(self, entry: dict[str, Any], name: str) -> None:
        """Write the same bytes under another name: whichever of the two comes second is the duplicate."""
        damage.damage(self.out / entry["nom"], self.out / name, Anomaly.DOUBLON, records=1)
        counts = {"lus": 0, "valides": 0, "rejets": 0, "copie_de": entry["nom"]}
        self.truth.file(entry | {"nom": name, "verdict": "doublon", "anomalies": [str(Anomaly.DOUBLON)]} | counts)

    def _name(self, planned: Beneficiaires) -> str:
        """Give the next file name of a département, as the caisses make them."""
        ideparte = planned.caisse.ideparte
        self._sequence[ideparte] += 1
        kind = "RSABEM" if planned.slot.monthly else "RSABEI"
        return f"rsa.{kind}.{planned.day:%Y%m%d}.A{ideparte}{self._sequence[ideparte]:04d}.xml"


def _entry(planned: Beneficiaires | Weekly, name: str, *, lus: int, rejets: int) -> dict[str, Any]:
    authority = planned.authority if isinstance(planned, Weekly) else planned.caisse.authority
    genre = "contact" if isinstance(planned, Weekly) else ("mensuel" if planned.slot.monthly else "quotidien")
    caisse = None if isinstance(planned, Weekly) else f"{planned.caisse.fonorg.lower()}-{planned.caisse.numorg}"
    return {
        "nom": name, "jour": planned.day, "genre": genre, "autorite": authority, "caisse": caisse, "verdict": "accepte",
        "motif": None, "anomalies": [], "lus": lus, "valides": lus - rejets, "rejets": rejets,
    }  # fmt: skip
