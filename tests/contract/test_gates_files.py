"""Whatever the files of a contract hold, the gates say it in words: examples, JSON of any shape, folders."""

import shutil
from pathlib import Path

import pytest
from helpers.contract_copy import ContractCopy, Edit, adding

CLOS = "rsa.droit.clos"
LISIBLE = "(un schéma Avro). Corrigez donnees.avsc."
REMEDY = "(deux exemples valides). Corrigez l’exemple, ou le schéma s’il n’est pas publié."


@pytest.fixture
def copy(tmp_path: Path) -> ContractCopy:
    return ContractCopy(tmp_path, CLOS, "contact.mis_a_jour", "scelle.motifs")


@pytest.mark.parametrize(
    ("edit", "line"),
    [
        (lambda one: one["donnees"].pop("etat"), "le champ etat manque"),
        (lambda one: one["donnees"].update(ajout=1), "le champ donnees.ajout n’est pas dans le schéma"),
        (lambda one: one["donnees"].update(etat=3), "le champ donnees.etat ne suit pas le schéma"),
        (lambda one: one.update(date_effet="2026-13-01"), "une valeur n’a pas la forme que dit le schéma"),
        (lambda one: one.update(scelle=None), "une valeur n’a pas la forme que dit le schéma"),
        (lambda one: one.update(date_publication="2026-03-02T01:18:36"), "date_publication n’a pas de fuseau"),
        (lambda one: one.update(type="rsa.droit.ouvert"), "son type n’est pas rsa.droit.clos"),
        (lambda one: one.update(id="42"), "son id n’est pas un UUID"),
        (lambda one: one.update(portee=["adresse"]), "portee ne dit pas, dans l’ordre, les sortes scellées"),
    ],
)
def test_an_example_that_does_not_validate_is_refused(edit: Edit, line: str, copy: ContractCopy) -> None:
    copy.edit_sample(CLOS, "cloture", edit)

    assert copy.refused() == [f"rsa.droit.clos v1, exemple « cloture » : {line} {REMEDY}"]


def test_an_example_of_a_sealed_part_is_held_to_the_same(copy: ContractCopy) -> None:
    copy.edit_sample("scelle.motifs", "suspension", lambda one: one.update(motifs=[1]))

    assert copy.refused() == [
        f"scelle.motifs v1, exemple « suspension » : le champ motifs ne suit pas le schéma {REMEDY}"
    ]


def test_an_example_that_is_no_json_and_a_version_with_one_example_are_refused(copy: ContractCopy) -> None:
    copy.version(CLOS, 1).joinpath("examples", "cloture.json").write_text("{", encoding="utf-8")
    copy.version("scelle.motifs", 1).joinpath("examples", "suspension.json").unlink()

    assert copy.refused() == [
        (
            "rsa.droit.clos v1, exemple « cloture » : ce n’est pas du JSON, ligne 1 (deux exemples valides). "
            "Corrigez cloture.json."
        ),
        "scelle.motifs v1 : 1 exemple (deux exemples valides). Ajoutez-en dans scelle.motifs/v1/examples.",
    ]


def test_folders_that_are_no_versions_and_numbers_that_are_skipped_are_refused(copy: ContractCopy) -> None:
    copy.candidate(CLOS, adding())
    copy.version(CLOS, 2).rename(copy.version(CLOS, 3))
    copy.root.joinpath(CLOS, "v02").mkdir()
    copy.version("scelle.motifs", 2).mkdir()

    assert copy.refused() == [
        f"{place} : ce n’est pas une version (un dossier par version, de v1 en v1). "
        "Une version est un dossier v<n> avec donnees.avsc et examples/."
        for place in ("rsa.droit.clos/v02", "scelle.motifs/v2")
    ] + [
        (
            "rsa.droit.clos v2 : cette version manque (un dossier par version, de v1 en v1). "
            "Numérotez les versions sans trou."
        )
    ]


def test_a_schema_that_is_no_json_is_refused(copy: ContractCopy) -> None:
    copy.version(CLOS, 1).joinpath("donnees.avsc").write_text('{"type":\n', encoding="utf-8")

    assert copy.refused() == [
        "rsa.droit.clos v1 : ce n’est pas du JSON, ligne 2 (un schéma Avro). Corrigez donnees.avsc."
    ]


@pytest.mark.parametrize(
    "text", ["[]", "3", '{"type": "record"}', '{"type": "record", "name": "x", "fields": [1]}', '"string"']
)
def test_any_json_is_refused_not_a_crash(text: str, copy: ContractCopy) -> None:
    copy.candidate(CLOS)
    copy.version(CLOS, 2).joinpath("donnees.avsc").write_text(text, encoding="utf-8")

    assert any("schéma illisible" in line for line in copy.refused())


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"[" * 100_000, "trop de niveaux"),
        (b"[" * 61 + b"]" * 61, "trop de niveaux"),
        (b"\xff", "ce n’est pas du JSON"),
        (b"NaN", "ce n’est pas du JSON"),
        (b'"\\ud800"', "ce n’est pas du JSON"),
        (b'{"id": 1, "id": 2}', "la clé id y est deux fois"),
        (b"null", "une valeur n’a pas la forme que dit le schéma"),
        (None, "ce n’est pas un fichier lisible"),
    ],
)
def test_a_file_may_hold_anything_and_is_refused_in_words(
    content: bytes | None, fault: str, copy: ContractCopy
) -> None:
    path = copy.version(CLOS, 1) / "examples" / "cloture.json"
    path.unlink()
    path.mkdir() if content is None else path.write_bytes(content)

    (line,) = copy.refused()
    assert line.startswith(f"{CLOS} v1, exemple « cloture » : {fault} (deux exemples valides). Corrigez ")


def test_null_is_no_schema(copy: ContractCopy) -> None:
    copy.candidate(CLOS)
    copy.version(CLOS, 2).joinpath("donnees.avsc").write_text("null", encoding="utf-8")

    assert copy.refused() == [f"{CLOS} v2 : schéma illisible, ce n’est pas un record {LISIBLE}"]


def test_a_folder_and_files_that_nothing_reads_are_refused(copy: ContractCopy) -> None:
    shutil.copytree(copy.version(CLOS, 1), copy.root / "essai" / "V1")
    copy.version(CLOS, 1).joinpath("notes.txt").touch()
    copy.version(CLOS, 1).joinpath("examples", "autre.jsn").touch()

    assert [line.partition(" (")[0] for line in copy.refused()] == [
        "essai/V1 : ce n’est pas une version",
        f"{CLOS}/v1/examples/autre.jsn : rien ne le lit",
        f"{CLOS}/v1/notes.txt : rien ne le lit",
    ]


def test_a_sealed_part_that_no_event_can_carry_is_refused(copy: ContractCopy) -> None:
    shutil.copytree(copy.root / "scelle.motifs", copy.root / "scelle.photo")
    copy.edit("scelle.photo", 1, lambda schema: schema.update(name="photo"))

    assert copy.refused() == [
        (
            "scelle.photo v1 : aucun événement ne peut la porter (une sorte scellée se nomme dans bus.sorte_scellee). "
            "Ajoutez photo à la fin de bus.sorte_scellee, dans common."
        )
    ]
