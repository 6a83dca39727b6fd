"""docs/reference says what the code says: each type, field, setting, metric, topic, command, code is on its page."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
from helpers.product import WHEEL
from helpers.shared import shared

import avro_schemas
from avro_schemas.models import EVENT_VERSION, PART_VERSION
from bus import signature
from bus.reasons import Explained, Reason
from bus.roles import ROLES
from bus.territory import authority_codes
from bus.topics import TOPICS
from consumers.connectors.webhook.destination import WrongWebhook
from consumers.connectors.webhook.outcome import Outcome
from consumers.faults import Wrong
from consumers.ledger.fates import Etat, Why
from consumers.subscriptions.subscription import delivered
from guichet.exits import Exit
from producers.journal.observation import Code, Motif
from producers.journal.verdict import Verdict
from tools.reference import commands, metrics, settings, story, webhook
from tools.reference.__main__ import FOLDER, main, write
from tools.reference.examples import EXAMPLES
from tools.reference.index import ELSEWHERE, pages
from tools.reference.markdown import cell, prose
from tools.reference.sensitivity import CLASSES

ROOT = Path(__file__).resolve().parents[2]
ABOUT_SOMEONE = [name for name in EVENT_VERSION if delivered(name)]


def kept(path: str) -> str:
    """Read a page as it is in the repository, not as the code would write it now."""
    return (FOLDER / path).read_text("utf-8")


def test_the_pages_are_what_the_code_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0, capsys.readouterr().out


def test_a_hand_made_change_is_shown_and_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, pages())
    page = tmp_path / "evenements" / "rsa.droit.clos.md"
    page.write_text(page.read_text("utf-8").replace("S4", "S1", 1), encoding="utf-8")

    code = main(["--check"], tmp_path)

    told = capsys.readouterr().out
    assert code == 1
    assert "--- écrit/evenements/rsa.droit.clos.md\n+++ voulu/evenements/rsa.droit.clos.md\n" in told
    assert re.search(r"^-.*S1.*\n\+.*S4", told, re.MULTILINE)


def test_a_page_that_is_missing_is_refused(tmp_path: Path) -> None:
    write(tmp_path, pages())
    (tmp_path / "topics.md").unlink()

    assert main(["--check"], tmp_path) == 1


def test_a_file_that_no_code_writes_is_named_then_removed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, pages())
    (tmp_path / "evenements" / "rsa.ancien.md").write_text("# rsa.ancien\n", encoding="utf-8")

    assert main(["--check"], tmp_path) == 1
    assert "evenements/rsa.ancien.md" in capsys.readouterr().out
    assert main([], tmp_path) == 0
    assert main(["--check"], tmp_path) == 0


def test_a_page_of_another_generator_stays_and_is_in_the_index(tmp_path: Path) -> None:
    write(tmp_path, pages())
    for name in ELSEWHERE:
        (tmp_path / name).write_text("# ailleurs\n", encoding="utf-8")

    assert main([], tmp_path) == 0
    assert all((tmp_path / name).exists() and f"]({name})" in kept("README.md") for name in ELSEWHERE)


def test_the_same_code_gives_the_same_bytes_under_another_hash_seed(tmp_path: Path) -> None:
    script = "import pathlib, sys; from tools.reference.__main__ import main; main([], pathlib.Path(sys.argv[1]))"

    subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], check=True, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": "7"}
    )

    assert {str(path.relative_to(tmp_path)): path.read_text("utf-8") for path in tmp_path.rglob("*.md")} == pages()


@pytest.mark.parametrize("type_", EVENT_VERSION)
def test_each_type_has_a_page_with_its_meaning_its_fields_and_its_examples(type_: str) -> None:
    page, schema = kept(f"evenements/{type_}.md"), avro_schemas.read(type_)
    donnees = next(one["type"] for one in schema["fields"] if one["name"] == "donnees")

    assert schema["doc"] in page
    assert avro_schemas.own(type_)["quand"] in page
    assert avro_schemas.own(type_)["ne_dit_pas"] in page
    for one in [*donnees["fields"], *(one for one in schema["fields"] if one["name"] != "donnees")]:
        row = rf"^\| `{one['name']}` \| [^|]+ \| {one['sensibilite']} \| {re.escape(one['origine'])} \| "
        assert re.search(row + re.escape(cell(one["doc"])), page, re.MULTILINE), one["name"]
    for example in story.titles(type_).values():
        assert json.dumps(example, ensure_ascii=False, indent=2) in page
    assert f"[`{type_}`]({type_}.md)" in kept("evenements/README.md")


def test_a_word_between_angle_brackets_is_shown_and_a_bar_does_not_end_a_cell() -> None:
    assert prose("scelle.<sorte> et `scelle.<sorte>`") == "scelle.&lt;sorte> et `scelle.<sorte>`"
    assert cell("a | b\nc") == "a \\| b c"
    assert [name for name, text in pages().items() if re.search(r"^[^`\n]*<[a-z]", text, re.MULTILINE)] == []


@pytest.mark.parametrize("type_", ABOUT_SOMEONE)
def test_a_page_shows_the_body_that_a_partner_receives(type_: str) -> None:
    shown = [json.loads(text) for text in re.findall(r"```json\n(.*?)\n```", kept(f"evenements/{type_}.md"), re.DOTALL)]
    bodies = [one for one in shown if "specversion" in one]

    assert len(bodies) == 1
    assert bodies[0]["data"]["portee"], "an example that gives no group shows nothing"
    assert bodies[0] in [story.webhook(type_, example) for example in story.titles(type_).values()]


def test_a_page_about_operations_shows_no_body() -> None:
    for type_ in set(EVENT_VERSION) - set(ABOUT_SOMEONE):
        assert '"specversion"' not in kept(f"evenements/{type_}.md")


def test_an_entry_is_shown_with_contact_and_due_date_and_a_masked_nir() -> None:
    page = kept("evenements/rsa.droits_devoirs.entree.md")

    assert '"numero": "+33639980001"' in page
    assert re.search(r'"echeances": \{\s+"orientation": "20', page)
    assert re.search(r'"nir": "\d{5}\*{8}"', page)


@pytest.mark.parametrize("sorte", PART_VERSION)
def test_each_sealed_part_is_on_the_page_of_the_parts(sorte: str) -> None:
    page = kept("evenements/parties-scellees.md")

    assert f"\n## scelle.{sorte}\n" in page
    for one in avro_schemas.read(f"scelle.{sorte}")["fields"]:
        assert f"| `{one['name']}` | " in page


def test_the_request_that_the_page_shows_is_signed_as_it_says_and_a_changed_one_is_not() -> None:
    shown = re.findall(r"```http\n(.*?)\n```", kept("webhook.md"), re.DOTALL)[0]
    head, _, body = shown.partition("\n\n")
    found = {name.lower(): value for name, _, value in (line.partition(": ") for line in head.splitlines()[1:])}
    signed = (found["webhook-id"], found["webhook-timestamp"], found["webhook-signature"])
    key, now = signature.secret(webhook.SECRET), int(found["webhook-timestamp"])

    assert signature.verify([key], signed, body.encode(), now=now)
    assert not signature.verify([key], signed, body.replace("52", "53", 1).encode(), now=now)


def test_each_header_that_a_receiver_may_get_is_told() -> None:
    assert {name.strip("`") for name, _ in webhook.rows()} >= {
        "webhook-id", "webhook-timestamp", "webhook-signature", "webhook-attempt", "webhook-gap", "traceparent",
    }  # fmt: skip
    assert all(f"| {name} | {said} |" in kept("webhook.md") for name, said in webhook.rows())


def test_the_classes_are_those_of_the_domain() -> None:
    domain = json.loads(shared("data/codes/bus_sensibilite.json").read_text("utf-8"))["entries"]
    page = kept("sensibilite.md")

    assert {one["code"]: one["fr"] for one in domain} == {name: what for name, (what, _) in CLASSES.items()}
    assert all(f"| `{name}` | {what} | {travels} |" in page for name, (what, travels) in CLASSES.items())


def test_each_setting_is_on_its_page_with_its_role_and_a_number_with_its_unit() -> None:
    page = kept("reglages.md")

    for kind in settings.kinds():
        for name, one in settings.own(kind).items():
            row = next(line for line in page.splitlines() if line.startswith(f"| `{settings.variable(kind, name)}` |"))
            assert one.description, name
            assert cell(one.description) in row
            if "float" in str(one.annotation):
                assert settings.unit(one.description) in row, name
                assert settings.unit(one.description) != "—", f"{name}: its description must say the unit"


def test_no_variable_is_read_that_the_page_does_not_tell() -> None:
    page = kept("reglages.md")
    sources = [path for package in WHEEL for path in (ROOT / package).rglob("*.py")]

    named = {word for path in sources for word in re.findall(r"\bBUS_[A-Z][A-Z_]*[A-Z]\b", path.read_text("utf-8"))}

    assert {word for word in named if f"`{word}`" not in page} == set()


def test_a_role_is_told_no_setting_that_its_modules_cannot_read() -> None:
    base = settings.kinds()[0]

    assert settings.roles(base, "database_url") == [name for name in ROLES if name not in ("stream", "watch")]
    assert settings.roles(base, "state_dir") == ["stream"]


def test_each_metric_is_on_its_page_and_each_label_has_a_bound() -> None:
    page = kept("metriques.md")

    assert all(f"| `{metrics.name(one)}` | " in page for one in metrics.declared())
    used = {label for one in metrics.declared() for label in metrics.labels(one)}
    assert used <= set(metrics.LABELS), "say what bounds a new label in tools/reference/metrics.py"


def test_each_topic_is_on_its_page_and_each_authority_has_its_row() -> None:
    page = kept("topics.md")

    assert all(f"`{topic.name}`" in page for topic in TOPICS)
    assert all(f"| `{code}` | " in page for code in authority_codes())
    assert page.count("`departement.<code>.evenements` | 1 |") == 1


@pytest.mark.parametrize(("path", "command"), list(commands.leaves()), ids=[path for path, _ in commands.leaves()])
def test_each_command_is_on_its_page_with_its_options_and_an_example_that_parses(
    path: str, command: click.Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = kept("commandes.md")
    text = page.partition(f"\n## {path}\n")[2].partition("\n## ")[0]
    monkeypatch.chdir(tmp_path)

    assert text, path
    for option in (one for one in command.params if isinstance(one, click.Option)):
        assert all(f"`{name}`" in text for name in option.opts), option.name
    assert path in EXAMPLES, "give a new command a line in tools/reference/examples.py"
    words = shlex.split(EXAMPLES[path].partition(" <")[0])
    assert words[: len(path.split())] == path.split()
    for word in words:
        if "." in word:
            Path(word).touch()
    command.make_context(path, words[len(path.split()) :])


@pytest.mark.parametrize("kind", [Reason, Motif, Code, Verdict, Outcome, Etat, Wrong, WrongWebhook])
def test_each_code_is_on_its_page_with_what_to_do(kind: type[Explained]) -> None:
    page = kept("erreurs.md")

    for one in kind:
        assert f"| `{one.value}` | " in page
        assert cell(re.sub(r"\{\w+\}", "…", one.action)) in page


def test_causes_and_exit_codes_are_on_their_page() -> None:
    page = kept("erreurs.md")

    assert all(f"| {one.value} | {one.meaning} | {one.action} |" in page for one in Why)
    assert all(f"| `{int(one)}` | {one.meaning} |" in page for one in Exit)


def test_what_the_page_says_of_an_answer_is_what_the_rules_decide() -> None:
    page = kept("erreurs.md")

    assert "| `410` | `http_4xx` | attend : l’abonnement s’arrête" in page
    assert "| `413` | `http_4xx` | est parquée aussitôt |" in page
    assert "| `503` | `http_5xx` | est retentée, puis parquée après 14 essais |" in page
