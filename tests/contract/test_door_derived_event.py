"""The page that says how to add a derived event, followed to the letter, and each of its steps forgotten in turn."""

import json
import subprocess
import uuid
from pathlib import Path

import pytest
from helpers.door import ROOT, copy_of_tree, follow, run, touched

PAGE = ROOT / "docs" / "how-to" / "add-a-derived-event.md"
AT_MOST = 4
TYPE = "rsa.droits_devoirs.sans_contact"
EXAMPLES = f"{TYPE} v1 : 1 exemple (deux exemples valides)"
REFUSED = {
    f"avro_schemas/{TYPE}/v1/donnees.avsc": (
        "pytest -q tests/contract/test_derivations.py",
        f"que le contrat n’a pas : écrivez avro_schemas/{TYPE}",
    ),
    f"avro_schemas/{TYPE}/v1/examples/entree.json": ("python -m avro_schemas.gates", EXAMPLES),
    f"avro_schemas/{TYPE}/v1/examples/commune-inconnue.json": ("python -m avro_schemas.gates", EXAMPLES),
    "streams/derivations.py": (
        "pytest -q tests/contract/test_event_types.py -k a_rule_tells",
        f"{TYPE} : aucun module de producers/ ni de streams/ ne déclare la règle « sans-contact-1 »",
    ),
}
TWICE = """
import json, sys
sys.path.insert(0, "tests")
from helpers.stream_cases import CODEC, PERSON, READER, record, value
from helpers.stream_rules import deriver
from streams.derivations import DERIVATIONS
from streams.person import NOBODY
from streams.step import step

entry = record("rsa.droits_devoirs.entree")
seen, plain = READER.read(value(entry))
said = [step(NOBODY, seen, plain, (PERSON, 7, 0), deriver(CODEC, DERIVATIONS))[1] for _ in range(2)]
assert said[0] == said[1], "another output at the replay"
(_, (authority, event, data)) = said[0]
told = CODEC.decode(data)
assert told["id"] == event.id
print(json.dumps([entry["id"], authority, told["id"], told["type"], told["donnees"], told["cause"]["regle"]]))
"""
pytestmark = pytest.mark.skipif(
    not (ROOT / "avro_schemas" / "assembly.py").exists(), reason="types have no donnees.avsc"
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return copy_of_tree(tmp_path / "copie")


def test_the_page_has_its_reader_touch_few_files() -> None:
    assert set(touched(PAGE)) == set(REFUSED)
    assert len(REFUSED) <= AT_MOST


def test_the_page_gives_a_derived_event_with_its_id_the_same_at_each_replay(tree: Path) -> None:
    follow(PAGE, tree)
    (tree / "twice.py").write_text(TWICE, encoding="utf-8")

    done = run("python twice.py", tree)

    assert done.returncode == 0, done.stderr
    cause, authority, id_, *rest = json.loads(done.stdout)
    namespace = uuid.uuid5(uuid.NAMESPACE_URL, "urn:insertion-bus:evenement-derive")
    assert id_ == str(uuid.uuid5(namespace, f"{cause}|{TYPE}|{authority}|"))
    assert rest == [TYPE, {"mode": "calcule"}, "sans-contact-1"]


@pytest.mark.parametrize("forgotten", REFUSED)
def test_a_forgotten_file_is_refused_with_what_is_missing(forgotten: str, tree: Path) -> None:
    command, sentence = REFUSED[forgotten]
    follow(PAGE, tree, without=forgotten)

    done: subprocess.CompletedProcess[str] = run(command, tree)

    assert done.returncode != 0
    assert sentence in done.stdout + done.stderr
