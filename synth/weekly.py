"""One weekly contact file: its rows, in text, and what becomes true by it."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

from synth import kinds, rows
from synth.contacts import Contact, Contacts
from synth.damage import Chance
from synth.draws import Draws
from synth.lives import Life, LifeFact
from synth.people import Beneficiary
from synth.truth import Truth


class WeeklyJob(NamedTuple):
    """One file to write: the authority, the rank of its Saturday, its day, its name."""

    authority: str
    file: int
    day: date
    name: str


def _news(contacts: Contacts, job: WeeklyJob) -> Iterator[tuple[Life, Beneficiary, Contact]]:
    """Give the people of whom this file tells something for the first time."""
    for life in contacts.lives(job.authority, job.file):
        for adult in life.household.adults:
            for told in contacts.told(life, adult):
                if told.day == job.day and told.authority == job.authority:
                    yield life, adult, told.contact


def write(contacts: Contacts, truth: Truth, job: WeeklyJob, path: Path, *, chance: Chance) -> int:
    """Write one contact file, tell the truth of it, and give how many rows it holds."""
    shape, seed = contacts.shapes[job.authority], contacts.seed
    draws = Draws(seed, "fichier", job.name)
    codec, count = draws.pick(rows.CODECS), 0
    with path.open("w", encoding=codec, newline="", buffering=1 << 20) as target:
        target.write(rows.header(shape))
        for life, adult, contact in _news(contacts, job):
            target.write(rows.row(shape, life, adult, contact))
            truth.event(
                life,
                LifeFact(adult, kinds.CONTACT, job.day.isoformat(), {"contact": contact.truth()}),
                job.day,
                job.name,
            )
            count += 1
        for life, adult, contact in contacts.repeats(job.authority, job.file):
            target.write(rows.row(shape, life, adult, contact))
            count += 1
        strangers = chance.rows(count)
        for _ in range(strangers):
            text, named = rows.stranger(shape, draws, "999", Contact((f"63998{draws.below(10_000):04d}",), ()))
            target.write(text)
            truth.stranger(job.day, named=named)
    return count + strangers
