import copy
import tomllib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from helpers.shared import shared
from hypothesis import given
from hypothesis import strategies as st

from consumers.faults import Fault
from consumers.subscriptions.document import Known, faults, parse
from consumers.subscriptions.profiles import FIELDS, Profile, fields_of
from consumers.subscriptions.subscription import Subscription, covers

KNOWN = Known({"rsa.droits_devoirs.entree", "rsa.etat.publie", "contact.mis_a_jour"}, {"52", "69M", "20R"})
VALID = """
organisation = "cd-52"
[[abonnement]]
id = "cd-52-parcours"
types = ["rsa.*", "contact.mis_a_jour"]
territoire = ["52"]
profil = "cd"
finalite = "Prendre contact"
base_legale = "CASF L262-29"
debut = 2026-01-01T00:00:00+01:00
fin = 2027-01-01T00:00:00+01:00
contact_technique = "si@departement.example"
[abonnement.destination]
genre = "webhook"
url = "https://si.departement.example/bus"
secret_fichier = "cd-52.secret"
"""


def document(**changes: Any) -> dict[str, Any]:
    """Give the valid document with changes to its entry; None removes; ``destination__url`` reaches inside."""
    found = tomllib.loads(VALID)
    entry = found["abonnement"][0]
    for path, value in changes.items():
        *inside, name = path.split("__")
        table = entry[inside[0]] if inside else entry
        if value is None:
            del table[name]
        else:
            table[name] = value
    return found


def of(**changes: Any) -> list[Fault]:
    return faults(document(**changes), KNOWN)


def subscription(**changes: Any) -> Subscription:
    return Subscription.read("cd-52", 1, document(**changes)["abonnement"][0])


def test_the_valid_document_has_no_fault() -> None:
    assert of() == []


def test_the_normative_example_is_refused_for_its_stock_alone() -> None:
    text = shared("examples/subscription.toml").read_text("utf-8")
    everything = Known({"rsa.droits_devoirs.entree", "rsa.droits_devoirs.sortie", "contact.mis_a_jour"}, {"52"})

    found = faults(parse(text)[0], everything)

    assert [fault.champ for fault in found] == ["abonnement cd-52-parcours.stock"]
    assert "pas encore construit" in found[0].erreur
    assert faults(parse(text.replace('stock = "oui"', 'stock = "non"'))[0], everything) == []


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"id": "Majuscules"}, "id"),
        ({"id": None}, "id"),
        ({"types": []}, "types"),
        ({"types": ["rsa.inventee"]}, "types"),
        ({"types": ["*"]}, "types"),
        ({"types": "rsa.*"}, "types"),
        ({"types": ["flux.rejete"]}, "types"),
        ({"types": ["flux.*"]}, "types"),
        ({"types": ["enregistrement.rejete"]}, "types"),
        ({"territoire": ["069"]}, "territoire"),
        ({"territoire": ["69"]}, "territoire"),
        ({"territoire": None}, "territoire"),
        ({"profil": "prefet"}, "profil"),
        ({"profil": ["cd"]}, "profil"),
        ({"profil": None}, "profil"),
        ({"champs": ["nir"]}, "profil"),
        ({"profil": None, "champs": ["identite.groupe_sanguin"]}, "champs"),
        ({"profil": None, "champs": []}, "champs"),
        ({"finalite": " "}, "finalite"),
        ({"base_legale": None}, "base_legale"),
        ({"base_legale": "\x1c\x1f"}, "base_legale"),
        ({"contact_technique": None}, "contact_technique"),
        ({"debut": datetime(2026, 1, 1)}, "debut"),  # noqa: DTZ001 - the fault is the missing zone
        ({"debut": "2026-01-01"}, "debut"),
        ({"fin": datetime(2026, 1, 1, tzinfo=UTC) - timedelta(days=1)}, "fin"),
        ({"stock": "oui"}, "stock"),
        ({"stock": "peut-être"}, "stock"),
        ({"poison": "jeter"}, "poison"),
        ({"habilitation": 12}, "habilitation"),
        ({"couleur": "bleu"}, "couleur"),
        ({"destination": None}, "destination"),
        ({"destination__genre": "kafka"}, "destination.genre"),
        ({"destination__genre": "pigeon"}, "destination.genre"),
        ({"destination__genre": ["webhook"]}, "destination.genre"),
        ({"destination__url": "ftp://si.example/"}, "destination.url"),
        ({"destination__url": "http://si.departement.example/bus"}, "destination.url"),
        ({"destination__url": "https://moi:secret@si.example/bus"}, "destination.url"),
        ({"destination__url": "https://si.example:99999/bus"}, "destination.url"),
        ({"destination__url": "https://[oups/bus"}, "destination.url"),
        ({"destination__secret_fichier": "../pseudonyme"}, "destination.secret_fichier"),
        ({"destination__secret_fichier": "/etc/passwd"}, "destination.secret_fichier"),
        ({"destination__secret_fichier": ""}, "destination.secret_fichier"),
        ({"destination__jeton": "x"}, "destination.jeton"),
    ],
)
def test_one_fault_is_named_with_its_place_and_its_remedy(changes: dict[str, Any], place: str) -> None:
    found = of(**changes)

    assert [fault.champ.split(".", 1)[1] for fault in found] == [place]
    assert found[0].erreur
    assert found[0].remede


def test_a_type_that_no_authority_receives_is_refused_as_such() -> None:
    known = Known({"flux.rejete", "rsa.etat.publie"}, {"52"})

    found = faults(document(types=["flux.rejete", "rsa.*"]), known)

    assert [fault.erreur.rpartition(" : ")[2] for fault in found] == ["flux.rejete"]
    assert "livré à aucun abonné" in found[0].erreur
    assert found[0].remede == "types possibles : rsa.etat.publie"


@pytest.mark.parametrize(("written", "code"), [("052", "52"), ("52", "52"), ("2A", "20R"), ("067", "6AE")])
def test_a_territory_may_be_written_as_the_files_do(written: str, code: str) -> None:
    changed = document(territoire=[written])

    assert faults(changed, Known(KNOWN.types, {"52", "20R", "6AE"})) == []
    assert Subscription.read("o", 1, changed["abonnement"][0]).territory == {code}


def test_rhone_alone_names_two_authorities() -> None:
    (fault,) = of(territoire=["69"])

    assert "69M" in fault.remede
    assert "69D" in fault.remede


def test_all_faults_are_told_at_once() -> None:
    broken = document(
        types=["rsa.inventee", "rsa.*", "autre"], territoire=["999"], stock="oui", destination__genre="sql"
    )
    broken["abonnement"].append(copy.deepcopy(broken["abonnement"][0]))

    found = faults(broken, KNOWN)

    assert len(found) == 2 * 5 + 1


def test_a_file_without_subscription_ends_them_all_and_is_valid() -> None:
    assert faults({"organisation": "cd-52"}, KNOWN) == []


@pytest.mark.parametrize("text", ["organisation = ", "\x00", "[[abonnement]"])
def test_a_text_that_is_no_toml_is_one_fault(text: str) -> None:
    assert len(parse(text)[1]) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "recepteur.localhost"])
def test_clear_http_is_for_this_machine_only(host: str) -> None:
    assert of(destination__url=f"http://{host}:8080/bus") == []


LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
JSONISH = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(
    st.sampled_from(["id", "types", "territoire", "profil", "champs", "debut", "stock", "poison", "destination"]),
    JSONISH,
)
def test_no_value_whatever_makes_the_check_itself_fail(name: str, value: Any) -> None:
    broken = document()
    broken["abonnement"][0][name] = value

    faults(broken, KNOWN)


@pytest.mark.parametrize(
    ("pattern", "type_", "expected"),
    [
        ("rsa.*", "rsa.etat.publie", True),
        ("rsa.*", "rsabis.etat", False),
        ("rsa.droits_devoirs.*", "rsa.etat.publie", False),
        ("rsa.etat.publie", "rsa.etat.publie", True),
        ("rsa.etat", "rsa.etat.publie", False),
    ],
)
def test_a_star_covers_what_lies_below(pattern: str, type_: str, *, expected: bool) -> None:
    assert covers(pattern, type_) is expected


NOW = datetime(2026, 6, 1, tzinfo=UTC)
TYPE = "rsa.etat.publie"


def test_a_subscription_covers_publication_dates_from_its_start_to_before_its_end() -> None:
    one = subscription()

    assert one.entitled(TYPE, "52", one.begins_at, NOW)
    assert one.entitled(TYPE, "52", one.ends_at - timedelta(microseconds=1), NOW)
    assert not one.entitled(TYPE, "52", one.ends_at, NOW)
    assert not one.entitled(TYPE, "52", one.begins_at - timedelta(microseconds=1), NOW)


def test_once_it_has_expired_nothing_leaves_any_more() -> None:
    one = subscription()

    assert not one.entitled(TYPE, "52", NOW, one.ends_at)


def test_another_territory_or_another_type_is_not_given() -> None:
    one = subscription(types=["contact.mis_a_jour"])

    assert not one.entitled("contact.mis_a_jour", "69M", NOW, NOW)
    assert not one.entitled(TYPE, "52", NOW, NOW)


@pytest.mark.parametrize("profile", ["delegataire", "mission_locale", "siae"])
def test_who_follows_only_some_people_gets_nothing_until_the_bus_knows_whom(profile: str) -> None:
    one = subscription(profil=profile)

    assert of(profil=profile) == []
    assert not one.entitled(TYPE, "52", NOW, NOW)


@given(st.sampled_from(Profile))
def test_every_field_of_a_profile_exists(profile: Profile) -> None:
    assert fields_of(profile) <= frozenset().union(*FIELDS.values())
