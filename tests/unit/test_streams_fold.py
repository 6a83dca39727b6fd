"""What the stream stage remembers of a person."""

from typing import Any

import pytest
from helpers.stream_cases import PERSON, event, phone, record
from hypothesis import given, settings
from hypothesis import strategies as st

from bus.avro import long
from bus.avro import octets as octets_at
from streams.encoding import decode, encode, head
from streams.facets.contacts import usable
from streams.fold import fold, waits
from streams.person import DAY, NOBODY, State, Status
from streams.routing import decide

TYPES = st.sampled_from(
    [
        "rsa.etat.publie",
        "rsa.droits_devoirs.entree",
        "rsa.droits_devoirs.sortie",
        "rsa.droit.ouvert",
        "rsa.droit.clos",
        "rsa.mutation.sortante",
        "rsa.mutation.entrante",
        "adresse.changee",
        "contact.mis_a_jour",
    ]
)


def events(types: st.SearchStrategy[str], last_day: int) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        record,
        types,
        day=st.integers(0, last_day),
        ideparte=st.sampled_from(["52", "21", "69", None, "999"]),
        commune=st.sampled_from([None, "69123", "52448"]),
        source=st.sampled_from([None, "msa/msa-521"]),
        rank=st.integers(1, 3),
        scelle=st.lists(PHONES, max_size=3),
    )


PHONES = st.builds(
    phone,
    st.binary(min_size=1, max_size=4),
    consent=st.sampled_from(["accorde", "refuse", "inconnu", None]),
    print_=st.sampled_from([None, b"1", b"2"]),
)
EVENTS = events(TYPES, 400)
CONTACTS = events(st.just("contact.mis_a_jour"), 80)


def after(*records: dict[str, Any], start: State = NOBODY) -> State:
    state = start
    for offset, one in enumerate(records):
        seen = event(one)
        _, authority = decide(seen, state, key=PERSON)
        state = fold(state, seen, authority, journal=7, offset=offset)
    return state


def sealed(one: bytes) -> bytes:
    """Give the sealed bytes of a part: what follows cle_id and the version."""
    return octets_at(one, long(one, octets_at(one, 1)[1])[1])[0]


def octets(state: State) -> list[bytes]:
    return [sealed(one) for one in usable(state.contacts)]


def test_an_entry_makes_the_person_present_with_an_open_obligation() -> None:
    state = after(record("rsa.droits_devoirs.entree", day=3))

    assert state.present == ("52",)
    assert state.situations["52"].droits_devoirs is True
    assert state.situations["52"].entree is not None
    assert state.situations["52"].entree.effet == event(record("rsa.droits_devoirs.entree", day=3)).effet


def test_a_published_closed_dossier_is_not_present() -> None:
    assert after(record("rsa.etat.publie", etat="5", droits_devoirs=None)).present == ()


def test_a_closed_dossier_leaves_the_person_present_while_another_is_open() -> None:
    opened = [record("rsa.droit.ouvert", dossier="a" * 64), record("rsa.droit.ouvert", dossier="b" * 64)]
    first_closed = record("rsa.droit.clos", day=1, dossier="a" * 64)
    second_closed = record("rsa.droit.clos", day=2, dossier="b" * 64)

    assert after(*opened, first_closed).present == ("52",)
    assert after(*opened, first_closed, second_closed).present == ()


@pytest.mark.parametrize(
    ("raison", "present"), [("absent_du_mensuel", ()), ("personne_retiree", ()), ("obligation_levee", ("52",))]
)
def test_only_an_absent_dossier_ends_the_presence_at_an_exit(raison: str, present: tuple[str, ...]) -> None:
    state = after(record("rsa.droits_devoirs.entree"), record("rsa.droits_devoirs.sortie", day=1, raison=raison))

    assert state.present == present
    assert state.situations["52"].entree is None
    assert state.situations["52"].droits_devoirs is False


def test_a_departure_holds_against_what_the_same_record_and_later_closures_say() -> None:
    gone = after(
        record("rsa.droits_devoirs.entree"),
        record("rsa.mutation.sortante", day=5),
        record("rsa.droit.suspendu", day=5),
        record("rsa.droit.clos", day=9),
    )

    assert [one.statut for one in gone.situations["52"].dossiers] == [Status.PARTI]


def test_a_return_ends_a_departure() -> None:
    gone = after(record("rsa.droits_devoirs.entree"), record("rsa.mutation.sortante", day=5))

    assert after(record("rsa.droit.ouvert", day=40), start=gone._replace(vu=-1)).present == ("52",)


def test_a_move_between_two_bodies_of_one_territory_leaves_the_person_present() -> None:
    state = after(
        record("rsa.droits_devoirs.entree", source="cnaf/caf-521"),
        record("rsa.mutation.entrante", day=4, source="msa/msa-521"),
        record("rsa.mutation.sortante", day=6, source="cnaf/caf-521"),
    )

    assert state.present == ("52",)


def test_an_older_contact_that_comes_late_does_not_replace_a_newer_one() -> None:
    newer = record("contact.mis_a_jour", day=10, scelle=[phone(b"new")])
    older = record("contact.mis_a_jour", day=2, scelle=[phone(b"old")])

    assert octets(after(newer, older)) == [b"new"]
    assert octets(after(older, newer)) == [b"new"]


def test_a_newer_empty_statement_withdraws_what_the_source_had_said() -> None:
    state = after(record("contact.mis_a_jour"), record("contact.mis_a_jour", day=1, scelle=[]))

    assert octets(state) == []


def test_two_sources_add_up_and_one_number_is_given_once() -> None:
    one = record("contact.mis_a_jour", scelle=[phone(b"a", print_=b"1"), phone(b"b", print_=b"2")])
    other = record("contact.mis_a_jour", day=1, source="france-travail", scelle=[phone(b"a again", print_=b"1")])

    assert octets(after(one, other)) == [b"a again", b"b"]


def test_a_refused_number_is_not_given_even_when_another_source_knows_it() -> None:
    refused = record("contact.mis_a_jour", scelle=[phone(b"a", print_=b"1", consent="refuse")])
    silent = record("contact.mis_a_jour", day=1, source="france-travail", scelle=[phone(b"b", print_=b"1")])
    granted = record(
        "contact.mis_a_jour", day=2, source="france-travail", scelle=[phone(b"c", print_=b"1", consent="accorde")]
    )

    assert octets(after(refused)) == []
    assert octets(after(refused, silent)) == []
    assert octets(after(refused, granted)) == [b"c"]


def test_contact_known_at_the_entry_has_waited_for_nothing() -> None:
    waiting = after(record("contact.mis_a_jour"))

    assert waits(waiting, after(record("rsa.droits_devoirs.entree", day=4), start=waiting)) == [0.0]


def test_contact_that_comes_later_is_timed_from_the_entry_and_only_once() -> None:
    entered = after(record("rsa.droits_devoirs.entree", day=4))
    met = after(record("contact.mis_a_jour", day=6), start=entered)
    again = after(record("contact.mis_a_jour", day=9), start=met)

    assert waits(entered, met) == [2 * 86_400.0]
    assert waits(met, again) == []


def test_a_contact_waits_ninety_days_for_an_authority_and_no_longer() -> None:
    waiting = after(record("contact.mis_a_jour"))

    kept = after(record("rsa.droits_devoirs.entree", day=90), start=waiting)
    dropped = after(record("rsa.droits_devoirs.entree", day=91), start=waiting)

    assert waiting.attente_depuis is not None
    assert (octets(kept), kept.attente_depuis) == ([b"tel"], None)
    assert octets(dropped) == []


def test_contact_begins_to_wait_when_the_last_dossier_closes() -> None:
    followed = after(record("rsa.droits_devoirs.entree"), record("contact.mis_a_jour", day=1))
    closed = after(record("rsa.droit.clos", day=30), start=followed)

    assert followed.attente_depuis is None
    assert closed.attente_depuis == followed.situations["52"].observe + 30 * DAY


@settings(deadline=None)  # the first example loads tables
@given(st.lists(EVENTS, max_size=12))
def test_a_state_reads_back_as_it_was_written(records: list[dict[str, Any]]) -> None:
    state = after(*records)
    data = encode(state)

    assert decode(data) == state
    assert encode(decode(data)) == data
    assert (head(data).journal, head(data).vu) == (state.journal, state.vu)
    assert head(data).waiting == (state.attente_depuis is not None)


@settings(deadline=None)  # the first example loads tables
@given(st.lists(EVENTS, max_size=12), st.data())
def test_a_replay_from_any_commit_meets_a_state_that_reflects_it(records: list[dict[str, Any]], data: Any) -> None:
    state, cut = after(*records), data.draw(st.integers(0, len(records)))

    replayed = state
    for offset, one in enumerate(records[cut:], start=cut):
        if not replayed.reflects(7, offset):
            seen = event(one)
            replayed = fold(replayed, seen, decide(seen, replayed, key=PERSON)[1], journal=7, offset=offset)

    assert replayed == state


@settings(deadline=None)  # the first example loads tables
@given(st.lists(CONTACTS, min_size=1, max_size=6, unique_by=lambda one: one["id"]), st.randoms())
def test_contact_does_not_depend_on_the_order_in_which_files_come(records: list[dict[str, Any]], chance: Any) -> None:
    shuffled = chance.sample(records, len(records))

    assert after(*records).contacts == after(*shuffled).contacts


def test_a_state_fits_in_a_kilobyte() -> None:
    sealed = 120  # bytes of a sealed identity or phone number, tag and nonce included
    state = after(
        record(
            "rsa.droits_devoirs.entree", scelle=[record("rsa.droit.ouvert")["scelle"][0] | {"octets": b"i" * sealed}]
        ),
        record(
            "contact.mis_a_jour", day=1, scelle=[phone(bytes([n]) * sealed, print_=bytes([n]) * 16) for n in range(3)]
        ),
    )

    assert len(encode(state)) < 1000


def test_another_log_reflects_nothing() -> None:
    state = NOBODY._replace(journal=7, vu=100)

    assert state.reflects(7, 100)
    assert not state.reflects(7, 101)
    assert not state.reflects(8, 5)
