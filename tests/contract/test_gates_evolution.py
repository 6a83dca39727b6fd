"""Nothing but an addition passes between two versions: what Avro itself would let pass is refused too."""

import io
import json
import shutil
from copy import deepcopy
from pathlib import Path
from typing import Any

import fastavro
import pytest
from helpers.contract_copy import ContractCopy, Edit, added, adding, field
from helpers.evolution import broken, evolved
from helpers.records import records
from hypothesis import given, settings
from hypothesis import strategies as st

import avro_schemas
from avro_schemas.gates.__main__ import main
from avro_schemas.gates.apache import refusals
from avro_schemas.gates.between import changes
from avro_schemas.gates.finding import Rule

CLOS = "rsa.droit.clos"
SUSPENDU = "rsa.droit.suspendu"
CONTACT = "contact.mis_a_jour"
NAMES = avro_schemas.names()

RETIRE = "(FULL_TRANSITIVE : rien n’est retiré). Remettez-le, quitte à ne plus le remplir."
RENOMME = (
    "(FULL_TRANSITIVE : rien n’est renommé). Gardez l’ancien nom, et ajoutez un champ facultatif s’il faut l’autre."
)
TYPE = "(FULL_TRANSITIVE : aucun type ne change). Gardez son type, et ajoutez un champ facultatif pour l’autre."
DEFAUT = "(FULL_TRANSITIVE : aucun défaut ne change). Remettez le défaut d’avant."
AJOUT = "(FULL_TRANSITIVE : un nouveau champ a un défaut). Donnez-lui un « default », le plus souvent null."
ALIAS = "(aucun alias). Retirez « aliases » : un nom ne change pas."
CLASSE = (
    "(FULL_TRANSITIVE : aucune classe ne baisse). Remettez sa classe : qui lit l’ancienne version la protège ainsi."
)
RANG = "(FULL_TRANSITIVE : un symbole garde son rang). Ajoutez les nouveaux symboles à la fin."
FIGE = (
    "(FULL_TRANSITIVE : un record lu à sa place ne change pas). "
    "Les flux le lisent et le gardent octet par octet : mettez le champ dans donnees ou dans enrichissement."
)
TEXT = (
    "son texte n’est pas celui de contact.mis_a_jour v1 (un type partagé, un seul texte). "
    "Nommez celui de common, ou faites évoluer tous les types ensemble."
)
SOURCE = (
    "(FULL_TRANSITIVE : aucune origine ne change). Remettez son origine, et ajoutez un champ facultatif pour l’autre."
)
SYMBOLE = "(FULL_TRANSITIVE : une énumération ne perd aucun symbole). Remettez-les : on n’ajoute que des symboles."


@pytest.fixture
def copy(tmp_path: Path) -> ContractCopy:
    return ContractCopy(tmp_path, CLOS, SUSPENDU, CONTACT, "scelle.contact")


def put(path: str, **members: Any) -> Edit:
    return lambda schema: field(schema, path).update(members)


def named(common: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(one for one in common if one["name"] == name)


def dropped(path: str, name: str) -> Edit:
    return lambda schema: field(schema, path)["type"]["fields"].remove(field(schema, f"{path}.{name}"))


def retyped(path: str, **members: Any) -> Edit:
    return lambda schema: field(schema, path)["type"].update(members)


SEEDS: dict[str, tuple[str, Edit, list[str]]] = {
    "a field removed": (CLOS, dropped("donnees", "etat"), [f"champ donnees.etat : retiré depuis v1 {RETIRE}"]),
    "a field renamed by an alias": (
        CLOS,
        put("donnees.etat", name="etat_dossier", aliases=["etat"], default=""),
        [f"champ donnees.etat_dossier : a un alias {ALIAS}"],
    ),
    "an alias of a field that is still there": (
        CLOS,
        adding(aliases=["etat"]),
        [f"champ donnees.ajout : a un alias {ALIAS}"],
    ),
    "an alias of a type": (
        "scelle.contact",
        lambda schema: schema.update(aliases=["scelle.moyen"]),
        [f"type scelle.contact : a un alias {ALIAS}"],
    ),
    "an alias of a record inside": (
        CLOS,
        retyped("donnees", aliases=[]),
        [f"type rsa.droit.clos_donnees : a un alias {ALIAS}"],
    ),
    "a field renamed without telling": (
        CLOS,
        put("donnees.etat", name="etat_dossier", default=""),
        [f"champ donnees.etat : retiré depuis v1 {RETIRE}"],
    ),
    "a named type renamed": (
        SUSPENDU,
        retyped("donnees.niveau", name="degre"),
        [f"champ donnees.niveau : le type rsa.droit.niveau s’appelle rsa.droit.degre depuis v1 {RENOMME}"],
    ),
    "a named type in another namespace": (
        SUSPENDU,
        retyped("donnees.niveau", namespace="rsa"),
        [f"champ donnees.niveau : le type rsa.droit.niveau s’appelle rsa.niveau depuis v1 {RENOMME}"],
    ),
    "a type that Avro promotes": (
        CONTACT,
        put("donnees.telephones", type="long"),
        [f"champ donnees.telephones : int devient long depuis v1 {TYPE}"],
    ),
    "a string that becomes bytes": (
        "scelle.contact",
        put("valeur", type="bytes"),
        [f"champ valeur : string devient bytes depuis v1 {TYPE}"],
    ),
    "a number that becomes a date": (
        CONTACT,
        put("donnees.telephones", type={"type": "int", "logicalType": "date"}),
        [f"champ donnees.telephones : int devient date depuis v1 {TYPE}"],
    ),
    "a field that may be null from now on": (
        CLOS,
        put("donnees.etat", type=["null", "string"], default=None),
        [
            f"champ donnees.etat : autre valeur par défaut depuis v1 {DEFAUT}",
            f"champ donnees.etat : string devient null|string depuis v1 {TYPE}",
        ],
    ),
    "a default where there was none": (
        SUSPENDU,
        put("donnees.role", default=""),
        [f"champ donnees.role : autre valeur par défaut depuis v1 {DEFAUT}"],
    ),
    "a new field without default": (
        CLOS,
        adding(type="string", default=...),
        [f"champ donnees.ajout : nouveau, sans valeur par défaut depuis v1 {AJOUT}"],
    ),
    "a contact that would be public": (
        "scelle.contact",
        put("valeur", sensibilite="S0"),
        [f"champ valeur : S3 devient S0 depuis v1 {CLASSE}"],
    ),
    "a sealed value that a higher number would uncover": (
        "scelle.contact",
        put("valeur", sensibilite="S4"),
        [f"champ valeur : S3 devient S4 depuis v1 {CLASSE}"],
    ),
    "another origin": (
        CLOS,
        put("donnees.etat", origine="bus"),
        [f"champ donnees.etat : autre origine depuis v1 {SOURCE}"],
    ),
    "symbols in another order": (
        SUSPENDU,
        retyped("donnees.niveau", symbols=["INCONNU", "versement", "droit"]),
        [f"champ donnees.niveau : symboles déplacés depuis v1 {RANG}"],
    ),
    "a field more where the streams read by position": (
        CLOS,
        lambda schema: field(schema, "cause")["type"]["fields"].append(added()),
        [f"champ cause : ses champs ne sont plus les mêmes depuis v1 {FIGE}", f"type bus.cause : {TEXT}"],
    ),
    "a symbol lost, which Avro reads as INCONNU": (
        SUSPENDU,
        retyped("donnees.niveau", symbols=["INCONNU", "droit"]),
        [f"champ donnees.niveau : sans versement depuis v1 {SYMBOLE}"],
    ),
}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_candidate_that_does_more_than_add_is_refused_with_the_field_and_the_rule(
    seed: str, copy: ContractCopy
) -> None:
    name, edit, lines = SEEDS[seed]
    copy.candidate(name, edit)

    said = [line for line in copy.refused() if ", exemple «" not in line]

    assert said == [f"{name} v2, {line}" for line in lines]


def test_a_candidate_is_held_to_every_earlier_version_not_to_the_last_alone(copy: ContractCopy) -> None:
    copy.candidate(CLOS, adding("deuxieme"))
    copy.candidate(
        CLOS, lambda schema: [edit(schema) for edit in (dropped("donnees", "deuxieme"), dropped("donnees", "etat"))], 3
    )

    said = [line for line in copy.refused() if ", exemple «" not in line]

    assert said == [
        f"{CLOS} v3, champ donnees.etat : retiré depuis v1, v2 {RETIRE}",
        f"{CLOS} v3, champ donnees.deuxieme : retiré depuis v2 {RETIRE}",
    ]


def test_what_events_share_evolves_with_all_of_them_together_and_earlier_texts_stay(copy: ContractCopy) -> None:
    before = copy.whole(CLOS, 1)
    shutil.copy(copy.root / "common" / "v1.avsc", copy.root / "common" / "v2.avsc")
    copy.edit_common(lambda common: named(common, "canal_contact")["symbols"].append("messagerie"), 2)
    for name in (CLOS, SUSPENDU, CONTACT):
        copy.candidate(name)
        copy.edit_own(name, lambda own: own.update(commun=2), 2)

    assert main(["--root", str(copy.root)]) == 0
    assert copy.whole(CLOS, 1) == before
    assert "messagerie" in json.dumps(copy.whole(CLOS, 2))


def test_a_type_that_goes_ahead_of_the_others_is_refused(copy: ContractCopy) -> None:
    shutil.copy(copy.root / "common" / "v1.avsc", copy.root / "common" / "v2.avsc")
    copy.edit_common(lambda common: named(common, "canal_contact")["symbols"].append("messagerie"), 2)
    copy.candidate(CLOS)
    copy.edit_own(CLOS, lambda own: own.update(commun=2), 2)

    assert copy.refused() == [f"{CLOS} v2, type bus.canal_contact : {TEXT}"]


def test_apaches_verdict_names_the_field() -> None:
    old = avro_schemas.read(CLOS)
    longer, without = deepcopy(old), deepcopy(old)
    adding(type="string", default=...)(longer)
    put("donnees.etat", type="int")(without)

    assert list(refusals(longer, old)) == [("donnees.ajout", "un champ absent de l’autre version n’a pas de défaut")]
    assert list(refusals(old, longer)) == []
    assert list(refusals(without, old)) == [("donnees.etat", "un type a changé")]


def test_where_our_rules_are_silent_apaches_verdict_is_told(
    copy: ContractCopy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("avro_schemas.gates.check.changes", lambda *_: [])
    copy.candidate(CLOS, adding(type="string", default=...))

    assert [line for line in copy.refused() if ", exemple «" not in line] == [
        (
            f"{CLOS} v2, champ donnees.ajout : v2 ne lit pas v1, un champ absent de l’autre version n’a pas de défaut, "
            "depuis v1 (FULL_TRANSITIVE). Revenez au texte d’avant, et n’ajoutez que des champs avec défaut ou des "
            "symboles."
        )
    ]


@settings(deadline=None, max_examples=60)
@given(data=st.data(), name=st.sampled_from(NAMES))
def test_what_our_rules_let_pass_apache_lets_pass_both_ways_and_fastavro_reads(data: st.DataObject, name: str) -> None:
    old = avro_schemas.read(name)
    new = data.draw(evolved(old))

    assert changes(old, new) == []
    for reader, writer in ((old, new), (new, old)):
        assert list(refusals(reader, writer)) == []
        wire = io.BytesIO()
        fastavro.schemaless_writer(wire, fastavro.parse_schema(writer), data.draw(records(writer)))
        wire.seek(0)
        fastavro.schemaless_reader(wire, fastavro.parse_schema(writer), fastavro.parse_schema(reader))
        assert wire.read() == b""


@settings(deadline=None, max_examples=60)
@given(data=st.data(), name=st.sampled_from(NAMES))
def test_every_random_break_is_found_under_its_rule(data: st.DataObject, name: str) -> None:
    old = avro_schemas.read(name)
    new, rule = data.draw(broken(old))

    assert rule in {change.rule for change in changes(old, new)}


def test_the_rules_between_versions_are_all_seeded_here() -> None:
    between = {rule for rule in Rule if rule.value.startswith("FULL_TRANSITIVE : ")}

    assert {
        rule for rule in between if any(f"({rule})" in line for _, _, lines in SEEDS.values() for line in lines)
    } == between
