"""Each gate refuses the violation that it is for, in its own sentence and no other; what is legal passes."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from helpers.contract_copy import ContractCopy, Edit, added, adding, field

from avro_schemas.gates.__main__ import main

CLOS = "rsa.droit.clos"
FLAG = {"type": "enum", "namespace": "rsa.droit", "name": "essai", "doc": "Essai.", "symbols": ["INCONNU", "a"]}
LISIBLE = "(un schéma Avro). Corrigez donnees.avsc."
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
ENVELOPPE_2 = "(enveloppe fixe). Remettez-le dans l’enveloppe, dans common."
RETIRE = "(FULL_TRANSITIVE : rien n’est retiré). Remettez-le, quitte à ne plus le remplir."
ORDRE = "(ordre de l’enveloppe). Remettez les champs de la racine dans l’ordre."
DERNIER = "(enrichissement dernier et null par défaut). Remettez-le en dernier."
DERNIER_2 = "(enrichissement dernier et null par défaut). Écrivez null d’abord dans son type, et « default »: null."
DERNIER_3 = (
    "(enrichissement dernier et null par défaut). "
    "Mettez les nouveaux champs avant regle : le dernier octet d’un événement enrichi n’est jamais nul."
)
DEFAUT = "(FULL_TRANSITIVE : aucun défaut ne change). Remettez le défaut d’avant."
PARTAGE = "(un type partagé, un seul texte). Nommez celui de common, ou faites évoluer tous les types ensemble."


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


def test_all_faults_are_listed_at_once(copy: ContractCopy) -> None:
    copy.candidate(CLOS, adding(doc=..., sensibilite=..., origine=...))
    copy.candidate("scelle.motifs", lambda schema: schema["fields"].append(added(default=...)))

    assert len([line for line in copy.refused() if ", exemple «" not in line]) == 5


def test_the_contract_that_we_ship_passes_every_gate() -> None:
    assert main([]) == 0


def test_the_contract_is_read_without_the_library_of_its_gates() -> None:
    code = "import sys; sys.modules['avro'] = None; import avro_schemas, bus.codec; avro_schemas.names()"
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


def test_a_folder_that_does_not_exist_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--root", str(tmp_path / "rien")])
