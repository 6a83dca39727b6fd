"""A field without a right, a type without owner, meaning or rule, and words that nothing reads are refused."""

from pathlib import Path
from typing import Any

import pytest
from helpers.contract_copy import ContractCopy, Edit, added, adding, field

CLOS = "rsa.droit.clos"
RIGHTS = (
    "toujours, interne, identite, contact, adresse, nir, matricule, droit, motifs, inscription_ft, orientation, "
    "echeances, preuve"
)
DROIT = f"(le droit qui ouvre chaque champ). Ajoutez « droit » : {RIGHTS}."
TOUJOURS = "(sans droit nommé : S0 et S1 seulement). Donnez-lui un droit nommé, celui de sa ligne de la matrice."
CLE = "(des mots que le contrat connaît). Corrigez-le : rien ne le lit, et il partirait au registre."


@pytest.fixture
def copy(tmp_path: Path) -> ContractCopy:
    return ContractCopy(tmp_path, CLOS, "contact.mis_a_jour", "scelle.motifs")


def group(**change: Any) -> dict[str, Any]:
    return {"type": "record", "namespace": "rsa.droit", "name": "g", "doc": "Un groupe.", "fields": [added(**change)]}


SEEDS: dict[str, tuple[str, Edit, str]] = {
    "no right": (CLOS, adding(droit=...), f"champ donnees.ajout : pas de droit {DROIT}"),
    "a right that does not exist": (
        CLOS,
        adding(droit="tous"),
        f"champ donnees.ajout : pas de droit qui s’appelle tous {DROIT}",
    ),
    "everybody's, of a class that not everybody may know": (
        CLOS,
        adding(droit="toujours"),
        f"champ donnees.ajout : part avec tout événement alors que sa classe est S4 {TOUJOURS}",
    ),
    "everybody's, with such a class inside": (
        CLOS,
        adding(sensibilite="S1", droit="toujours", type=["null", group(droit=...)]),
        f"champ donnees.ajout : part avec tout événement alors que sa classe est S4 {TOUJOURS}",
    ),
    "a sealed field without right": (
        "scelle.motifs",
        lambda schema: schema["fields"].append(added(droit=...)),
        f"champ ajout : pas de droit {DROIT}",
    ),
    "a sealed field that everybody would get": (
        "scelle.motifs",
        lambda schema: schema["fields"].append(added(sensibilite="S5", droit="toujours")),
        f"champ ajout : part avec tout événement alors que sa classe est S5 {TOUJOURS}",
    ),
    "a word misspelt on a field": (CLOS, adding(droits="droit"), f"champ ajout : « droits » {CLE}"),
}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_field_that_no_right_opens_or_that_opens_to_all_is_refused(seed: str, copy: ContractCopy) -> None:
    name, edit, line = SEEDS[seed]
    copy.candidate(name, edit)

    assert copy.refused() == [f"{name} v2, {line}"]


def test_a_group_is_opened_as_a_whole_by_the_field_that_holds_it(copy: ContractCopy) -> None:
    copy.candidate(CLOS, adding(sensibilite="S1", droit=..., type=["null", group(sensibilite="S1", droit="droit")]))

    assert copy.refused() == [f"{CLOS} v2, champ donnees.ajout : pas de droit {DROIT}"]


def test_a_right_may_change_without_a_new_version_and_is_no_part_of_what_was_released(copy: ContractCopy) -> None:
    copy.edit_own(CLOS, lambda own: own["fields"][-1].update(droit="toujours"))

    assert copy.refused() == [
        f"{CLOS} v1, champ donnees.regularisation_anterieure : part avec tout événement alors que sa classe est S4 "
        + TOUJOURS
    ]


@pytest.mark.parametrize(
    ("edit", "line"),
    [
        (lambda event: field(event, "id").pop("droit"), f"bus.evenement.id : pas de droit {DROIT}"),
        (
            lambda event: field(event, "enrichissement").update(type=["null", "string"]),
            f"bus.evenement.enrichissement : pas de droit {DROIT}",
        ),
        (
            lambda event: field(event, "scelle").update(droit="toujours"),
            f"bus.evenement.scelle : part avec tout événement alors que sa classe est S5 {TOUJOURS}",
        ),
    ],
)
def test_what_events_share_has_its_rights_too(edit: Edit, line: str, copy: ContractCopy) -> None:
    copy.edit_common(lambda common: edit(common[-1]))

    assert f"common v1, champ {line}" in copy.refused()


@pytest.mark.parametrize(
    ("word", "line"),
    [
        ("responsable", "personne n’en répond (un responsable par type). Ajoutez « responsable » à donnees.avsc."),
        (
            "quand",
            "ne dit pas quand il est émis (ce qu’un événement dit, et ne dit pas). Ajoutez « quand » à donnees.avsc.",
        ),
        (
            "ne_dit_pas",
            (
                "ne dit pas ce que nul ne doit en conclure (ce qu’un événement dit, et ne dit pas). "
                "Ajoutez « ne_dit_pas » à donnees.avsc."
            ),
        ),
        (
            "dit_par",
            (
                "aucune règle ne le dit (une règle qui le dit). "
                "Ajoutez « dit_par » à donnees.avsc : le nom de la règle, difference-1 par exemple."
            ),
        ),
    ],
)
@pytest.mark.parametrize("said", [None, " "])
def test_a_type_that_does_not_say_all_that_is_asked_of_it_is_refused(
    word: str, line: str, said: str | None, copy: ContractCopy
) -> None:
    copy.edit_own(CLOS, lambda own: own.pop(word) if said is None else own.update({word: said}))

    assert copy.refused() == [f"{CLOS} : {line}"]


def test_a_sealed_part_that_nobody_owns_is_refused(copy: ContractCopy) -> None:
    copy.edit_own("scelle.motifs", lambda own: own.pop("responsable"))

    assert [line.partition(" (")[0] for line in copy.refused()] == ["scelle.motifs : personne n’en répond"]


def test_a_word_misspelt_is_refused_before_it_reaches_the_registry(copy: ContractCopy) -> None:
    copy.candidate(CLOS)
    copy.edit_own(CLOS, lambda own: own.update(resposable="ingestion", sans_effet="oui"), number=2)

    assert copy.refused() == [
        f"{CLOS} v2 : « resposable » {CLE}",
        f"{CLOS} : « sans_effet » n’est pas true (des mots que le contrat connaît). Écrivez true, ou retirez-le.",
    ]


@pytest.mark.parametrize("commun", [9, "1", [1], None])
def test_a_type_follows_a_version_of_what_is_common(commun: Any, copy: ContractCopy) -> None:
    copy.edit_own(CLOS, lambda own: own.update(commun=commun))

    assert copy.refused() == [f"{CLOS} v1 : « commun » ne dit aucune version de common (enveloppe fixe). Écrivez v1."]


@pytest.mark.parametrize("text", ["[]", "{}", "3", '[{"type": "record"}]', "[1]", '{"type":'])
def test_any_json_where_the_common_stands_is_refused_not_a_crash(text: str, copy: ContractCopy) -> None:
    copy.root.joinpath("common", "v1.avsc").write_text(text, encoding="utf-8")

    assert copy.refused()[0].startswith("common v1 : ce n’est pas ")
