"""A released version never changes again; a legal next one passes, is released, and is then frozen too."""

import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import fastavro
import pytest
from helpers.contract_copy import ContractCopy, added, adding
from helpers.release import released

from avro_schemas import assembly
from avro_schemas.gates.__main__ import main
from avro_schemas.gates.released import digest

CLOS = "rsa.droit.clos"
ANCHORED = (
    "publiée avec 0.1.0 (une version publiée ne change plus). "
    "Rétablissez l’entrée de RELEASED.toml et le dossier de la version."
)


@pytest.fixture
def copy(tmp_path: Path) -> ContractCopy:
    return ContractCopy(tmp_path, CLOS, "contact.mis_a_jour", "scelle.motifs")


def test_a_released_version_that_was_edited_is_refused_even_for_one_word_of_doc(copy: ContractCopy) -> None:
    copy.edit("scelle.motifs", 1, lambda schema: schema.update(doc="Mieux dit."))

    assert copy.refused() == [
        (
            "scelle.motifs v1 : version publiée, modifiée (une version publiée ne change plus). "
            "Rétablissez son texte et écrivez v2."
        )
    ]


def test_spaces_of_a_released_version_may_change(copy: ContractCopy) -> None:
    copy.edit(CLOS, 1, lambda _: None)

    assert main(["--root", str(copy.root)]) == 0


def test_a_released_version_that_was_deleted_is_refused_alone_or_with_its_type(copy: ContractCopy) -> None:
    copy.candidate(CLOS, adding())
    shutil.rmtree(copy.version(CLOS, 1))
    shutil.rmtree(copy.root / "scelle.motifs")

    assert copy.refused() == [
        f"{name} v1 : version publiée, supprimée (une version publiée ne change plus). "
        "Rétablissez son dossier : des événements conservés se lisent avec elle."
        for name in (CLOS, "scelle.motifs")
    ]


def test_without_its_list_of_released_versions_a_contract_is_refused(copy: ContractCopy) -> None:
    copy.root.joinpath("RELEASED.toml").unlink()

    assert copy.refused() == [
        (
            "RELEASED.toml : fichier absent ou illisible (une version publiée ne change plus). "
            "Rétablissez-le depuis l’historique."
        )
    ]


def test_an_entry_that_a_release_had_cannot_be_taken_back(copy: ContractCopy) -> None:
    listed = copy.root.joinpath("RELEASED.toml").read_text("utf-8")
    copy.edit(CLOS, 1, adding())
    copy.replace("RELEASED.toml", listed[listed.index(f'["{CLOS}"]') : listed.index('["scelle.motifs"]')], "")
    changed = copy.root.joinpath("RELEASED.toml").read_text("utf-8")

    assert main(["--root", str(copy.root), "--release"]) == 1
    assert copy.root.joinpath("RELEASED.toml").read_text("utf-8") == changed
    assert copy.refused() == [f"{CLOS} v1 : absente de la liste, {ANCHORED}"]


def test_a_list_that_is_emptied_or_rewritten_and_a_type_that_goes_with_its_entries_are_refused(
    copy: ContractCopy,
) -> None:
    shutil.rmtree(copy.root / "scelle.motifs")
    known = digest(assembly.bare(copy.whole(CLOS, 1)))
    copy.edit(CLOS, 1, adding())
    edited = digest(assembly.bare(copy.whole(CLOS, 1)))
    copy.replace("RELEASED.toml", known, edited)
    listed = copy.root.joinpath("RELEASED.toml").read_text("utf-8")
    copy.replace("RELEASED.toml", listed[listed.index('["scelle.motifs"]') :], "")
    rewritten = copy.refused()
    copy.root.joinpath("RELEASED.toml").write_text("", encoding="utf-8")

    assert rewritten == [
        f"{CLOS} v1 : autre empreinte, {ANCHORED}",
        f"scelle.motifs v1 : absente de la liste, {ANCHORED}",
    ]
    assert copy.refused() == [
        f"{name} v1 : absente de la liste, {ANCHORED}" for name in ("contact.mis_a_jour", CLOS, "scelle.motifs")
    ]


def test_each_release_is_anchored_with_the_schemas_that_it_really_wrote_under() -> None:
    for release in released():
        anchor = tomllib.loads(release.contract.read_text("utf-8"))
        registered = [json.loads(text) for name, text in release.pieces() if "/registre-cache/" in name]

        wrote = {str(fastavro.parse_schema(schema)["name"]): digest(schema) for schema in registered}

        assert wrote
        assert {name: entries for name, entries in anchor.items() if name.startswith("scelle.")}
        assert wrote.items() <= {(name, known) for name, entries in anchor.items() for known in entries.values()}


def test_a_legal_version_passes_is_followed_by_the_models_then_released_and_then_frozen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = ContractCopy(tmp_path)
    released = copy.root.joinpath("RELEASED.toml").read_text("utf-8")
    container = {
        "type": "record",
        "namespace": "rsa.droit",
        "name": "clos_delais",
        "doc": "Des délais.",
        "fields": [added()],
    }
    copy.candidate(CLOS, adding("delais", type=["null", container]))
    copy.edit_sample(CLOS, "cloture", lambda one: one["donnees"].update(delais={"ajout": "x"}), number=2)
    copy.candidate("scelle.contact", lambda schema: schema["fields"].append(added(sensibilite="S3")))

    assert main(["--root", str(copy.root)]) == 0
    assert main(["--root", str(copy.root), "--release"]) == 0
    frozen = copy.root.joinpath("RELEASED.toml").read_text("utf-8")
    copy.edit(CLOS, 2, adding("encore"))
    capsys.readouterr()

    newest = f"from avro_schemas.models import *; print(EVENT_VERSION['{CLOS}'], PART_VERSION['contact'])"
    shown = subprocess.run([sys.executable, "-c", newest], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert shown.stdout == "2 2\n"
    assert set(frozen.splitlines()) - set(released.splitlines()) == {
        line for line in frozen.splitlines() if line.startswith("v2 = ")
    }
    assert frozen.count("v2 = ") == 2
    assert main(["--root", str(copy.root), "--release"]) == 1
    assert "rsa.droit.clos v2 : version publiée, modifiée" in capsys.readouterr().err
    assert copy.root.joinpath("RELEASED.toml").read_text("utf-8") == frozen
