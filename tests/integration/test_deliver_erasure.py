"""Erasing a person: what is owed about them is withdrawn, the others get theirs, asking again is harmless."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from helpers.delivered import delivering_apart
from helpers.deliveries import Delivering, Person, entry, invented_nir, new_people, produce
from helpers.wait import eventually

from bus import db
from bus.platform import Platform
from bus.sealing import KekRing, new_key, seal
from bus.vault.links import Pepper

DOSSIER, ROLE = "d" * 32, "DEM"


@pytest.fixture
def world(platform: Platform, tmp_path: Path) -> Iterator[Delivering]:
    with delivering_apart(platform, tmp_path) as found:
        yield found


def rows(world: Delivering, query: str, *values: object) -> Any:
    with psycopg.connect(str(world.settings.database_url)) as conn:
        return conn.execute(query.encode(), values).fetchall()


def linked(world: Delivering) -> tuple[Person, str]:
    """Give a person known by a NIR, with states, a contact, and sealed rows that name their dossier."""
    (person,) = new_people(world.settings, 1)
    nir13 = invented_nir()[:10] + f"{int(uuid.uuid4().hex[:6], 16) % 1000:03d}"
    pepper = Pepper.load(world.settings.data_dir / "secrets" / "ingest")
    ring = KekRing.load(world.settings.data_dir / "secrets" / "ingest")
    dossier = person.subject[2:34]
    with db.connect(world.settings, "bus_ingest") as conn:
        conn.execute("insert into vault.link values ('nir', %s, %s)", (pepper.nir(nir13), person.subject))
        conn.execute(
            "insert into journal.person (scope_id, dossier, subject_id, role, eligible, moved_in)"
            " values (1, %s, %s, %s, true, 0)",
            (dossier, person.subject, ROLE),
        )
        conn.execute("insert into journal.contact values (%s, 'contact-caf', 'x', '2026-03-01')", (person.subject,))
        for table, extra, values in (
            ("waiting", "role, as_of, expires_at", (ROLE, "2026-03-01", "2099-01-01")),
            ("quarantine", "chemin, code", ("a", "b")),
        ):
            key = new_key()
            conn.execute(
                "insert into vault.owned_key values (%s, %s, %s, %s)",
                (key.key_id, f"{table}:{key.key_id}", *ring.wrap(key)),
            )
            conn.execute(
                f"insert into journal.{table} (flux_id, rank, dossier, {extra}, key_id, octets)"  # noqa: S608 - two names of ours
                f" values (%s, 1, %s, {', '.join('%s' for _ in values)}, %s, %s)".encode(),
                (f"sha256:{uuid.uuid4().hex}", dossier, *values, key.key_id, seal(key, "attente", 1, b"x")),
            )
    return person, nir13


def test_what_is_owed_about_an_erased_person_is_withdrawn_and_the_others_get_theirs(world: Delivering) -> None:
    receiver = world.receiver(f"cd-{uuid.uuid4().hex[:8]}")
    world.subscribe(f"o-{receiver.name}", receiver)
    victim, other = new_people(world.settings, 2)
    world.deliver(BUS_DELIVER_PROBES="[0.3]", BUS_DELIVER_LADDER="[0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]")
    produce(world.settings, [entry(person) for person in (victim, other, victim, other)])
    eventually(lambda: sum(world.states(receiver.name).values()) == 4, timeout=60, what="four deliveries owed")

    done = world.bus("personne", "effacer", "--sujet", victim.subject, "--json")
    receiver.start()
    eventually(lambda: len(receiver.bodies()) == 2, timeout=60, what="the deliveries of the other person")

    proof = json.loads(done.stdout)
    assert (done.returncode, proof["resultat"], proof["cles_detruites"]) == (0, "effacee", 1)
    assert proof["livraisons_retirees"] == 2
    assert {body["data"]["identite"]["nom"] for body in receiver.bodies()} == {other.name}
    eventually(
        lambda: world.states(receiver.name) == {"livree": 2, "retiree": 2},
        timeout=30,
        what="two delivered, two withdrawn",
    )


def test_an_event_about_a_person_erased_meanwhile_is_withdrawn_and_never_retried(world: Delivering) -> None:
    receiver = world.receiver(f"cd-{uuid.uuid4().hex[:8]}")
    receiver.start()
    world.subscribe(f"o-{receiver.name}", receiver)
    (victim,) = new_people(world.settings, 1)
    event = entry(victim)
    world.bus("personne", "effacer", "--sujet", victim.subject)

    produce(world.settings, [event])
    world.deliver()
    eventually(lambda: world.states(receiver.name) == {"retiree": 1}, timeout=60, what="the delivery withdrawn")

    (one,) = world.deliveries("--abonnement", receiver.name)
    assert one["tentatives"] == []
    assert "effacée" in one["cause"]
    assert receiver.bodies() == []


def test_by_the_nir_everything_kept_loses_its_key_and_asking_again_changes_nothing(world: Delivering) -> None:
    person, nir13 = linked(world)
    dossier = person.subject[2:34]
    sealed = (
        "select key_id from journal.waiting where dossier = %s"
        " union select key_id from journal.quarantine where dossier = %s"
    )
    keys = [key for (key,) in rows(world, sealed, dossier, dossier)]
    assert len(keys) == 2

    first = world.bus("personne", "effacer", "--json", stdin=nir13 + "\n")
    again = world.bus("personne", "effacer", "--json", stdin=nir13 + "\n")

    proof = json.loads(first.stdout)
    assert (first.returncode, proof["resultat"], proof["sujet"]) == (0, "effacee", person.subject)
    counts = (
        "cles_detruites",
        "liens_au_registre",
        "etats",
        "contacts",
        "lignes_en_attente",
        "enregistrements_en_quarantaine",
    )
    assert {name: proof[name] for name in counts} == dict.fromkeys(counts, 1)
    assert (again.returncode, json.loads(again.stdout)["resultat"]) == (0, "deja_effacee")
    assert nir13 not in first.stdout + first.stderr + again.stdout + again.stderr
    for table in ("vault.subject", "vault.link", "vault.key", "journal.person", "journal.contact"):
        assert rows(world, f"select 1 from {table} where subject_id = %s", person.subject) == []  # noqa: S608
    assert rows(world, "select 1 from vault.owned_key where key_id = any(%s)", keys) == []
    assert rows(world, sealed, dossier, dossier) == []
    tombstones = "select topic, type from journal.outbox where key = %s and body is null"
    assert rows(world, tombstones, person.subject) == [("evenements", "personne.effacee")]
    pepper = Pepper.load(world.settings.data_dir / "secrets" / "ingest")
    registered = "select kind from vault.erased where digest = any(%s) order by kind"
    digests = [pepper.erased("nir", pepper.nir(nir13)), pepper.erased("dossier_role", f"{dossier}\x1f{ROLE}".encode())]
    assert rows(world, registered, digests) == [("dossier_role",), ("nir",)]


def test_somebody_unknown_is_refused_and_a_text_that_is_no_nir_too(world: Delivering) -> None:
    unknown = world.bus("personne", "effacer", "--json", stdin=invented_nir()[:10] + "998\n")
    garbage = world.bus("personne", "effacer", stdin="ABC\n")

    assert (unknown.returncode, json.loads(unknown.stdout)["resultat"]) == (1, "inconnue")
    assert garbage.returncode == 1
    assert "ABC" not in garbage.stdout + garbage.stderr


def test_a_nir_is_never_an_argument(world: Delivering) -> None:
    done = world.bus("personne", "effacer", invented_nir())

    assert done.returncode == 2
