"""The page that adds an event type is followed to the letter on a copy of the tree; each forgotten file is refused."""

import json
from pathlib import Path

import pytest
from helpers.door import ROOT, copy_of_tree, follow, run, touched

PAGE = ROOT / "docs" / "how-to" / "add-an-event-type.md"
TYPE = "rsa.role.modifie"
V1 = f"avro_schemas/{TYPE}/v1"
GATES = "python -m avro_schemas.gates"
TESTS = "pytest -q tests/contract/test_event_types.py"

SEEN = f"""
import json
import avro_schemas
from avro_schemas.conversion import from_json
from avro_schemas.models import EVENT_VERSION
from bus.codec import decode_body, encode_body
from bus.measuring import TYPES
from consumers.payload import projection
from consumers.subscriptions.profiles import FIELDS, Profile, expand, fields_of
from consumers.subscriptions.subscription import routed_types
from tools.reference import story

example = avro_schemas.examples("{TYPE}", 1)["conjoint"]
record = from_json(avro_schemas.read("{TYPE}"), example)

def given(fields):
    data = projection.data(projection.select(record, "52", fields), fields, None)
    return json.loads(data)["donnees"]

print(json.dumps({{
    "version": EVENT_VERSION["{TYPE}"],
    "returns": decode_body("{TYPE}", 1, encode_body("{TYPE}", record)) == record,
    "label": "{TYPE}" in TYPES,
    "routed": "{TYPE}" in routed_types(),
    "webhook": story.webhook("{TYPE}", example)["data"]["donnees"],
    "nobody": given(frozenset()),
    "named": given(expand(["donnees.ancien_role"])),
    "profile": given(fields_of(Profile.CAF)),
}}))
"""
TOLD = f"""
import itertools
from datetime import date, datetime
from helpers.vrsb_file import Foyer, Who, quotidien
from producers.caisse import difference
from producers.caisse.states import Context, Past, Present
from producers.caisse.vrsb import VrsbReader

def step(past, role, baseline):
    (seen,) = VrsbReader([quotidien(Foyer(who=(Who(role=role),))).octets()])
    people = tuple(Present(f"s{{index}}", adult, b"a") for index, adult in enumerate(seen.adults))
    context = Context(at=datetime(2026, 3, 10), baseline=baseline, degraded=False, authority="52")
    return difference.compare(past, seen, people, context)

before = step(Past(None, {{}}, {{}}), "DEM", True)
after = step(Past(before.dossier, before.persons, {{}}), "CJT", False)
print([dict(fact.donnees) for fact in after.facts if fact.type == "{TYPE}"])
"""
FORGOTTEN = {
    f"{V1}/donnees.avsc": (GATES, f"{TYPE}/v1 : ce n’est pas une version"),
    f"{V1}/examples/conjoint.json": (GATES, f"{TYPE} v1 : 1 exemple (deux exemples valides)."),
    f"{V1}/examples/demandeur.json": (GATES, f"{TYPE} v1 : 1 exemple (deux exemples valides)."),
    "producers/caisse/difference.py": (TESTS, f"{TYPE} : aucun module qui connaît la règle « difference-1 » ne le dit"),
    "tests/contract/test_event_types.py": (TESTS, "say « toujours » only of what everybody may know, and list it here"),
}
MISSING = {
    "responsable": (GATES, f"{TYPE} : personne n’en répond"),
    "quand": (GATES, f"{TYPE} : ne dit pas quand il est émis"),
    "dit_par": (GATES, f"{TYPE} : aucune règle ne le dit"),
    "commun": (GATES, f"{TYPE} v1 : « commun » ne dit aucune version de common"),
    "sans_effet": (TESTS, f"{TYPE} : ni cas dans streams/fold.py, ni « sans_effet » dans donnees.avsc"),
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return copy_of_tree(tmp_path)


def test_who_follows_the_page_has_a_type_that_is_told_read_projected_measured_and_documented(tree: Path) -> None:
    follow(PAGE, tree)
    seen = run_script(tree, SEEN)

    assert json.loads(seen) == {
        "version": 1,
        "returns": True,
        "label": True,
        "routed": True,
        "webhook": {"role": "CJT", "ancien_role": "AUT"},
        "nobody": {"role": "CJT"},
        "named": {"role": "CJT", "ancien_role": "AUT"},
        "profile": {"role": "CJT", "ancien_role": "AUT"},
    }
    assert run_script(tree, TOLD) == "[{'role': 'CJT', 'ancien_role': 'DEM'}]\n"
    page = (tree / f"docs/reference/evenements/{TYPE}.md").read_text("utf-8")
    assert "Le rôle de la personne dans le dossier change." in page
    assert f"[`{TYPE}`]({TYPE}.md)" in (tree / "docs/reference/evenements/README.md").read_text("utf-8")


def test_the_page_touches_five_files_at_most_and_each_is_forgotten_here() -> None:
    assert len(touched(PAGE)) <= 5
    assert set(touched(PAGE)) == set(FORGOTTEN)


@pytest.mark.parametrize("path", FORGOTTEN)
def test_a_forgotten_file_is_refused_with_what_is_missing(path: str, tree: Path) -> None:
    follow(PAGE, tree, without=path)
    command, sentence = FORGOTTEN[path]

    done = run(command, tree)

    assert done.returncode == 1
    assert sentence in done.stdout + done.stderr


@pytest.mark.parametrize("word", MISSING)
def test_a_forgotten_word_is_refused_with_what_is_missing(word: str, tree: Path) -> None:
    follow(PAGE, tree, without="")  # writes everything, runs nothing
    path = tree / V1 / "donnees.avsc"
    own = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({key: value for key, value in own.items() if key != word}), encoding="utf-8")
    command, sentence = MISSING[word]

    done = run(command, tree)

    assert done.returncode == 1
    assert sentence in done.stdout + done.stderr


def test_a_reference_that_was_not_written_again_is_refused(tree: Path) -> None:
    follow(PAGE, tree, without="")

    done = run("python -m tools.reference --check", tree)

    assert done.returncode == 1
    assert f"voulu/evenements/{TYPE}.md" in done.stdout


def run_script(tree: Path, script: str) -> str:
    """Run a script with the modules of the copy; gives what it prints."""
    (tree / "tests" / "script.py").write_text(script, encoding="utf-8")
    done = run("python tests/script.py", tree)
    assert done.returncode == 0, done.stderr
    return done.stdout
