"""To whom an event goes, and what is added for them."""

from datetime import timedelta
from typing import Any

import pytest
from helpers.stream_cases import CODEC, PERSON, event, part, phone, record, value
from hypothesis import given, settings
from hypothesis import strategies as st

from bus.reasons import Reason
from bus.territory import authority_codes
from streams.enrichment import appended, enrichment
from streams.fold import fold
from streams.person import NOBODY, State
from streams.routing import Await, Quarantine, Route, RoutingDecision, Withhold, decide

LYON, TARARE = "69123", "69243"  # in the métropole, in the département


def follow(state: State, one: dict[str, Any]) -> tuple[RoutingDecision, State]:
    seen = event(one)
    decision, authority = decide(seen, state, key=PERSON)
    return decision, state if isinstance(decision, Quarantine) else fold(state, seen, authority)


def after(*records: dict[str, Any]) -> State:
    state = NOBODY
    for one in records:
        _, state = follow(state, one)
    return state


def fate(one: dict[str, Any], state: State = NOBODY) -> RoutingDecision:
    return follow(state, one)[0]


@pytest.mark.parametrize(
    ("ideparte", "commune", "authority"),
    [
        ("52", None, "52"),
        ("052", None, "52"),
        ("52", "92044", "52"),  # the file is addressed to 52: the commune only raises a flag
        ("69", LYON, "69M"),
        ("69", TARARE, "69D"),
        ("2A", None, "20R"),
    ],
)
def test_an_event_goes_to_the_authority_of_its_territory(ideparte: str, commune: str | None, authority: str) -> None:
    one = record("rsa.droits_devoirs.entree", ideparte=ideparte, commune=commune)

    assert fate(one) == Route((authority,))


@pytest.mark.parametrize(
    ("ideparte", "commune", "reason"),
    [
        ("69", None, Reason.COMMUNE_INCONNUE),
        ("69", "52448", Reason.COMMUNE_INCONNUE),
        ("999", None, Reason.AUTORITE_INCONNUE),
        (None, LYON, Reason.TERRITOIRE_ABSENT),
    ],
)
def test_a_territory_that_names_no_authority_is_put_aside(
    ideparte: str | None, commune: str | None, reason: Reason
) -> None:
    assert fate(record("rsa.droits_devoirs.entree", ideparte=ideparte, commune=commune)) == Quarantine(reason)


def test_a_record_under_another_key_than_its_person_is_put_aside() -> None:
    one = event(record("rsa.droits_devoirs.entree"))

    assert decide(one, NOBODY, key="0" * 32)[0] == Quarantine(Reason.CLE_DIFFERENTE)
    assert decide(event(record("rsa.droits_devoirs.entree", person=None)), NOBODY, key=PERSON)[0] == Quarantine(
        Reason.CLE_ABSENTE
    )


def test_contact_waits_while_nobody_follows_the_person() -> None:
    assert fate(record("contact.mis_a_jour")) == Await()


def test_contact_goes_to_every_authority_where_the_person_is_present() -> None:
    state = after(
        record("rsa.droits_devoirs.entree", ideparte="52"),
        record("rsa.droits_devoirs.entree", ideparte="21", source="cnaf/caf-211"),
        record("rsa.etat.publie", ideparte="10", source="cnaf/caf-101", etat="5"),
    )

    assert fate(record("contact.mis_a_jour", day=1), state) == Route(("21", "52"))


@pytest.mark.parametrize(
    "end",
    [
        record("rsa.droit.clos", day=5),
        record("rsa.droits_devoirs.sortie", day=5, raison="absent_du_mensuel"),
        record("rsa.mutation.sortante", day=5),
    ],
)
def test_contact_no_longer_goes_where_the_dossier_has_ended(end: dict[str, Any]) -> None:
    assert fate(record("contact.mis_a_jour", day=6), after(record("rsa.droits_devoirs.entree"), end)) == Await()


def test_after_a_move_contact_goes_to_the_new_authority_only() -> None:
    state = after(
        record("rsa.droits_devoirs.entree", ideparte="52"),
        record("rsa.mutation.sortante", day=5, ideparte="52"),
        record("rsa.mutation.entrante", day=6, ideparte="69", commune=LYON, source="cnaf/caf-691"),
    )

    assert fate(record("contact.mis_a_jour", day=7), state) == Route(("69M",))


def test_the_old_authority_is_told_the_departure_and_what_the_same_record_says_then_nothing() -> None:
    state = after(record("rsa.droits_devoirs.entree"))
    departure, state = follow(state, record("rsa.mutation.sortante", day=5))
    closure, state = follow(state, record("rsa.droit.clos", day=5))
    later, state = follow(state, record("adresse.changee", day=9))

    assert departure == closure == Route(("52",))
    assert later == Withhold()


def test_a_correction_still_goes_to_the_old_authority() -> None:
    state = after(record("rsa.droits_devoirs.entree"), record("rsa.mutation.sortante", day=5))
    correction = record("adresse.changee", day=9) | {"corrige": record("adresse.changee")["id"]}

    assert fate(correction, state) == Route(("52",))


def test_a_person_who_comes_back_is_followed_again() -> None:
    state = after(record("rsa.droits_devoirs.entree"), record("rsa.mutation.sortante", day=5))
    back, state = follow(state, record("rsa.droit.ouvert", day=200))

    assert back == Route(("52",))
    assert fate(record("adresse.changee", day=201), state) == Route(("52",))


@settings(deadline=None)  # the first example loads tables
@given(st.sampled_from([*authority_codes(), "69", "052", "", "?"]), st.sampled_from([None, LYON, TARARE, "00000"]))
def test_every_territory_ends_in_a_route_or_a_reason(ideparte: str, commune: str | None) -> None:
    decision = fate(record("rsa.droit.ouvert", ideparte=ideparte, commune=commune))

    match decision:
        case Route((authority,)):
            assert authority in authority_codes()
        case Quarantine(reason):
            assert reason in {"territoire_absent", "autorite_inconnue", "commune_inconnue"}
        case _:
            pytest.fail(f"{decision} for a first event with a territory")


def added(one: dict[str, Any], state: State = NOBODY, authority: str = "52") -> dict[str, Any]:
    """Give what is added to an event, as its readers decode it; checked against the codec's own way of appending."""
    plain = value(one)
    completed = appended(plain, enrichment(event(one), authority, state, follow(state, one)[1]))
    found: dict[str, Any] = CODEC.decode(completed)["enrichissement"]
    assert CODEC.append(plain, found) == completed
    return found


def test_an_entry_is_completed_with_the_contact_that_was_waiting() -> None:
    entry = record("rsa.droits_devoirs.entree", day=3, commune="52448")

    given_ = added(entry, after(record("contact.mis_a_jour")))

    assert [one["octets"] for one in given_["contact"]] == [b"tel"]
    assert given_["autorite"] == "52"
    assert given_["autorite_libelle"]
    assert given_["commune_libelle"]
    assert given_["conflit_territoire"] is False
    assert given_["identite"] is None  # it has its own
    assert given_["situation"] == {
        "droits_devoirs": True,
        "entree_le": entry["date_effet"],
        "contact_connu": True,
        "inscription_ft": None,
        "orientation": None,
    }
    assert given_["echeances"] == {"orientation": entry["date_effet"] + timedelta(days=42)}
    assert given_["regle"] == "enrichissement-1"


def test_a_late_contact_carries_the_identity_and_the_due_date_of_the_entry() -> None:
    entry = record("rsa.droits_devoirs.entree", day=3, scelle=[part(octets=b"who")])

    given_ = added(record("contact.mis_a_jour", day=8), after(entry))

    assert given_["identite"]["octets"] == b"who"
    assert given_["echeances"] == {"orientation": entry["date_effet"] + timedelta(days=42)}
    assert given_["situation"]["contact_connu"] is True


def test_a_refused_contact_is_never_added() -> None:
    refused = record("contact.mis_a_jour", scelle=[phone(b"no", consent="refuse"), phone(b"yes", consent="accorde")])

    given_ = added(record("rsa.droits_devoirs.entree", day=1), after(refused))

    assert [one["octets"] for one in given_["contact"]] == [b"yes"]


def test_a_commune_outside_the_territory_raises_a_flag_and_changes_nothing_else() -> None:
    given_ = added(record("rsa.droits_devoirs.entree", commune="92044"))

    assert given_["conflit_territoire"] is True
    assert given_["autorite"] == "52"


def test_an_authority_that_the_person_has_left_learns_no_new_contact() -> None:
    state = after(
        record("rsa.droits_devoirs.entree", ideparte="52"),
        record("rsa.mutation.sortante", day=5, ideparte="52"),
        record("rsa.mutation.entrante", day=6, ideparte="21", source="cnaf/caf-211"),
        record("contact.mis_a_jour", day=7),
    )
    correction = record("rsa.droits_devoirs.entree", day=8, ideparte="52") | {
        "type": "adresse.changee",
        "donnees": record("adresse.changee")["donnees"],
        "annule": "x",
    }

    given_ = added(correction, state, "52")

    assert given_["contact"] == []
    assert given_["identite"] is None


@settings(deadline=None)  # the first example loads tables
@given(
    st.sampled_from(["rsa.droits_devoirs.entree", "rsa.droit.clos", "adresse.changee", "rsa.etat.publie"]),
    st.booleans(),
)
def test_what_is_added_fits_the_contract_and_is_the_same_each_time(type_: str, known: bool) -> None:  # noqa: FBT001 - drawn
    one = record(type_, day=4, commune="52448")
    state = after(record("rsa.droits_devoirs.entree"), *([record("contact.mis_a_jour", day=1)] if known else []))

    first, second = added(one, state), added(one, state)

    assert first == second
    assert first["autorite"] == "52"
    assert len(first["contact"]) == known
