import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from helpers.deliveries import Person, contact, entry, invented_nir, part
from helpers.oracle import leaves
from helpers.shared import shared
from hypothesis import given
from hypothesis import strategies as st

from avro_schemas.models import PART_VERSION
from avro_schemas.rights import Right, common_rights
from bus.codec import decode_part
from bus.sealing import new_key, unseal
from consumers.payload import projection
from consumers.subscriptions.profiles import (
    CASELOAD_ONLY,
    ENRICHED,
    FIELDS,
    GROUPS,
    LEAVES,
    Profile,
    expand,
    fields_of,
)

PERSON = Person("s-" + "0" * 32, new_key())
ADDRESS = projection.Recipient("cd-52-parcours", "p-" + "0" * 24, 1)
ENVELOPE = {"date_effet", "autorite", "commune_insee", "portee", "donnees"}
TOLD_OF_ALL = {
    "id": ("bus.evenement", "id"),
    "type": ("bus.evenement", "type"),
    "source": ("bus.evenement", "source"),
    "time": ("bus.evenement", "date_observation"),
    "date_effet": ("bus.evenement", "date_effet"),
    "autorite": ("bus.enrichissement", "autorite"),
    "commune_insee": ("bus.territoire", "commune_insee"),
    "portee": ("bus.evenement", "portee"),
    "corrige": ("bus.evenement", "corrige"),
    "annule": ("bus.evenement", "annule"),
}
"""What leaves with every event, and the record and field that it tells."""
CLOUD_EVENTS = {"specversion", "subject", "dataschema", "datacontenttype", "sequence", "abonnement", "data"}
"""What a body says of the delivery and of itself, and the data."""


def open_(part_: Mapping[str, Any]) -> Mapping[str, Any]:
    octets = unseal(PERSON.key, part_["sorte"], part_["version_schema"], part_["octets"])
    return decode_part(part_["sorte"], part_["version_schema"], octets)


def projected(event: dict[str, Any], fields: frozenset[str]) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(projection.data(projection.select(event, "52", fields), fields, open_))
    return data


def webhook(event: dict[str, Any], fields: frozenset[str]) -> dict[str, Any]:
    data = projection.data(projection.select(event, "52", fields), fields, open_)
    body: dict[str, Any] = json.loads(projection.cloud_event(event, data, ADDRESS))
    return body


def normative() -> dict[str, Any]:
    body: dict[str, Any] = json.loads(shared("examples/webhook.http").read_text("utf-8").partition("\n\n")[2])
    return body


def test_the_body_has_exactly_the_keys_of_the_normative_example() -> None:
    names = ["identite.nom", "identite.prenoms", "identite.date_naissance", "identite.sexe", "contact", "situation"]

    body = webhook(entry(PERSON), expand([*names, "echeances", "donnees.population"]))

    example = normative()
    assert list(body) == list(example)
    assert list(body["data"]) == list(example["data"])
    for name, value in example["data"].items():
        if isinstance(value, dict):
            assert set(body["data"][name]) == set(value), name
    assert set(body["data"]["contact"]["telephones"][0]) == set(example["data"]["contact"]["telephones"][0])
    for name in ("specversion", "type", "source", "time", "dataschema", "datacontenttype", "sequence", "abonnement"):
        assert body[name] == example[name]
    assert body["data"]["portee"] == example["data"]["portee"]
    assert body["data"]["donnees"] == example["data"]["donnees"]


def test_a_body_has_a_place_for_every_kind_of_sealed_part_and_for_every_group_of_fields() -> None:
    assert set(projection.SEALED) == set(PART_VERSION), "a kind of part has no place in a body: see SEALED"
    assert set(GROUPS) | {"nir"} == {*projection.SEALED, *ENRICHED}


def test_each_kind_of_sealed_part_leaves_to_whom_has_all_rights() -> None:
    filled = [*entry(PERSON)["scelle"], part(PERSON, "motifs", {"motifs": ["01"], "groupes": ["GA"]})]
    event = entry(PERSON, scelle=filled)

    data = projected(event, frozenset(LEAVES))

    assert set(data["portee"]) == set(PART_VERSION)
    assert set(ENRICHED) <= set(data)


def test_what_leaves_with_every_event_is_open_to_everybody_by_the_contract() -> None:
    rights = {name: common_rights()[record].get(field) for name, (record, field) in TOLD_OF_ALL.items()}

    assert rights == dict.fromkeys(TOLD_OF_ALL, Right.TOUJOURS)


def test_nothing_else_than_the_declared_envelope_leaves_by_itself() -> None:
    body = webhook(entry(PERSON, corrige=str(UUID(int=1)), annule=str(UUID(int=2))), frozenset())

    told = (set(body) - CLOUD_EVENTS) | (set(body["data"]) - {"donnees"})
    assert told == set(TOLD_OF_ALL)


@given(st.sets(st.sampled_from(sorted(FIELDS))))
def test_no_field_outside_the_subscription_ever_leaves(names: set[str]) -> None:
    fields = expand(names)
    event = entry(
        PERSON, scelle=[*entry(PERSON)["scelle"], part(PERSON, "motifs", {"motifs": ["01"], "groupes": ["GA"]})]
    )

    data = projected(event, fields)

    groups = set(data) - ENVELOPE
    assert groups <= {field.partition(".")[0] for field in fields}
    for path in {".".join(leaf.split(".")[:2]) for leaf in leaves({name: data[name] for name in groups})}:
        assert path in fields, path
    assert set(data["portee"]) <= groups


@given(st.sets(st.sampled_from(sorted(FIELDS))))
def test_only_the_parts_that_leave_are_opened(names: set[str]) -> None:
    fields, opened = expand(names), []

    def watched(part_: Mapping[str, Any]) -> Mapping[str, Any]:
        opened.append(part_["sorte"])
        return open_(part_)

    projection.data(projection.select(entry(PERSON), "52", fields), fields, watched)

    assert set(opened) <= {field.partition(".")[0] for field in fields}


@pytest.mark.parametrize(
    ("profile", "groups"),
    [
        (Profile.CD, {"identite", "contact", "adresse", "nir", "matricule", "motifs", "situation", "echeances"}),
        (Profile.FT, {"identite", "contact", "adresse", "nir", "situation", "echeances"}),
        (Profile.CAF, {"identite", "adresse", "nir", "matricule", "motifs", "situation"}),
        (Profile.DELEGATAIRE, set()),
        (Profile.MISSION_LOCALE, set()),
        (Profile.SIAE, set()),
    ],
)
def test_each_profile_gives_the_groups_of_the_matrix(profile: Profile, groups: set[str]) -> None:
    event = entry(
        PERSON, scelle=[*entry(PERSON)["scelle"], part(PERSON, "motifs", {"motifs": ["01"], "groupes": ["GA"]})]
    )

    assert set(projected(event, fields_of(profile))) - ENVELOPE == groups


def test_who_only_knows_its_own_caseload_has_no_field_at_all() -> None:
    assert all(not fields_of(profile) for profile in CASELOAD_ONLY)


def test_the_nir_stands_under_its_own_name_and_only_where_granted() -> None:
    assert projected(entry(PERSON), expand(["nir"]))["nir"] == invented_nir()
    assert invented_nir() not in json.dumps(projected(entry(PERSON), frozenset(FIELDS) - {"nir"}))


def test_a_contact_point_that_was_refused_never_leaves() -> None:
    event = entry(PERSON)
    event["enrichissement"]["contact"] = [
        contact(PERSON, "telephone", "refuse"),
        contact(PERSON, "telephone", "INCONNU", rang=2),
        contact(PERSON, "courriel", "accorde"),
    ]

    data = projected(event, expand(["contact"]))

    assert data["contact"]["telephones"] == []
    assert [point["adresse"] for point in data["contact"]["courriels"]] == [PERSON.mail]


def test_nothing_but_refused_contact_is_no_contact() -> None:
    event = entry(PERSON)
    event["enrichissement"]["contact"] = [contact(PERSON, "telephone", "refuse")]

    data = projected(event, expand(["contact"]))

    assert "contact" not in data
    assert data["portee"] == []


def test_a_contact_update_that_leaves_nothing_says_so_with_empty_lists() -> None:
    donnees = {"telephones": 1, "courriels": 0}
    event = entry(PERSON, type="contact.mis_a_jour", donnees=donnees, scelle=[contact(PERSON, "telephone", "refuse")])
    event["enrichissement"]["contact"] = []

    data = projected(event, expand(["contact"]))

    assert data["contact"] == {"telephones": [], "courriels": []}
    assert data["portee"] == []


def test_the_same_contact_point_from_event_and_enrichment_is_told_once_in_rank_order() -> None:
    event = entry(PERSON)
    points = [contact(PERSON, "telephone", "inconnu", rang=2), contact(PERSON, "telephone", "inconnu", rang=1)]
    event["enrichissement"]["contact"] = [*points, points[0]]

    data = projected(event, expand(["contact.telephones"]))

    assert [point["rang"] for point in data["contact"]["telephones"]] == [1, 2]
    assert "courriels" not in data["contact"]


def test_an_event_without_its_own_identity_gets_the_one_that_was_joined() -> None:
    event = entry(PERSON)
    identity = event["scelle"].pop(0)
    event["enrichissement"]["identite"] = identity

    assert projected(event, expand(["identite.nom"]))["identite"] == {"nom": PERSON.name}


def test_the_state_of_the_right_is_for_those_who_may_know_it() -> None:
    donnees = {"role": "DEM", "etat": "2", "droits_devoirs": True, "eligible": True}
    event = entry(PERSON, type="rsa.etat.publie", donnees=donnees)

    assert projected(event, frozenset())["donnees"] == {"role": "DEM"}
    assert projected(event, expand(["droit"]))["donnees"] == donnees


def test_a_correction_names_what_it_corrects() -> None:
    assert projected(entry(PERSON, corrige="id-1"), frozenset())["corrige"] == "id-1"
    assert "annule" not in projected(entry(PERSON), frozenset())


@given(st.datetimes(datetime(1951, 1, 1), datetime(8999, 12, 31)), st.integers(-12, 14))  # noqa: DTZ001 - the zone is drawn
def test_an_instant_is_written_in_utc_with_z(naive: datetime, hours: int) -> None:
    moment = naive.replace(tzinfo=timezone(timedelta(hours=hours)))

    text = projection.utc(moment)

    assert text.endswith("Z")
    assert datetime.fromisoformat(text) == moment
    assert projection.utc(datetime(2026, 3, 2, 1, 18, 36, tzinfo=UTC)) == "2026-03-02T01:18:36Z"
