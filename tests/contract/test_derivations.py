"""What the bus tells of its own accord: each rule is listed, and tells a type of the contract that no other tells."""

import inspect

from avro_schemas.models import EVENT_VERSION
from streams import derivations
from streams.derivations import DERIVATIONS


def test_each_rule_is_listed() -> None:
    listed = {one.rule for one in DERIVATIONS}

    for name, rule in inspect.getmembers(derivations, inspect.isfunction):
        ours = rule.__module__ == derivations.__name__ and not name.startswith("_")
        assert not ours or rule in listed, (
            f"streams/derivations.py : {name} n’est pas dans DERIVATIONS, rien ne l’applique"
        )


def test_each_rule_tells_a_type_of_the_contract() -> None:
    for one in DERIVATIONS:
        assert one.type in EVENT_VERSION, (
            f"{one.regle} dit « {one.type} », que le contrat n’a pas : écrivez avro_schemas/{one.type}"
        )


def test_no_two_rules_tell_the_same_type() -> None:
    """Their clocks and ids would meet."""
    types = [one.type for one in DERIVATIONS]

    assert sorted(types) == sorted(set(types))
