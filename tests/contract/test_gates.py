"""Each gate refuses the violation that it is for, in its own sentence and no other; what is legal passes."""

import ast
import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import fastavro
import pytest
from helpers.contract_copy import ContractCopy, Edit, added, adding, field
from helpers.release import released

from avro_schemas.gates.__main__ import main
from avro_schemas.gates.released import digest
from avro_schemas.generate import text

CLOS = "rsa.droit.clos"
FLAG = {"type": "enum", "namespace": "rsa.droit", "name": "essai", "doc": "Essai.", "symbols": ["INCONNU", "a"]}
LISIBLE = "(un schéma Avro). Corrigez schema.avsc."
NOM = "(le nom du schéma est celui du dossier). Accordez namespace et name au dossier."
FORME = (
    "(formes que tous nos lecteurs connaissent). "
    "Gardez null|X, array, record et enum avec leur namespace, date, timestamp-micros et les types simples."
)
FORME_2 = "(formes que tous nos lecteurs connaissent). Décrivez-le sans se contenir."
FIGE = (
    "(FULL_TRANSITIVE : un record lu à sa place ne change pas). "
    "Les flux le lisent et le gardent octet par octet : mettez le champ dans donnees ou dans enrichissement."
)
MOT_BAD = "un nom qui ne convient pas"
MOT = (
    "(des noms que tout langage accepte). "
    "Des minuscules, des chiffres et _, une lettre d’abord, aucun mot réservé de Python."
)
DOC = "(tout est documenté). Dites en français ce que c’est."
SENSIBILITE = "(classe de sensibilité de S0 à S6). Ajoutez « sensibilite », de S0 à S6."
S7 = "(S7 ne circule jamais). Retirez le champ."
CLAIR = "(identité, contact et identifiants voyagent scellés). Portez-le dans une partie scelle.<sorte>."
S6 = "(S6 : un booléen, rien d’autre). Réduisez-la au booléen qu’un texte permet."
ORIGINE = "(origine de chaque champ). Ajoutez « origine » : l’élément de la source, ou bus."
INCONNU = "(énumération : défaut INCONNU). Ajoutez le symbole INCONNU et « default »: « INCONNU »."
NULL = "(champ facultatif : null par défaut). Ajoutez « default »: null."
AJOUT = "(FULL_TRANSITIVE : un nouveau champ a un défaut). Donnez-lui un « default », le plus souvent null."
ENVELOPPE = "(enveloppe fixe). Mettez-le dans un record, le plus souvent donnees."
ENVELOPPE_2 = "(enveloppe fixe). Reprenez l’enveloppe d’un autre type."
RETIRE = "(FULL_TRANSITIVE : rien n’est retiré). Remettez-le, quitte à ne plus le remplir."
ORDRE = "(ordre de l’enveloppe). Remettez les champs de la racine dans l’ordre."
DERNIER = "(enrichissement dernier et null par défaut). Remettez-le en dernier."
DERNIER_2 = "(enrichissement dernier et null par défaut). Écrivez null d’abord dans son type, et « default »: null."
DERNIER_3 = (
    "(enrichissement dernier et null par défaut). "
    "Mettez les nouveaux champs avant regle : le dernier octet d’un événement enrichi n’est jamais nul."
)
DEFAUT = "(FULL_TRANSITIVE : aucun défaut ne change). Remettez le défaut d’avant."
PARTAGE = "(un type partagé, un seul texte). Recopiez-le, ou faites évoluer tous les types ensemble."
ANCHORED = (
    "publiée avec 0.1.0 (une version publiée ne change plus). "
    "Rétablissez l’entrée de RELEASED.toml et le dossier de la version."
)
REMEDY = "(deux exemples valides). Corrigez l’exemple, ou le schéma s’il n’est pas publié."


@pytest.fixture
def copy(tmp_path: Path) -> ContractCopy:
    return ContractCopy(tmp_path, CLOS, "contact.mis_a_jour", "scelle.motifs")


def put(path: str, **members: Any) -> Edit:
    return lambda schema: field(schema, path).update(members)


def at_root(**change: Any) -> Edit:
    return lambda schema: schema["fields"].insert(-1, added(**change))


def swapped(schema: dict[str, Any]) -> None:
    schema["fields"][0], schema["fields"][1] = schema["fields"][1], schema["fields"][0]


SEEDS: dict[str, tuple[str, Edit, list[str]]] = {
    "not avro": (
        CLOS,
        put("donnees.etat", type="rien"),
        [f" : schéma illisible, le type rsa.droit.rien n’est pas défini avant son emploi {LISIBLE}"],
    ),
    "another name": (
        CLOS,
        lambda schema: schema.update(name="ferme"),
        [f" : le schéma s’appelle rsa.droit.ferme {NOM}"],
    ),
    "a shape that no reader knows": (
        CLOS,
        adding(type={"type": "map", "values": "string"}, default={}),
        [f"champ donnees.ajout : forme de type non prise en charge {FORME}"],
    ),
    "a type that holds itself": (
        CLOS,
        lambda schema: adding(type=["null", schema["namespace"] + ".clos_donnees"])(schema),
        [f"type rsa.droit.clos_donnees : se contient lui-même {FORME_2}"],
    ),
    "a field whose name is no name": (CLOS, adding("2x"), [f"champ donnees.2x : {MOT_BAD}, 2x {MOT}"]),
    "a field with a dash": (CLOS, adding("a-b"), [f"champ donnees.a-b : {MOT_BAD}, a-b {MOT}"]),
    "a field that is a word of Python": (CLOS, adding("class"), [f"champ donnees.class : {MOT_BAD}, class {MOT}"]),
    "a symbol that is a word of Python": (
        CLOS,
        adding(type={**FLAG, "symbols": ["INCONNU", "None"], "default": "INCONNU"}, default="INCONNU"),
        [f"type rsa.droit.essai : {MOT_BAD}, None {MOT}"],
    ),
    "a field without doc": (
        CLOS,
        adding(doc=" "),
        [f"champ donnees.ajout : pas de doc {DOC}"],
    ),
    "a type without doc": (
        CLOS,
        adding(type={**FLAG, "doc": "", "default": "INCONNU"}, default="INCONNU"),
        [f"type rsa.droit.essai : pas de doc {DOC}"],
    ),
    "a field without class": (
        CLOS,
        adding(sensibilite=...),
        [f"champ donnees.ajout : pas de classe {SENSIBILITE}"],
    ),
    "a class that does not exist": (
        CLOS,
        adding(sensibilite="S8"),
        [f"champ donnees.ajout : pas de classe {SENSIBILITE}"],
    ),
    "money": (
        CLOS,
        adding(sensibilite="S7"),
        [f"champ donnees.ajout : donnée financière ou de contrôle {S7}"],
    ),
    "a clear name": (
        CLOS,
        adding(sensibilite="S2"),
        [f"champ donnees.ajout : en clair alors que sa classe est S2 {CLAIR}"],
    ),
    "a clear name that speaks of sealed parts": (
        CLOS,
        adding(
            sensibilite="S2",
            type={**FLAG, "doc": "bus.partie_scellee", "symbols": ["INCONNU", "partie_scellee"], "default": "INCONNU"},
            default="INCONNU",
        ),
        [f"champ donnees.ajout : en clair alors que sa classe est S2 {CLAIR}"],
    ),
    "a clear name beside sealed bytes": (
        CLOS,
        lambda schema: field(schema, "scelle")["type"]["items"]["fields"].append(added("nom", sensibilite="S2")),
        [
            f"champ scelle.nom : en clair alors que sa classe est S2 {CLAIR}",
            f"champ scelle : ses champs ne sont plus les mêmes depuis v1 {FIGE}",
            f"type bus.partie_scellee : son texte n’est pas celui de contact.mis_a_jour v1 {PARTAGE}",
        ],
    ),
    "a detail of health, sealed or not": (
        "scelle.motifs",
        lambda schema: schema["fields"].append(added(sensibilite="S6")),
        [f"champ ajout : donnée de l’article 9 en détail {S6}"],
    ),
    "a field without origin": (
        CLOS,
        adding(origine=...),
        [f"champ donnees.ajout : pas d’origine {ORIGINE}"],
    ),
    "an enum without default": (
        CLOS,
        adding(type=FLAG, default="INCONNU"),
        [f"énumération rsa.droit.essai : ne se replie pas sur INCONNU {INCONNU}"],
    ),
    "an enum with another default": (
        CLOS,
        adding(type={**FLAG, "default": "a"}, default="INCONNU"),
        [f"énumération rsa.droit.essai : ne se replie pas sur INCONNU {INCONNU}"],
    ),
    "a field of an enum with another default": (
        CLOS,
        adding(type={**FLAG, "default": "INCONNU"}, default="a"),
        [
            (
                "champ donnees.ajout : pas INCONNU par défaut (énumération : défaut INCONNU). "
                "Écrivez « default »: « INCONNU »."
            )
        ],
    ),
    "a nullable field without default": (
        CLOS,
        adding(default=...),
        [
            f"champ donnees.ajout : pas null par défaut {NULL}",
            f"champ donnees.ajout : nouveau, sans valeur par défaut depuis v1 {AJOUT}",
        ],
    ),
    "a field on the root": (
        CLOS,
        at_root(),
        [f"champ ajout : ajouté à la racine {ENVELOPPE}"],
    ),
    "the envelope without a field": (
        CLOS,
        lambda schema: schema["fields"].remove(field(schema, "annule")),
        [f"champ annule : manque à la racine {ENVELOPPE_2}", f"champ annule : retiré depuis v1 {RETIRE}"],
    ),
    "the envelope in another order": (
        CLOS,
        swapped,
        [f"champ id : type est à sa place {ORDRE}"],
    ),
    "enrichissement not last": (
        CLOS,
        lambda schema: schema["fields"].insert(-2, schema["fields"].pop()),
        [
            f"champ enrichissement : suivi de scelle {DERNIER}",
            f" : schéma illisible, le type bus.partie_scellee n’est pas défini avant son emploi {LISIBLE}",
        ],
    ),
    "a field after regle": (
        CLOS,
        lambda schema: schema["fields"][-1]["type"][1]["fields"].append(added()),
        [
            f"champ enrichissement.ajout : suit regle {DERNIER_3}",
            f"type bus.enrichissement : son texte n’est pas celui de contact.mis_a_jour v1 {PARTAGE}",
        ],
    ),
    "a field after enrichissement": (
        CLOS,
        lambda schema: schema["fields"].append(added()),
        [f"champ ajout : ajouté à la racine {ENVELOPPE}", f"champ enrichissement : suivi de ajout {DERNIER}"],
    ),
    "enrichissement not null": (
        CLOS,
        lambda schema: field(schema, "enrichissement").pop("default"),
        [
            f"champ enrichissement : pas null par défaut {DERNIER_2}",
            f"champ enrichissement : autre valeur par défaut depuis v1 {DEFAUT}",
            f"champ enrichissement : son texte n’est pas celui de contact.mis_a_jour v1 {PARTAGE}",
        ],
    ),
    "a shared type with its own text": (
        CLOS,
        lambda schema: field(schema, "cause")["type"].update(doc="Autre chose."),
        [f"type bus.cause : son texte n’est pas celui de contact.mis_a_jour v1 {PARTAGE}"],
    ),
    "a field of the envelope with its own text": (
        CLOS,
        put("cle_dossier", doc="Autre chose."),
        [f"champ cle_dossier : son texte n’est pas celui de contact.mis_a_jour v1 {PARTAGE}"],
    ),
}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_candidate_with_one_violation_is_refused_in_its_own_words(seed: str, copy: ContractCopy) -> None:
    name, edit, lines = SEEDS[seed]
    copy.candidate(name, edit)

    said = [line for line in copy.refused() if ", exemple «" not in line]

    assert said == [f"{name} v2{line if line.startswith(' :') else f', {line}'}" for line in lines]


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


@pytest.mark.parametrize(
    ("old", "new"), [('["rsa.droit.clos"]\nresponsable = "ingestion"\n', ""), ('"ingestion"', '" "')]
)
def test_a_type_that_nobody_owns_is_refused(old: str, new: str, copy: ContractCopy) -> None:
    copy.replace("OWNERS.toml", old, new)

    assert copy.refused() == [
        (
            "rsa.droit.clos : personne n’en répond (un responsable par type). "
            'Ajoutez ["rsa.droit.clos"] et « responsable » à OWNERS.toml.'
        )
    ]


def test_an_owner_of_a_type_that_does_not_exist_is_refused(copy: ContractCopy) -> None:
    copy.replace("OWNERS.toml", '["scelle.motifs"]', '["rsa.reve"]\nresponsable = "x"\n\n["scelle.motifs"]')

    assert copy.refused() == [
        "OWNERS.toml, rsa.reve : ce type n’existe pas (un responsable par type). Retirez l’entrée."
    ]


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
    copy.root.joinpath("OWNERS.toml").write_text(
        f'["{CLOS}"]\nresponsable = "x"\n["contact.mis_a_jour"]\nresponsable = "x"\n', encoding="utf-8"
    )
    known = digest(json.loads(copy.version(CLOS, 1).joinpath("schema.avsc").read_text("utf-8")))
    copy.edit(CLOS, 1, adding())
    edited = digest(json.loads(copy.version(CLOS, 1).joinpath("schema.avsc").read_text("utf-8")))
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


def test_folders_that_are_no_versions_and_numbers_that_are_skipped_are_refused(copy: ContractCopy) -> None:
    copy.candidate(CLOS, adding())
    copy.version(CLOS, 2).rename(copy.version(CLOS, 3))
    copy.root.joinpath(CLOS, "v02").mkdir()
    copy.version("scelle.motifs", 2).mkdir()

    assert copy.refused() == [
        f"{place} : ce n’est pas une version (un dossier par version, de v1 en v1). "
        "Une version est un dossier v<n> avec schema.avsc et examples/."
        for place in ("rsa.droit.clos/v02", "scelle.motifs/v2")
    ] + [
        (
            "rsa.droit.clos v2 : cette version manque (un dossier par version, de v1 en v1). "
            "Numérotez les versions sans trou."
        )
    ]


def test_a_schema_that_is_no_json_is_refused(copy: ContractCopy) -> None:
    copy.version(CLOS, 1).joinpath("schema.avsc").write_text('{"type":\n', encoding="utf-8")

    assert copy.refused() == [
        "rsa.droit.clos v1 : ce n’est pas du JSON, ligne 2 (un schéma Avro). Corrigez schema.avsc."
    ]


@pytest.mark.parametrize(
    "text", ["[]", "3", '{"type": "record"}', '{"type": "record", "name": "x", "fields": [1]}', '"string"']
)
def test_any_json_is_refused_not_a_crash(text: str, copy: ContractCopy) -> None:
    copy.candidate(CLOS)
    copy.version(CLOS, 2).joinpath("schema.avsc").write_text(text, encoding="utf-8")

    assert any("schéma illisible" in line for line in copy.refused())


def test_all_faults_are_listed_at_once(copy: ContractCopy) -> None:
    copy.candidate(CLOS, adding(doc=..., sensibilite=..., origine=...))
    copy.candidate("scelle.motifs", lambda schema: schema["fields"].append(added(default=...)))

    assert len([line for line in copy.refused() if ", exemple «" not in line]) == 5


def test_the_contract_that_we_ship_passes_every_gate() -> None:
    assert main([]) == 0


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
    subprocess.run([sys.executable, "-m", "avro_schemas.generate"], cwd=tmp_path, check=True, timeout=60)
    assert main(["--root", str(copy.root), "--release"]) == 0
    frozen = copy.root.joinpath("RELEASED.toml").read_text("utf-8")
    copy.edit(CLOS, 2, adding("encore"))
    capsys.readouterr()

    models = copy.root.joinpath("models.py").read_text("utf-8")
    assert '"rsa.droit.clos": 2' in models
    assert '"contact": 2' in models
    assert "delais: NotRequired[RsaDroitClosDelais | None]" in models
    assert set(frozen.splitlines()) - set(released.splitlines()) == {
        line for line in frozen.splitlines() if line.startswith("v2 = ")
    }
    assert frozen.count("v2 = ") == 2
    assert main(["--root", str(copy.root), "--release"]) == 1
    assert "rsa.droit.clos v2 : version publiée, modifiée" in capsys.readouterr().err
    assert copy.root.joinpath("RELEASED.toml").read_text("utf-8") == frozen


def test_the_contract_is_read_without_the_library_of_its_gates() -> None:
    code = "import sys; sys.modules['avro'] = None; import avro_schemas.generate, bus.codec; avro_schemas.names()"
    gates = "import sys, runpy; sys.modules['avro'] = None; runpy.run_module('avro_schemas.gates', run_name='__main__')"

    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
    refusal = subprocess.run([sys.executable, "-c", gates], check=False, timeout=60, capture_output=True, text=True)
    assert (refusal.returncode, refusal.stderr) == (3, "La bibliothèque avro manque : « make setup » l’installe.\n")


@pytest.mark.parametrize(
    ("kind", "default"),
    [
        ({"type": "int", "logicalType": "date"}, 0),
        ({"type": "long", "logicalType": "timestamp-micros"}, 1_700_000_000_000_001),
        ("bytes", "ÿ"),
    ],
)
def test_a_default_is_written_as_avro_wants_it(kind: Any, default: Any, copy: ContractCopy) -> None:
    copy.candidate(CLOS, adding(type=kind, default=default))

    assert main(["--root", str(copy.root)]) == 0


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
    copy.version(CLOS, 2).joinpath("schema.avsc").write_text("null", encoding="utf-8")

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
    copy.replace("OWNERS.toml", '["scelle.motifs"]', '["scelle.photo"]\nresponsable = "x"\n\n["scelle.motifs"]')

    assert copy.refused() == [
        (
            "scelle.photo v1 : aucun événement ne peut la porter (une sorte scellée se nomme dans bus.sorte_scellee). "
            "Ajoutez photo à la fin de bus.sorte_scellee, dans tous les types."
        )
    ]


def test_any_doc_is_written_as_python_reads_it_back(copy: ContractCopy) -> None:
    doc = 'Dit "un", \\ et """trois""" \t\x00 puis "'
    schema = json.loads(copy.version("scelle.motifs", 1).joinpath("schema.avsc").read_text("utf-8")) | {"doc": doc}

    (written,) = [
        one
        for one in ast.parse(text({"scelle.motifs": schema}, {"scelle.motifs": 1})).body
        if isinstance(one, ast.ClassDef)
    ]

    assert ast.get_docstring(written, clean=False) == doc


def test_two_types_of_one_name_in_python_are_refused(copy: ContractCopy) -> None:
    copy.candidate(
        CLOS,
        adding(
            type={**FLAG, "namespace": "bus.rsa.droit", "name": "clos_donnees", "default": "INCONNU"}, default="INCONNU"
        ),
    )

    assert copy.refused() == [
        (
            "models.py : RsaDroitClosDonnees y serait défini 2 fois (des types que Python lit). "
            "Changez le nom d’un des types."
        )
    ]


def test_a_folder_that_does_not_exist_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--root", str(tmp_path / "rien")])
