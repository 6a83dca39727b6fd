from typing import NamedTuple, cast

from confluent_kafka import Message
from hypothesis import given
from hypothesis import strategies as st

from consumers.ledger.merging import by_time


class Record(NamedTuple):
    """What is asked of a Kafka message here."""

    place: str
    number: int
    time: int

    def topic(self) -> str:
        return self.place

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return self.number

    def timestamp(self) -> tuple[int, int]:
        return (1, self.time)


def ordered(records: list[Record]) -> list[Record]:
    return cast("list[Record]", by_time(cast("list[Message]", records)))


def test_a_departure_published_before_an_arrival_is_taken_before_it_whichever_topic_was_read_first() -> None:
    departure, arrival = Record("departement.52.evenements", 0, 100), Record("departement.10.evenements", 0, 200)

    assert ordered([arrival, departure]) == ordered([departure, arrival]) == [departure, arrival]


def test_a_clock_that_goes_back_does_not_turn_a_partition_around() -> None:
    first, second, other = Record("a", 0, 300), Record("a", 1, 100), Record("b", 0, 200)

    assert ordered([first, second, other]) == [other, first, second]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9)), max_size=30))
def test_nothing_is_lost_and_every_partition_keeps_its_order(drawn: list[tuple[str, int]]) -> None:
    records = [Record(place, number, time) for number, (place, time) in enumerate(drawn)]

    found = ordered(records)

    assert sorted(found) == sorted(records)
    for place in "abc":
        numbers = [record.number for record in found if record.place == place]
        assert numbers == sorted(numbers)
