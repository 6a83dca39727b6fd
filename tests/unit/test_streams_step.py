"""One step: the same person and event give the same state and outputs, and what a rule adds to them."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from helpers.stream_cases import CODEC, PERSON, READER, phone, record, value
from helpers.stream_rules import TYPE, deriver
from hypothesis import given, settings
from hypothesis import strategies as st

from bus.codec import EVENT_VERSION
from bus.errors import InvalidEvent
from bus.reasons import Reason
from streams.derivation import NAMESPACE, Announcement, Derivation, Derived, Deriver
from streams.derivations import DERIVATIONS
from streams.encoding import decode, encode
from streams.enrichment import Output, enrichment
from streams.event import CONTACT, ENTREE, SORTIE
from streams.facets.situations import situation
from streams.fold import FOLDED
from streams.person import NOBODY, NOWHERE, State
from streams.routing import Await, Quarantine, Route, RoutingDecision
from streams.step import step

DERIVE = deriver(CODEC)
SEVERAL = st.lists(
    st.builds(
        record,
        st.sampled_from([ENTREE, SORTIE, CONTACT, "rsa.droit.clos", "rsa.mutation.sortante", "adresse.changee"]),
        day=st.integers(0, 200),
        ideparte=st.sampled_from(["52", "21", "999"]),
        rank=st.integers(1, 3),
        scelle=st.lists(st.builds(phone, st.binary(min_size=1, max_size=3)), max_size=2),
    ),
    max_size=10,
)


def one(
    before: State, event: dict[str, Any], offset: int = 0, derive: Deriver = DERIVE
) -> tuple[State, list[Output], RoutingDecision]:
    seen, plain = READER.read(value(event))
    return step(before, seen, plain, (PERSON, 7, offset), derive)


def all_of(records: list[dict[str, Any]], state: State = NOBODY, start: int = 0) -> tuple[State, list[Output]]:
    said: list[Output] = []
    for offset, event in enumerate(records, start):
        if not state.reflects(7, offset):
            state, outputs, _ = one(state, event, offset)
            said += outputs
    return state, said


def test_an_event_goes_on_as_its_own_bytes_completed() -> None:
    entry = record(ENTREE)

    _, outputs, decision = one(NOBODY, entry)

    code, event, data = outputs[0]
    assert (decision, code, event.id) == (Route(("52",)), "52", entry["id"])
    assert data.startswith(value(entry)[:-1] + b"\x02")


def test_an_event_that_is_put_aside_changes_nothing_and_gives_nothing() -> None:
    lost = record(ENTREE, ideparte="999")

    assert one(NOBODY, lost) == (NOBODY, [], Quarantine(Reason.AUTORITE_INCONNUE))


def test_a_contact_that_waits_is_remembered_and_goes_nowhere() -> None:
    after, outputs, decision = one(NOBODY, record(CONTACT))

    assert (outputs, decision) == ([], Await())
    assert after.attente_depuis is not None


def test_a_derived_event_is_a_whole_event_with_the_lineage_of_its_cause() -> None:
    entry = record(ENTREE, day=3, commune="52448")

    after, outputs, _ = one(NOBODY, entry)

    _, (code, event, data) = outputs
    told = CODEC.decode(data)
    assert told["id"] == event.id == str(uuid.uuid5(NAMESPACE, f"{entry['id']}|{TYPE}|52|"))
    assert (told["type"], told["source"], code) == (TYPE, "insertion-bus", "52")
    assert told["cause"] == entry["cause"] | {"regle": "essai-1"}
    same = ("cle_personne", "cle_dossier", "territoire", "date_effet", "date_observation", "date_publication")
    assert {name: told[name] for name in same} == {name: entry[name] for name in same}
    assert (told["donnees"], told["scelle"], told["portee"]) == ({"regle": "posee"}, [], [])
    assert told["enrichissement"]["situation"]["entree_le"] == entry["date_effet"]
    assert told["enrichissement"]["identite"]["octets"] == entry["scelle"][0]["octets"]
    assert enrichment(event, "52", NOBODY, after).identite is not None


def test_the_id_of_a_derived_event_names_the_due_date_that_it_is_about() -> None:
    entry, end = record(ENTREE), record(SORTIE, day=9)

    _, outputs = all_of([entry, end])

    due = (entry["date_effet"] + timedelta(days=42)).isoformat()
    assert outputs[-1][1].id == str(uuid.uuid5(NAMESPACE, f"{end['id']}|{TYPE}|52|{due}"))


def test_a_due_date_is_set_moved_and_cleared() -> None:
    entry = record(ENTREE)
    first, _, _ = one(NOBODY, entry)
    moved, _, _ = one(first, record(CONTACT, day=2), 1)
    ended, _, _ = one(moved, record(SORTIE, day=9), 2)

    clock, day = f"{TYPE}/52", READER.read(value(entry))[0].effet + 42
    assert [state.echeances for state in (first, moved, ended)] == [{clock: day}, {clock: day + 7}, {}]


def test_two_authorities_are_told_under_ids_of_their_own() -> None:
    def rule(before: State, event: Any, after: State) -> Derived:
        return Derived([Announcement(code, event.effet, {"regle": "x"}) for code in ("21", "52")])

    derive = Deriver(DERIVE._encode, [Derivation(TYPE, "deux-1", rule)])
    seen, plain = READER.read(value(record(ENTREE)))

    _, outputs, _ = step(NOBODY, seen, plain, (PERSON, 7, 0), derive)

    assert [code for code, _, _ in outputs] == ["52", "21", "52"]
    assert len({event.id for _, event, _ in outputs}) == 3


def test_a_rule_that_says_what_its_schema_has_not_stops_the_work_and_puts_no_event_aside() -> None:
    def rule(before: State, event: Any, after: State) -> Derived:
        return Derived([Announcement("52", event.effet, {"inconnu": 1})])

    seen, plain = READER.read(value(record(ENTREE)))

    with pytest.raises(InvalidEvent, match="hors_schema"):
        step(NOBODY, seen, plain, (PERSON, 7, 0), Deriver(DERIVE._encode, [Derivation(TYPE, "faux-1", rule)]))


@settings(deadline=None)  # the first example loads tables
@given(SEVERAL)
def test_the_same_person_and_events_give_the_same_outputs_under_the_same_ids(records: list[dict[str, Any]]) -> None:
    assert all_of(records) == all_of(records)


@settings(deadline=None)  # the first example loads tables
@given(SEVERAL)
def test_the_rules_in_force_say_the_same_of_the_same_each_thing_under_an_id_of_its_own(
    records: list[dict[str, Any]],
) -> None:
    """No clock, no chance; and two announcements of one authority and due date would have one id."""
    derive = deriver(CODEC, DERIVATIONS)
    state = NOBODY
    for offset, event in enumerate(records):
        after, outputs, decision = one(state, event, offset, derive)
        ids = [(output[0], output[1].id) for output in outputs]

        assert (after, outputs, decision) == one(state, event, offset, derive), "une règle de DERIVATIONS se contredit"
        assert len(set(ids)) == len(ids), "une règle de DERIVATIONS dit deux fois la même chose"
        state = after


@settings(deadline=None)  # the first example loads tables
@given(SEVERAL, st.data())
def test_any_cut_into_batches_gives_the_same_outputs(records: list[dict[str, Any]], data: Any) -> None:
    """Between two batches the state is bytes; a batch that is replayed says again exactly what it had said."""
    whole, said = all_of(records)
    cut = data.draw(st.integers(0, len(records)))
    again = data.draw(st.integers(0, cut))

    first, before = all_of(records[:cut])
    second, after = all_of(records[again:], decode(encode(first)), start=again)

    assert (second, before + after) == (whole, said)


@settings(deadline=None)  # the first example loads tables
@given(SEVERAL)
def test_every_output_reads_back_as_the_event_it_is(records: list[dict[str, Any]]) -> None:
    for code, event, data in all_of(records)[1]:
        read, plain = READER.read(data)
        assert read == event._replace(donnees=read.donnees)
        assert dict(read.donnees) == dict(event.donnees)
        assert CODEC.decode(data)["enrichissement"]["autorite"] == code
        assert CODEC.append(plain, CODEC.decode(data)["enrichissement"]) == data


def test_the_types_that_the_fold_names_are_of_the_contract_and_no_other_teaches_a_situation() -> None:
    assert EVENT_VERSION.keys() >= FOLDED
    other = record("adresse.changee")

    assert situation(NOWHERE, READER.read(value(other))[0]) == NOWHERE
