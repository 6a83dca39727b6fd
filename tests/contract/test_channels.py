"""The lists that name channels say the same: destinations, connectors, and who goes through the contract suite."""

import pytest
from helpers.channels import HARNESSES
from pydantic import TypeAdapter

from bus.reasons import Explained
from consumers.connectors.destination import BUILT, secret_file, shown
from consumers.connectors.port import Answer, Delivered, Signal
from consumers.connectors.registry import CHANNELS
from consumers.faults import Wrong


def test_each_channel_has_its_destination_in_the_union_and_each_destination_a_channel() -> None:
    nameless = [f"{genre}: no member of the union, see consumers/connectors/destination.py" for genre in CHANNELS
                if genre not in BUILT]  # fmt: skip
    unopened = [f"{genre}: no channel opens it, see consumers/connectors/registry.py" for genre in BUILT
                if genre not in CHANNELS]  # fmt: skip

    assert [*nameless, *unopened] == []


def test_each_channel_goes_through_the_contract_suite() -> None:
    untested = [f"{genre}: no harness, see tests/helpers/channels.py" for genre in CHANNELS if genre not in HARNESSES]

    assert untested == []


@pytest.mark.parametrize("genre", CHANNELS)
def test_the_outcomes_of_a_channel_are_explained_and_one_of_them_delivers(genre: str) -> None:
    table = CHANNELS[genre].table

    assert issubclass(table.outcomes, Explained)
    assert table.success in table.outcomes
    assert [*table.outcomes.__members__] == [one.name for one in table.outcomes], f"{genre}: two outcomes, one code"
    assert table.success.value == "success"


@pytest.mark.parametrize("genre", CHANNELS)
def test_the_table_of_a_channel_judges_each_of_its_outcomes(genre: str) -> None:
    table = CHANNELS[genre].table

    for outcome in table.outcomes:
        answer, delivers = Answer(outcome, code=400), outcome is table.success
        for tries, counted in ((0, True), (99, True), (0, False)):
            decision = table.decide(answer, tries, counted=counted, jitter=0.5, ladder=(1.0,))
            assert decision is not None, f"{genre}: {outcome} has no decision"
            assert isinstance(decision, Delivered) == delivers, f"{genre}: {outcome} gives {decision}"
        assert table.signal(answer) in Signal, f"{genre}: {outcome} has no signal"
        assert (table.why(answer) is None) == delivers, f"{genre}: {outcome} has no cause to tell"


@pytest.mark.parametrize("genre", BUILT)
def test_a_destination_says_what_it_is_and_accepts_no_key_that_it_does_not_know(genre: str) -> None:
    schema = TypeAdapter(BUILT[genre]).json_schema()

    assert schema["additionalProperties"] is False
    assert schema["properties"]["genre"]["const"] == genre


@pytest.mark.parametrize("genre", BUILT)
def test_what_a_destination_shows_are_keys_of_its_own_and_never_its_secret(genre: str) -> None:
    model = BUILT[genre]
    keys, secret = set(model.model_fields), model.secret_file

    assert {"genre"} <= model.shown <= keys, f"{genre}: shown names a key that the destination does not have"
    assert secret is None or secret in keys, f"{genre}: secret_file names a key that the destination does not have"
    assert secret not in model.shown, f"{genre}: the name of the file of secrets is shown"
    assert shown(dict.fromkeys(keys, "x") | {"genre": genre}).keys() == model.shown


@pytest.mark.parametrize("genre", BUILT)
def test_what_the_keys_of_a_destination_are_told_is_in_the_list_of_its_faults(genre: str) -> None:
    model = BUILT[genre]
    common = {one.value for one in Wrong}

    assert set(model.told) <= set(model.model_fields), f"{genre}: told names a key that the destination does not have"
    assert set(model.told.values()) <= set(model.wrong), f"{genre}: told gives a fault that wrong does not list"
    assert common & {one.value for one in model.wrong} == set(), f"{genre}: a code that every subscription may meet"


@pytest.mark.parametrize("genre", ["pigeon", "sql"])
def test_of_a_channel_that_nobody_declared_only_its_name_is_shown(genre: str) -> None:
    document = {"genre": genre, "dsn": "postgresql://bus:mot-de-passe@si.example/", "jeton": "x"}

    assert shown(document) == {"genre": genre}
    assert secret_file(document) is None


def test_the_destination_of_a_webhook_is_shown_without_the_name_of_its_secret() -> None:
    document = {"genre": "webhook", "url": "https://si.example/bus", "secret_fichier": "cd-52.secret"}

    assert shown(document) == {"genre": "webhook", "url": "https://si.example/bus"}
    assert secret_file(document) == "cd-52.secret"
