"""An event type is whole: a rule tells it, the state learns from it or not, and what everybody gets of it is known."""

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import avro_schemas
from avro_schemas.conversion import from_json
from avro_schemas.models import EVENT_VERSION
from avro_schemas.rights import Right, common_rights
from bus.measuring import TYPES
from consumers.payload import projection
from consumers.subscriptions.profiles import ALWAYS
from consumers.subscriptions.subscription import delivered
from streams.fold import fold
from streams.person import NOBODY
from streams.routing import decide
from tools.reference import story

ROOT = Path(__file__).resolve().parents[2]
TELLERS = ("Fact", "NewEvent")
"""What a stage calls to say that something happened; the type is one of its words."""
JOURNAL = "journal"
"""What tells a type of a file itself: no rule derives it, the journal says it."""

WITHOUT_A_NAMED_RIGHT = {
    "bus.evenement": {"id", "type", "source", "date_effet", "date_observation", "corrige", "annule", "portee"},
    "bus.territoire": {"commune_insee"},
    "bus.enrichissement": {"autorite"},
    "adresse.changee": {"role", "ancienne_commune", "nouvelle_commune"},
    "contact.mis_a_jour": {"telephones", "courriels"},
    "identite.doublon_suspecte": {"regle"},
    "rsa.droit.clos": {"role"},
    "rsa.droit.ouvert": {"role"},
    "rsa.droit.repris": {"role"},
    "rsa.droit.suspendu": {"role"},
    "rsa.droits_devoirs.entree": {"mode", "regle", "role"},
    "rsa.droits_devoirs.sortie": {"mode", "regle", "role"},
    "rsa.etat.publie": {"role"},
    "rsa.mutation.entrante": {"role", "caisse_cedante", "autorite_cedante"},
    "rsa.mutation.sortante": {"role", "caisse_prenante"},
}
"""Every field that leaves with any delivered event, whoever receives it: an addition must be meant."""


def test_each_field_that_leaves_without_a_named_right_is_one_that_was_meant_to() -> None:
    shared = {name: {one for one, right in rights.items() if right is Right.TOUJOURS}
              for name, rights in common_rights().items()}  # fmt: skip
    found = {name: set(fields) for name, fields in (shared | dict(ALWAYS)).items() if fields}

    assert found == WITHOUT_A_NAMED_RIGHT, "say « toujours » only of what everybody may know, and list it here"


@pytest.mark.parametrize("type_", [name for name in EVENT_VERSION if delivered(name)])
def test_a_recipient_without_any_right_gets_these_fields_and_no_other(type_: str) -> None:
    for example in story.titles(type_).values():
        event = from_json(avro_schemas.read(type_), example)
        data = projection.data(projection.select(event, "52", frozenset()), frozenset(), _never)
        body = json.loads(projection.cloud_event(event, data, story.ADDRESS))

        assert body.keys() - {"data"} == {
            "specversion", "id", "type", "source", "time", "subject", "dataschema", "datacontenttype", "sequence",
            "abonnement",
        }  # fmt: skip
        assert set(body["data"]["donnees"]) == WITHOUT_A_NAMED_RIGHT.get(type_, set())
        assert body["data"].keys() - {"corrige", "annule"} == {
            "date_effet", "autorite", "commune_insee", "portee", "donnees",
        }  # fmt: skip
        assert body["data"]["portee"] == []


@pytest.mark.parametrize("type_", EVENT_VERSION)
def test_a_rule_tells_each_type(type_: str) -> None:
    rule = avro_schemas.own(type_)["dit_par"]
    told_by = {"producers.journal"} if rule == JOURNAL else _holders(rule)

    assert told_by, f"{type_} : aucun module de producers/ ni de streams/ ne déclare la règle « {rule} » (dit_par)"
    assert told_by & _holders(type_), (
        f"{type_} : aucun module qui connaît la règle « {rule} » ne le dit ; écrivez-la, ou corrigez « dit_par »"
    )


def test_no_stage_tells_a_type_that_the_contract_lacks() -> None:
    calls = [node for _, tree in _modules() for node in ast.walk(tree) if isinstance(node, ast.Call)]
    told = {word for call in calls if getattr(call.func, "id", "") in TELLERS for word in _typed(call)}

    assert told, f"personne n’appelle plus {', '.join(TELLERS)} avec un type en toutes lettres"
    assert told <= set(EVENT_VERSION), f"types que le contrat n’a pas : {', '.join(sorted(told - set(EVENT_VERSION)))}"


@pytest.mark.parametrize("type_", EVENT_VERSION)
def test_the_state_learns_from_each_type_or_the_type_says_that_it_does_not(type_: str) -> None:
    learns = any(_learns(type_, example) for example in story.titles(type_).values())
    said = avro_schemas.own(type_).get("sans_effet", False)

    assert learns or said, f"{type_} : ni cas dans streams/fold.py, ni « sans_effet » dans donnees.avsc"
    assert not (learns and said), f"{type_} : « sans_effet » dans donnees.avsc, mais streams/fold.py en apprend"


@pytest.mark.parametrize("type_", EVENT_VERSION)
def test_each_type_has_its_label_in_metrics(type_: str) -> None:
    assert type_ in TYPES


def _typed(call: ast.Call) -> Iterator[str]:
    """Give the words of a call that have the form of an event type."""
    for one in (*call.args, *(keyword.value for keyword in call.keywords)):
        if isinstance(one, ast.Constant) and re.fullmatch(r"[a-z_]+(\.[a-z_]+)+", str(one.value)):
            yield str(one.value)


def _never(part: Any) -> Any:
    raise AssertionError(f"opened {part['sorte']}")


def _learns(type_: str, example: dict[str, Any]) -> bool:
    """Tell whether the state is another than after an event that says as much under a name nobody knows."""
    seen, _ = story.seen(type_, example)
    for before in (NOBODY, story.before(type_, example)):
        code = decide(seen, before, key=seen.personne)[1] if seen.personne else None
        if fold(before, seen, code) != fold(before, seen._replace(type="autre.chose"), code):
            return True
    return False


@cache
def _holders(word: str) -> frozenset[str]:
    """Give the packages of stages that write a word, or import a constant that is it."""
    homes = {(module, name) for module, tree in _modules() for name in _constants(tree, word)}
    found = {module for module, tree in _modules() if any(_writes(node, word) for node in ast.walk(tree))}
    found |= {module for module, tree in _modules() if homes & set(_imports(tree))}
    return frozenset(".".join(module.split(".")[:-1]) for module in found)


@cache
def _modules() -> tuple[tuple[str, ast.Module], ...]:
    paths = [path for stage in ("producers", "streams") for path in sorted((ROOT / stage).rglob("*.py"))]
    return tuple((_dotted(path), ast.parse(path.read_text("utf-8"))) for path in paths)


def _dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def _writes(node: ast.AST, word: str) -> bool:
    return isinstance(node, ast.Constant) and node.value == word


def _constants(tree: ast.Module, word: str) -> Iterator[str]:
    for node in tree.body:
        match node:
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant(value=value)) if value == word:
                yield name


def _imports(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from ((str(node.module), one.name) for one in node.names)
