import dataclasses

import pytest

from bus import topics
from bus.territory import authority_codes
from bus.topics import DAY_MS, TOPICS, Actual


def as_declared() -> dict[str, Actual]:
    """A broker that has exactly what is declared."""
    return {topic.name: Actual(topic.partitions, dict(topic.config)) for topic in TOPICS}


def test_every_authority_has_its_topic_beside_the_five_common_ones() -> None:
    names = [topic.name for topic in TOPICS]

    assert len(authority_codes()) == 103
    assert len(names) == len(set(names)) == 108
    assert {"departement.52.evenements", "departement.69M.evenements", "departement.20R.evenements"} <= set(names)


def test_partitions_and_retention_are_those_of_the_design() -> None:
    by_name = {topic.name: topic for topic in TOPICS}

    assert (by_name["evenements"].partitions, by_name["evenements"].retention_days) == (12, 14)
    assert (by_name["etat.personnes"].partitions, by_name["etat.personnes"].retention_days) == (12, None)
    assert by_name["departement.01.evenements"].partitions == 1
    assert [by_name[name].retention_days for name in ("flux", "quarantaine", "controle")] == [90, 30, None]


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_segments_roll_daily_so_that_a_quiet_topic_forgets_too(topic: topics.Topic) -> None:
    assert topic.config["segment.ms"] == str(DAY_MS)
    assert topic.config["cleanup.policy"] == ("compact" if topic.retention_days is None else "delete")


def test_a_broker_as_declared_has_no_difference() -> None:
    assert topics.differences(as_declared()) == []


def test_a_difference_names_topic_key_expected_and_found() -> None:
    broker = as_declared()
    flux = broker["flux"]
    broker["flux"] = dataclasses.replace(flux, config={**flux.config, "retention.ms": "604800000"})
    broker["evenements"] = dataclasses.replace(broker["evenements"], partitions=6)
    del broker["controle"]

    assert topics.differences(broker) == [
        "evenements : partitions attendu 12, trouvé 6",
        f"flux : retention.ms attendu {90 * DAY_MS}, trouvé 604800000",
        "controle : attendu, absent",
    ]


def test_the_topic_of_a_subscriber_is_named_and_kept_a_week_but_not_created_with_the_others() -> None:
    own = topics.abonne("cd52-rsa")

    assert (own.name, own.retention_days) == ("abonne.cd52-rsa.evenements", 7)
    assert own.name not in {topic.name for topic in TOPICS}
