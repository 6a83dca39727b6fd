"""Invented worlds: the same seed gives the same bytes, files obey the schema, and the truth keeps its promises."""

import atexit
import json
from collections import Counter, defaultdict
from datetime import date
from functools import cache
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest
from helpers.shared import shared
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from bus import territory
from bus.identity import InvalidNir, parse_nir
from synth.config import Config
from synth.generate import generate

LYON = Config(("52", "69M", "69D"), seed=3, households=120, months=3, anomalies=0.05)
ODD = Config(("20R", "6AE", "974"), seed=5, households=60, months=2, dailies=6)


WORLDS: Final = TemporaryDirectory(prefix="synth-test-")
atexit.register(WORLDS.cleanup)  # worlds are shared by the tests of this file


@cache
def world(config_name: str) -> tuple[Path, dict[str, Any]]:
    config = {"lyon": LYON, "odd": ODD}[config_name]
    (folder := Path(WORLDS.name) / config_name).mkdir()
    return written(config, folder)


def written(config: Config, folder: Path) -> tuple[Path, dict[str, Any]]:
    generate(config, folder, lambda _: None)
    return folder, json.loads((folder / "verite.json").read_bytes())


def digest(folder: Path) -> dict[str, str]:
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def accepted(truth: dict[str, Any], kind: str = "") -> list[dict[str, Any]]:
    return [file for file in truth["fichiers"] if file["verdict"] == "accepte" and file["nom"].startswith(kind)]


def test_the_same_seed_writes_the_same_bytes_and_another_seed_does_not(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "two", "three")]
    for folder, seed in zip(folders, (7, 7, 8), strict=True):
        folder.mkdir()
        generate(Config(("52",), seed=seed, households=30, months=1), folder, lambda _: None)

    first, second, third = (digest(folder) for folder in folders)

    assert first == second
    assert first["verite.json"] != third["verite.json"]


@pytest.mark.parametrize("name", ["lyon", "odd"])
def test_every_good_file_is_valid_against_the_public_schema(name: str) -> None:
    schema = etree.XMLSchema(etree.parse(shared("data/flux/vrsb0801.xsd")))
    folder, truth = world(name)
    good = [file for file in accepted(truth, "rsa.") if not file["rejets"]]

    for file in good:
        schema.assertValid(etree.parse(folder / file["nom"]))

    assert len(good) > 20


@pytest.mark.parametrize("name", ["lyon", "odd"])
def test_nothing_is_true_of_a_child(name: str) -> None:
    folder, truth = world(name)
    known = {
        (p["identite"]["prenoms"][0], p["identite"]["date_naissance"], p["identite"]["nir13"])
        for p in truth["personnes"]
    }
    children = set()
    for file in accepted(truth, "rsa.RSABEM"):
        for person in etree.parse(folder / file["nom"]).iter("Personne"):
            if person.findtext("Prestations[NATPREST='RSA']/ROLEPERS") == "ENF":
                children.add((person.findtext(".//PRENOM"), person.findtext(".//DTNAI"), person.findtext(".//NIR")))

    assert len(children) > 50
    assert not known & children
    assert any(nir for _, _, nir in children), "some children must carry a NIR, or the test proves nothing"


@pytest.mark.parametrize("name", ["lyon", "odd"])
def test_files_of_one_day_can_be_read_in_any_order(name: str) -> None:
    """One bénéficiaire file per caisse, authority and day, and contact files on days of their own."""
    _, truth = world(name)
    days = [file["jour"] for file in truth["fichiers"]]
    scopes = Counter((file["caisse"], file["autorite"], file["jour"]) for file in accepted(truth, "rsa."))
    contact_days = {file["jour"] for file in truth["fichiers"] if file["genre"] == "contact"}

    assert days == sorted(days)
    assert max(scopes.values()) == 1
    assert contact_days
    assert not contact_days & {file["jour"] for file in truth["fichiers"] if file["genre"] != "contact"}
    for event in truth["evenements"]:
        assert (event["jour"] in contact_days) == (event["type"] == "contact.mis_a_jour")


@pytest.mark.parametrize("name", ["lyon", "odd"])
def test_a_move_leaves_before_it_arrives_and_keeps_the_person(name: str) -> None:
    _, truth = world(name)
    left = {e["personne"]: e for e in truth["evenements"] if e["type"] == "rsa.mutation.sortante"}
    came = {e["personne"]: e for e in truth["evenements"] if e["type"] == "rsa.mutation.entrante"}

    assert came
    for person, event in came.items():
        assert left[person]["jour"] < event["jour"]
        assert left[person]["autorite"] != event["autorite"]


@pytest.mark.parametrize("name", ["lyon", "odd"])
def test_people_are_invented_within_the_blocks_kept_for_fiction(name: str) -> None:
    _, truth = world(name)

    for person in truth["personnes"]:
        identity = person["identite"]
        assert identity["nom"].startswith("ZZ")
        assert len(identity["nom"]) <= 28
        assert all(phone.startswith(("+3363998", "+3319900")) for phone in person["contact"]["telephones"])
        assert all(mail.endswith(("@example.fr", "@example.org")) for mail in person["contact"]["courriels"])
        if identity["nir13"]:
            assert parse_nir(identity["nir13"]).nir13 == identity["nir13"]
            assert identity["nir13"][5:7] == "99"
            assert 600 <= int(identity["nir13"][7:10]) <= 998
            assert identity["nir13"][0] == {"M": "1", "F": "2"}[identity["sexe"]]


@pytest.mark.parametrize("name", ["lyon", "odd"])
def test_two_people_never_look_the_same(name: str) -> None:
    people = [person["identite"] for person in world(name)[1]["personnes"]]
    looks = Counter((p["nom"], " ".join(p["prenoms"]), p["date_naissance"]) for p in people)
    numbers = Counter(p["nir13"] for p in people if p["nir13"])

    assert max(looks.values()) == 1
    assert max(numbers.values()) == 1


def test_a_wrong_nir_is_written_now_and_then_and_is_refused(tmp_path: Path) -> None:
    folder, truth = written(Config(("52",), households=1500, months=1, dailies=0), tmp_path)
    numbers = [
        element.text or ""
        for file in accepted(truth, "rsa.")
        for element in etree.parse(folder / file["nom"]).iter("NIR")
        if (element.text or "")[3:5] == "13"
    ]

    assert numbers
    for number in numbers:
        with pytest.raises(InvalidNir, match="month"):
            parse_nir(number)


def test_files_hold_the_hard_characters_and_every_declared_encoding(tmp_path: Path) -> None:
    folder, truth = written(Config(("52", "35"), households=80, months=2), tmp_path)
    seen: dict[str, set[str]] = defaultdict(set)
    for file in accepted(truth, "rsa."):
        tree = etree.parse(folder / file["nom"])
        text = etree.tostring(tree, encoding="unicode")
        seen[str(tree.docinfo.encoding).lower()].update(character for character in "ÉÇœ’" if character in text)

    assert set(seen) == {"windows-1252", "iso-8859-1", "utf-8"}
    assert all(characters == set("ÉÇœ’") for characters in seen.values())


def test_authorities_of_two_departements_and_of_the_69_are_the_ones_their_records_say(tmp_path: Path) -> None:
    for name in ("lyon", "odd"):
        folder, truth = world(name)
        lost = {d["numdemrsa"] for p in truth["personnes"] if p["quarantaine"] for d in p["dossiers"]}
        for file in accepted(truth, "rsa.RSABEM"):
            for record in etree.parse(folder / file["nom"]).iter("InfosFoyerRSA"):
                if record.findtext(".//NUMDEMRSA") in lost:
                    continue
                commune = record.findtext(".//Adresse[1]//NUMCOM")
                assert territory.authority(record.findtext(".//IDEPARTE"), commune) == file["autorite"]


def test_people_whose_commune_nobody_knows_are_owed_to_nobody() -> None:
    _, truth = world("lyon")
    lost = {person["cle"] for person in truth["personnes"] if person["quarantaine"]}

    assert lost
    assert {entry["personne"] for entry in truth["quarantaines"]} == lost
    assert {entry["raison"] for entry in truth["quarantaines"]} == {"commune_inconnue"}
    assert not lost & {event["personne"] for event in truth["evenements"]}


def test_contact_is_told_only_of_people_whom_an_event_has_made_known() -> None:
    for name in ("lyon", "odd"):
        known: set[tuple[str, str]] = set()
        for event in world(name)[1]["evenements"]:
            key = (event["personne"], event["autorite"])
            if event["type"] == "contact.mis_a_jour":
                assert key in known
                assert event["date_effet"] == event["jour"]
            known.add(key)


def test_an_event_knows_the_contact_that_was_last_told_before_it() -> None:
    _, truth = world("lyon")
    told: dict[str, dict[str, Any]] = {}
    compared = 0
    for event in truth["evenements"]:
        if event["type"] == "contact.mis_a_jour":
            assert told.get(event["personne"]) != event["contact"], "nothing is told twice"
            told[event["personne"]] = event["contact"]
        elif event["type"] != "rsa.etat.publie":
            assert event.get("contact") == told.get(event["personne"])
            compared += event["contact_connu"]

    assert compared > 10
    for person in truth["personnes"]:
        assert person["contact"] == told.get(person["cle"], {"telephones": [], "courriels": []})


def test_the_monthly_numbers_add_up() -> None:
    _, truth = world("lyon")
    types = Counter(event["type"] for event in truth["evenements"])
    last = truth["resume"][-1]

    assert sum(month["entrees"] for month in truth["resume"]) == types["rsa.droits_devoirs.entree"]
    assert last["personnes_connues"] == len(truth["personnes"])
    assert last["joignables"] == sum(bool(person["contacts"]) for person in truth["personnes"])
    assert last["entrants"] == sum(bool(person["entrees"]) for person in truth["personnes"])
    assert last["entrants_joignables"] == sum(bool(p["entrees"] and p["contacts"]) for p in truth["personnes"])
    assert sum(month["fichiers"] for month in truth["resume"]) == len(truth["fichiers"])


def check_invariants(truth: dict[str, Any]) -> None:
    """Per person and authority, entries and exits alternate; nobody acts before being known or after a move."""
    bound: dict[tuple[str, str], bool] = {}
    gone: set[tuple[str, str]] = set()
    people = {person["cle"] for person in truth["personnes"]}
    names = {file["nom"]: file for file in truth["fichiers"]}
    for event in truth["evenements"]:
        key = (event["personne"], event["autorite"])
        assert event["personne"] in people
        assert names[event["fichier"]]["verdict"] == "accepte"
        assert names[event["fichier"]]["jour"] == event["jour"]
        assert date.fromisoformat(event["date_effet"]) <= date.fromisoformat(event["jour"])
        if event["type"] == "rsa.etat.publie":
            bound[key] = event["eligible"]
        if event["type"] == "rsa.droits_devoirs.entree":
            assert not bound.get(key, False)
            assert key not in gone
            bound[key] = True
        if event["type"] == "rsa.droits_devoirs.sortie":
            assert bound.get(key, False)
            bound[key] = False
        if event["type"] == "rsa.mutation.sortante":
            gone.add(key)


@pytest.mark.parametrize("name", ["lyon", "odd"])
def test_entries_and_exits_alternate(name: str) -> None:
    check_invariants(world(name)[1])


@settings(max_examples=12, deadline=None)
@given(
    st.lists(st.sampled_from(("52", "69M", "69D", "75")), min_size=1, max_size=3, unique=True),
    st.integers(0, 10_000),
    st.integers(1, 12),
    st.integers(1, 3),
    st.integers(0, 8),
)
def test_small_worlds_keep_the_same_promises(
    codes: list[str], seed: int, households: int, months: int, dailies: int
) -> None:
    config = Config(tuple(codes), seed=seed, households=households, months=months, dailies=dailies, anomalies=0.2)

    with TemporaryDirectory() as folder:
        _, truth = written(config, Path(folder))

    check_invariants(truth)
    assert len({person["cle"] for person in truth["personnes"]}) == len(truth["personnes"])
    assert [file["jour"] for file in truth["fichiers"]] == sorted(file["jour"] for file in truth["fichiers"])
