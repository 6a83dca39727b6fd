"""The page about backups is performed: a disaster after the backup, and what was owed arrives, under the same ids."""

import json
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from helpers import pages
from helpers.oracle import Told, difference, identity_of, told, who_is_who
from helpers.subscribers import Subscriber, apply, start_receiver
from helpers.system import Receiver, System, World, reported, running, stop, synth
from helpers.tools import need
from helpers.wait import eventually

from bus.platform.ports import free_port

PAGE = "sauvegarder-et-restaurer.md"
SERVED = Subscriber("cd-52", ("52",))
BACKUP, DISASTER, END = "2026-02", "2026-02-15", "2027"  # days: what is before each is known by then


@dataclass
class Site:
    """One machine and its only subscriber, whose receiver keeps what it got through everything."""

    system: System
    world: World
    folder: Path
    receiver: Receiver
    erased: dict[str, Any]
    at_backup: int = 0  # lines of the receiver by then
    at_disaster: int = 0

    def follow(self, block: str, **env: str) -> None:
        """Run a block of the page."""
        pages.run(PAGE, block, folder=self.folder, env=self.system.environment() | path() | env)

    def feed(self, *, since: str = "", until: str) -> None:
        """Drop the files of some days, in order."""
        for day in sorted({file["jour"] for file in self.world.truth["fichiers"]}):
            if since <= day < until:
                names = [file["nom"] for file in self.world.truth["fichiers"] if file["jour"] == day]
                reported(self.system.drop(self.world.folder / name for name in names), timeout=60)

    def settle(self, *, until: str = END) -> None:
        """Wait for what the files before a day give to be told."""
        eventually(
            lambda: not self.owed(until) - self.facts(),
            timeout=120,
            what=lambda: difference(self.facts(), self.owed(until)),
        )

    def facts(self) -> Counter[Told]:
        """What the receiver knows of all but the erased person, each delivery once by its id."""
        first = {line["webhook_id"]: line["corps"] for line in self.receiver.lines()}
        return self._of_others(told(first.values(), who_is_who(self.world.truth)))

    def owed(self, until: str = END) -> Counter[Told]:
        files = {file["nom"] for file in self.world.truth["fichiers"] if file["jour"] < until}
        events = [event for event in self.world.truth["evenements"] if event["fichier"] in files]
        return self._of_others(SERVED.expected().of({"evenements": events}))

    def lines(self, begin: int = 0, end: int | None = None) -> list[dict[str, Any]]:
        """What the receiver kept about all but the erased person, in the order of arrival."""
        gone = identity_of(self.erased["identite"])
        return [line for line in self.receiver.lines()[begin:end] if who(line) != gone]

    def ids(self, begin: int) -> set[str]:
        return {line["webhook_id"] for line in self.lines(begin)}

    def _of_others(self, facts: Counter[Told]) -> Counter[Told]:
        return Counter({fact: count for fact, count in facts.items() if fact[0] != self.erased["cle"]})


def path() -> dict[str, str]:
    return {"PATH": pages.environment({})["PATH"]}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A backup while something is owed; a month more and an erasure; all is lost, the backup is restored, not Kafka."""
    need("psql")
    folder = tmp_path_factory.mktemp("sauvegarde")
    few = ["--anomalies", "0", "--caisses", "1", "--dailies", "3", "--contacts", "1"]
    world = synth(folder / "monde", authorities=["52"], households=40, months=2, seed=7, options=few)
    with running(folder / "bus") as system:
        port = free_port()
        site = Site(system, world, folder, start_receiver(system, SERVED.name, port, folder), entrant(world))
        try:
            apply(system, SERVED, port, folder)
            back_up(site)
            lose_everything(site)
            yield site
        finally:
            stop(site.receiver.process)


def entrant(world: World) -> dict[str, Any]:
    """Choose somebody with a NIR whom events name before the backup and after it."""
    days = defaultdict(list)
    for event in world.truth["evenements"]:
        days[event["personne"]].append(event["date_effet"])
    known = {person["cle"]: person for person in world.truth["personnes"] if person["identite"].get("nir13")}
    return next(known[cle] for cle, seen in days.items() if cle in known and min(seen) < BACKUP <= max(seen))


def back_up(site: Site) -> None:
    """Make the backup of the page while the files of a day are told to nobody yet."""
    last = max(file["jour"] for file in site.world.truth["fichiers"] if file["jour"] < BACKUP)
    site.feed(until=last)
    site.settle(until=last)
    stop(site.receiver.process)
    site.feed(since=last, until=BACKUP)
    site.at_backup = len(site.receiver.lines())
    site.follow("sauver")
    site.receiver = start_receiver(site.system, SERVED.name, site.receiver.port, site.folder)


def lose_everything(site: Site) -> None:
    """Live on, erase somebody, lose the folder; restore it, but for its topics, as the page says."""
    site.feed(since=BACKUP, until=DISASTER)
    site.settle(until=DISASTER)
    nir = site.erased["identite"]["nir13"]
    proof = json.loads(site.system.bus("personne", "effacer", "--json", stdin=f"{nir}\n").stdout)
    site.system.bus("dev", "down")
    shutil.rmtree(site.system.data)
    site.at_disaster = len(site.receiver.lines())
    site.follow("restaurer")
    site.follow("effacer", SUJET=proof["sujet"])
    shutil.rmtree(site.system.data / "kafka")
    site.system.bus("dev", "up", "--platform-only", "--detach")
    site.follow("republier", BASE=f"host={site.system.data / 'postgres'} dbname=bus")
    site.system.bus("dev", "down")
    site.follow("repartir")
    site.feed(since=BACKUP, until=END)
    site.settle()


def test_what_was_owed_and_what_came_since_is_told_and_nothing_else(site: Site) -> None:
    assert site.facts() == site.owed(), difference(site.facts(), site.owed())


def test_what_was_told_since_the_backup_is_told_again_under_the_same_ids(site: Site) -> None:
    since = {line["webhook_id"] for line in site.lines(site.at_backup, site.at_disaster)}

    eventually(lambda: since <= site.ids(site.at_disaster), timeout=60, what="what was told since the backup, again")
    assert since


def test_what_was_told_before_the_backup_is_not_told_again(site: Site) -> None:
    before = {line["webhook_id"] for line in site.lines(0, site.at_backup)}

    assert before & site.ids(site.at_disaster) == set()


def test_a_delivery_made_again_keeps_its_number_and_but_for_people_new_since_the_backup_its_subject(site: Site) -> None:
    again: dict[str, list[Any]] = defaultdict(list)
    for line in site.lines():
        again[line["webhook_id"]].append(line["corps"])
    known = {who(line) for line in site.lines(0, site.at_backup)}
    moved = [bodies[0] for bodies in again.values() if len({body["subject"] for body in bodies}) > 1]

    assert {name for name, bodies in again.items() if len({body["sequence"] for body in bodies}) > 1} == set()
    assert {identity_of(body["data"]["identite"]) for body in moved} & known == set()


def test_who_was_erased_since_the_backup_is_told_of_no_more(site: Site) -> None:
    told_since = {who(line) for line in site.receiver.lines()[site.at_disaster :]}

    assert identity_of(site.erased["identite"]) not in told_since


def who(line: dict[str, Any]) -> tuple[str, str, str]:
    return identity_of(line["corps"]["data"]["identite"])
