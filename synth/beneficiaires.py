"""One bénéficiaire file: which dossiers it holds, what it says of them, and what becomes true by it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from synth import flux
from synth.damage import Anomaly
from synth.days import Slot
from synth.draws import Draws
from synth.kinds import LifeTurn
from synth.lives import Life, facts
from synth.people import household
from synth.places import Caisse
from synth.plan import World
from synth.situations import found, living
from synth.truth import Truth

_CHUNK: Final = 256  # records encoded at once
_QUIET: Final = 0.004  # share of the stock that a daily repeats without any change
_ENOUGH: Final = 10  # a bad record goes only into a file where it is far from one in five
_NOTHING: Final = flux.ToldRecord()
_SILENT: Final = flux.ToldRecord(silent=True)
_EVIDENCE: Final = {
    LifeTurn.ADRESSE: ("ADR",),
    LifeTurn.DEMENAGEMENT: ("MUT", "RAD"),
    LifeTurn.CLOTURE: ("RAD",),
    LifeTurn.SUSPENSION_DROIT: ("SUS",),
    LifeTurn.SUSPENSION_VERSEMENT: ("SUS",),
    LifeTurn.SUSPENSION_BARREE: ("SUS",),
    LifeTurn.OBLIGATION: ("ENTDED",),
    LifeTurn.ARRIVEE_OUVERTE: ("DEMRSA", "ENTDED"),
    LifeTurn.EMMENAGEMENT: ("MUT",),
    LifeTurn.SEPARATION: ("SITFAM",),
    LifeTurn.UNION: ("SITFAM",),
}


class Counts(NamedTuple):
    """What a file holds: records, bad ones, and those that the emitter marks as anomalies."""

    read: int
    bad: int
    marked: int


class Job(NamedTuple):
    """One file to write: its scope, its slot, its name."""

    caisse: Caisse
    slot: Slot
    name: str


def records(world: World, truth: Truth, job: Job) -> Iterator[str]:
    """Give every record of a file, and tell the truth of each as it goes."""
    lives = _monthly(world, job) if job.slot.monthly else _daily(world, job)
    for life, told in lives:
        situation = life.at(job.slot)
        for adult in life.newly_seen(job.slot):
            truth.person(life, adult, job.slot.day)
        for fact in facts(life, job.slot):
            truth.event(life, fact, job.slot.day, job.name)
        if situation is not None:
            yield flux.record(life.household, situation, told)


def _monthly(world: World, job: Job) -> Iterator[tuple[Life, flux.ToldRecord]]:
    """Give the whole caisse: the dossiers that live or wait, and those ended since the monthly before.

    A dossier that has silently gone is given too, without a situation: its absence is the news.
    """
    slot = job.slot
    earlier = [other.place for other in world.calendar.slots[job.caisse] if other.monthly and other.place < slot.place]
    previous = earlier[-1] if earlier else -1
    for life in world.stock(job.caisse):
        if _listed(life, slot, previous):
            yield life, _silence(life, slot)
    for number in world.newcomers.get(job.caisse, ()):
        life = world.life(number)
        if life.moments[0].slot.place <= slot.place and _listed(life, slot, previous):
            yield life, _silence(life, slot)


def _listed(life: Life, slot: Slot, previous: int) -> bool:
    situation = life.at(slot)
    changed = life.changed(slot)
    if situation is None or situation.state in ("1", "5", "6"):
        return changed > previous
    return True


def _silence(life: Life, slot: Slot) -> flux.ToldRecord:
    """Leave the obligation out of one repeated record in a hundred: the one known before stands."""
    quiet = life.changed(slot) < slot.place and (life.household.number * 31 + slot.place * 17) % 101 == 0
    return _SILENT if quiet else _NOTHING


def _daily(world: World, job: Job) -> Iterator[tuple[Life, flux.ToldRecord]]:
    """Give the dossiers to which something happened, and some that are repeated as they are."""
    moved = world.told.get((job.caisse, job.slot.place), [])
    for number in sorted(moved):
        life = world.life(number)
        now = [moment.kind for moment in life.moments if moment.slot.place == job.slot.place]
        yield life, flux.ToldRecord(facts=flux.evidence(job.slot.day, _EVIDENCE.get(now[0], ("CARRSA",))))
    draws = Draws(world.config.seed, "activite", *job.caisse, job.slot.place)
    stock, seen = world.numbers(job.caisse.authority), set(moved)
    for _ in range(draws.count(_QUIET * len(stock))):
        number = stock[draws.below(len(stock))]
        code = draws.pick(("RESTRIRSA", "SITPRO", "CARRSA", "ENTDED"))
        if number in seen or number in world.lost or world.caisse_of(number) is not job.caisse:
            continue
        seen.add(number)
        life = world.life(number)
        if living(life.at(job.slot)):
            yield life, flux.ToldRecord(facts=flux.evidence(job.slot.day, (code,)), silent=draws.below(50) == 0)


class Extra(NamedTuple):
    """A record that must make nothing true: its defect, and the number of a household without a life."""

    anomaly: Anomaly
    number: int


def _extra(world: World, job: Job, extra: Extra) -> str:
    home = household(world.registry, extra.number, job.caisse, year=world.config.start.year)
    draws = Draws(world.config.seed, "illisible", extra.number)
    situation = found(home, draws, "2", day=job.slot.day)
    if extra.anomaly is Anomaly.ANOMALIE:
        return flux.record(home, situation, flux.ToldRecord(anomaly=True))
    return flux.record(home, situation, flux.ToldRecord(defect=draws.pick(("etat_absent", "date_impossible"))))


def write(world: World, truth: Truth, job: Job, path: Path, extra: Extra | None) -> Counts:
    """Write one file as a stream, the extra record last and only where there are enough others."""
    draws = Draws(world.config.seed, "fichier", job.name)
    encoding = draws.pick(flux.ENCODINGS)
    read, bad, marked = 0, 0, 0
    with path.open("wb", buffering=1 << 20) as target:
        target.write(flux.encoded(flux.header(job.slot, encoding, flux.hour(draws)), encoding))
        chunk: list[str] = []
        for record in records(world, truth, job):
            chunk.append(record)
            read += 1
            if len(chunk) == _CHUNK:
                target.write(flux.encoded("".join(chunk), encoding))
                chunk.clear()
        if extra and read >= _ENOUGH:
            chunk.append(_extra(world, job, extra))
            read, bad = read + 1, int(extra.anomaly is Anomaly.ILLISIBLE)
            marked = 1 - bad
        chunk.append(flux.TRAILER.format(read, marked))
        target.write(flux.encoded("".join(chunk), encoding))
    return Counts(read, bad, marked)
