import csv

import pytest
from helpers.shared import shared

from bus.errors import InvalidEvent, Misconfigured
from bus.territory import authority, authority_codes, communes, conflict, departement, label, served, zone


def test_there_are_103_authorities() -> None:
    assert len(authority_codes()) == 103


@pytest.mark.parametrize(
    ("ideparte", "expected"),
    [("052", "52"), ("52", "52"), ("2A", "20R"), ("02B", "20R"), ("202", "20R"), ("067", "6AE"), ("68", "6AE"),
     ("971", "971"), ("075", "75"), (" 01 ", "01")],
)  # fmt: skip
def test_every_spelling_of_ideparte_leads_to_its_authority(ideparte: str, expected: str) -> None:
    assert authority(ideparte, None) == expected


def test_the_commune_decides_between_the_two_authorities_of_69() -> None:
    assert authority("069", "69123") == "69M"
    assert authority("69", "69385") == "69M"
    assert authority("69", "69001") == "69D"


@pytest.mark.parametrize("commune", [None, "", "69999", "52121"])
def test_69_without_a_commune_of_its_own_is_never_guessed(commune: str | None) -> None:
    with pytest.raises(InvalidEvent) as refusal:
        authority("069", commune)

    assert refusal.value.reason == "commune_inconnue"


@pytest.mark.parametrize(
    ("ideparte", "reason"),
    [
        (None, "territoire_absent"),
        ("  ", "territoire_absent"),
        ("988", "autorite_inconnue"),
        ("XXX", "autorite_inconnue"),
    ],
)
def test_a_place_without_rsa_has_no_authority(ideparte: str | None, reason: str) -> None:
    with pytest.raises(InvalidEvent) as refusal:
        authority(ideparte, None)

    assert refusal.value.reason == reason


def test_a_commune_of_elsewhere_is_a_conflict_and_an_unknown_one_is_not() -> None:
    assert conflict("52", "92044")
    assert not conflict("52", "52448")
    assert not conflict("52", None)


def test_every_commune_code_of_the_reference_is_known_with_its_departement() -> None:
    with shared("data/territory/communes.csv").open(encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if row["type"] == "commune-actuelle"]

    known = communes()

    assert all(known[row["code_insee"]].departement == row["departement"] for row in rows)
    assert sum(1 for row in rows if known[row["code_insee"]].metropole) == 58


def test_a_spelling_becomes_the_plain_departement_code() -> None:
    assert [departement(text) for text in ("052", "069", "201", "971", "02A")] == ["52", "69", "2A", "971", "2A"]


def test_an_authority_has_a_name_and_a_time_zone() -> None:
    assert label("69M") == "Métropole de Lyon"
    assert str(zone("974")) == "Indian/Reunion"
    assert str(zone("69")) == "Europe/Paris"


def test_a_deployment_names_the_authorities_it_serves_in_any_spelling() -> None:
    assert served(["052", "69M", "2A"]) == ("20R", "52", "69M")
    assert len(served([])) == 103
    for wrong in (["69"], ["988"], ["x"]):
        with pytest.raises(Misconfigured, match=wrong[0]):
            served(wrong)
