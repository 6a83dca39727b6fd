"""The lists that name channels say the same: destinations, connectors, and who goes through the contract suite."""

import pytest
from helpers.channels import HARNESSES
from pydantic import TypeAdapter

from bus.reasons import Explained
from consumers.connectors.destination import MEMBERS, ToCome
from consumers.connectors.port import Answer, Delivered, Signal
from consumers.connectors.registry import CHANNELS

BUILT = {genre: member for genre, member in MEMBERS.items() if member is not ToCome}


def test_each_channel_has_its_destination_in_the_union_and_each_destination_a_channel() -> None:
    nameless = [f"{genre}: no member of the union, see consumers/connectors/destination.py" for genre in CHANNELS
                if genre not in BUILT]  # fmt: skip
    unopened = [f"{genre}: no channel opens it, see consumers/connectors/registry.py" for genre in BUILT
                if genre not in CHANNELS]  # fmt: skip

    assert [*nameless, *unopened] == []
    assert {genre: channel.destination for genre, channel in CHANNELS.items()} == BUILT


def test_each_channel_goes_through_the_contract_suite() -> None:
    untested = [f"{genre}: no harness, see tests/helpers/channels.py" for genre in CHANNELS if genre not in HARNESSES]

    assert untested == []


@pytest.mark.parametrize("genre", CHANNELS)
def test_the_outcomes_of_a_channel_are_explained_and_one_of_them_delivers(genre: str) -> None:
    table = CHANNELS[genre].opens.table

    assert issubclass(table.outcomes, Explained)
    assert table.success in table.outcomes
    assert [*table.outcomes.__members__] == [one.name for one in table.outcomes], f"{genre}: two outcomes, one code"
    assert table.success.value == "success"


@pytest.mark.parametrize("genre", CHANNELS)
def test_the_table_of_a_channel_judges_each_of_its_outcomes(genre: str) -> None:
    table = CHANNELS[genre].opens.table

    for outcome in table.outcomes:
        answer, delivers = Answer(outcome, code=400), outcome is table.success
        for tries, counted in ((0, True), (99, True), (0, False)):
            decision = table.decide(answer, tries, counted=counted, jitter=0.5, ladder=(1.0,))
            assert decision is not None, f"{genre}: {outcome} has no decision"
            assert isinstance(decision, Delivered) == delivers, f"{genre}: {outcome} gives {decision}"
        assert table.signal(answer) in Signal, f"{genre}: {outcome} has no signal"
        assert (table.cause(answer) is None) == delivers, f"{genre}: {outcome} has no cause to tell"


@pytest.mark.parametrize("genre", BUILT)
def test_a_destination_says_what_it_is_and_accepts_no_key_that_it_does_not_know(genre: str) -> None:
    schema = TypeAdapter(BUILT[genre]).json_schema()

    assert schema["additionalProperties"] is False
    assert schema["properties"]["genre"]["const"] == genre
