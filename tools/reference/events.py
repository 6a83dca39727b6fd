"""One page per event type, their catalogue, the envelope they share, and the sealed parts."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import avro_schemas
from avro_schemas import Schema
from avro_schemas.models import EVENT_VERSION, PART_VERSION
from bus.topics import EVENEMENTS, FLUX
from consumers.subscriptions.profiles import CASELOAD_ONLY, FIELDS, Profile, fields_of, given_data
from consumers.subscriptions.subscription import delivered
from tools.reference import story
from tools.reference.fields import enums, field, fields, records
from tools.reference.markdown import Pages, as_json, code, codes, link, page, section, table

ENVELOPE: Final = "enveloppe.md"
PARTS: Final = "parties-scellees.md"
_PEOPLE: Final = (
    "Les personnes des exemples sont inventées ; les NIR y sont masqués, le destinataire habilité en "
    "reçoit les 13 caractères."
)
_PROMISE: Final = (
    "Une version publiée ne change plus. La suivante est compatible dans les deux sens avec toutes les précédentes "
    "(FULL_TRANSITIVE) : elle n’ajoute que des champs qui ont un défaut, ne retire ni ne renomme rien, et une "
    "valeur de "
    "code inconnue se lit INCONNU. Un récepteur ignore les champs qu’il ne connaît pas."
)


def pages() -> Pages:
    """Give every page about events, by path."""
    types = {f"evenements/{type_}.md": _type(type_) for type_ in EVENT_VERSION}
    return types | {
        "evenements/README.md": _catalogue(),
        f"evenements/{ENVELOPE}": _envelope(),
        f"evenements/{PARTS}": _parts(),
    }


def _about_someone(type_: str) -> bool:
    return next(iter(story.titles(type_).values()))["cle_personne"] is not None


def _source_topic(type_: str) -> str:
    return EVENEMENTS if _about_someone(type_) else FLUX


def _catalogue() -> str:
    rows = (
        (
            link(code(type_), f"{type_}.md"),
            avro_schemas.read(type_)["doc"],
            code(_source_topic(type_)),
            avro_schemas.owner(type_),
            avro_schemas.versions(type_)[0],
            "oui" if delivered(type_) else "non, exploitation",
        )
        for type_ in EVENT_VERSION
    )
    columns = (
        "type",
        "ce qui s’est passé",
        "topic d’origine",
        "répond du schéma",
        "depuis la version",
        "livré aux abonnés",
    )
    return page(
        "Événements",
        "Un événement est une chose arrivée à une personne, au passé, immuable. "
        f"Tous portent la même {link('enveloppe', ENVELOPE)} ; ce qui est personnel voyage dans des "
        f"{link('parties scellées', PARTS)}, ouvertes à la dernière étape selon les droits du destinataire. "
        f"Les classes S0 à S7 sont dites dans {link('sensibilite.md', '../sensibilite.md')}.",
        table(columns, rows),
        section("Compatibilité", _PROMISE),
    )


def _type(type_: str) -> str:
    schema, said = avro_schemas.annotated(type_), avro_schemas.own(type_)
    donnees = field(schema, "donnees")
    return page(
        type_,
        schema["doc"],
        section("Quand il est émis", said["quand"]),
        section("Ce qu’il ne dit pas", said["ne_dit_pas"]),
        _received(type_),
        section(
            "Enregistrement Kafka",
            f"Sur {code(_source_topic(type_))}, clé {code('cle_personne' if _about_someone(type_) else 'flux_id')} ; "
            "en Avro, avec le préfixe Confluent.",
            section("donnees", fields(donnees), level=3),
            section("Codes", enums(donnees), level=3),
            section("Enveloppe", fields(schema, without=("donnees",)), _shared_groups(), level=3),
        ),
        section("Exemples", _PEOPLE, *_examples(type_)),
        section("Versions", table(("version", "champs de donnees"), _versions(type_)), _PROMISE),
    )


def _shared_groups() -> str:
    return f"Les groupes et les codes communs à tous les types sont détaillés dans {link('enveloppe.md', ENVELOPE)}."


def _versions(type_: str) -> Iterator[tuple[object, ...]]:
    for version in avro_schemas.versions(type_):
        names = [one["name"] for one in field(avro_schemas.read(type_, version), "donnees")["fields"]]
        yield version, codes(names)


def _received(type_: str) -> str:
    """Say what leaves to a partner: the body of an example, and which of its fields which profile gets."""
    if not delivered(type_):
        return section(
            "Ce que reçoit un partenaire", "Rien : ce type n’est livré à aucun abonné, il sert l’exploitation."
        )
    title, body = _shown(type_)
    return section(
        "Ce que reçoit un partenaire",
        f"Corps du webhook pour le profil {code(story.SHOWN)}, de l’exemple {code(title)} ci-dessous ; les mêmes "
        f"champs "
        "arrivent par tous les canaux.",
        as_json(body),
        table(
            ("champ de data", "ce que c’est", *(code(one) for one in _open_profiles())), _granted(type_, body["data"])
        ),
        "« oui » : le profil le reçoit quand l’événement le porte. « sur demande » : un abonnement sans profil peut "
        "le nommer dans "
        f"{code('champs')}. Un groupe absent de {code('portee')} n’était pas dans l’événement, ou n’est pas dans "
        f"vos droits.",
    )


def _open_profiles() -> list[Profile]:
    return [one for one in Profile if one not in CASELOAD_ONLY]


def _shown(type_: str) -> tuple[str, dict[str, Any]]:
    """Give the example that fills most groups, and its body."""
    bodies = {title: body for title, one in story.titles(type_).items() if (body := story.webhook(type_, one))}
    title = max(bodies, key=lambda name: len(bodies[name]["data"]["portee"]))
    return title, bodies[title]


def _granted(type_: str, data: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Give, field by field, who receives it: what every event says, its own data, then the groups of a person."""
    schema = avro_schemas.read(type_)
    for name in data:
        if name not in FIELDS and name != "donnees":
            yield code(name), _envelope_word(schema, name), *("oui" for _ in _open_profiles())
    for one in field(schema, "donnees")["fields"]:
        name = one["name"]
        given = (name in given_data(type_, fields_of(profile)) for profile in _open_profiles())
        yield code(f"donnees.{name}"), one["doc"], *(_answer(one, f"donnees.{name}") for one in given)
    for group in (name for name in data if name in FIELDS):
        for leaf in sorted(one for one in FIELDS[group] if one.partition(".")[0] == group):
            yield code(leaf), _leaf_word(schema, leaf), *_answers(leaf)


def _answers(leaf: str) -> Iterator[str]:
    for profile in _open_profiles():
        yield _answer(leaf in fields_of(profile), leaf)


def _answer(granted: bool, name: str) -> str:  # noqa: FBT001 - the one thing it turns into a word
    if granted:
        return "oui"
    return "sur demande" if name in FIELDS else "non"


_WORDS: Final[Mapping[str, str]] = {
    "autorite": "Autorité par laquelle l’événement arrive (52, 20R, 69M).",
    "commune_insee": "Code INSEE de la commune déclarée par la source.",
    "portee": "Groupes remplis dans ce corps-ci.",
    "contact.telephones": "Numéros E.164 dans l’ordre du rang : numero, type, rang, consentement, source, modifie_le.",
    "contact.courriels": "Adresses dans l’ordre du rang : adresse, rang, consentement, source, modifie_le.",
}


def _envelope_word(schema: Schema, name: str) -> str:
    if name in _WORDS:
        return _WORDS[name]
    return str(next(one["doc"] for one in schema["fields"] if one["name"] == name))


def _leaf_word(schema: Schema, leaf: str) -> str:
    group, _, name = leaf.partition(".")
    if leaf in _WORDS:
        return _WORDS[leaf]
    if group in PART_VERSION:
        part = avro_schemas.read(f"scelle.{group}")
        return str(next(one["doc"] for one in part["fields"] if one["name"] == (name or group)))
    return str(next(one["doc"] for one in records(schema)[f"bus.{group}"]["fields"] if one["name"] == name))


def _examples(type_: str) -> Iterator[str]:
    for title, example in story.titles(type_).items():
        yield section(title, as_json(example), level=3)


def _envelope() -> str:
    schema = avro_schemas.annotated(next(iter(EVENT_VERSION)))
    groups = [
        section(code(name), one["doc"], fields(one), level=3)
        for name, one in records(schema).items()
        if name.startswith("bus.")
    ]
    return page(
        "Enveloppe commune",
        "Les champs que tout événement porte, dans cet ordre, puis les groupes qu’ils contiennent. "
        f"{code('donnees')} est propre à chaque type ; {code('enrichissement')} est ajouté par le routage.",
        section("Champs", fields(schema, without=("donnees",))),
        section("Groupes", *groups),
        section("Codes", enums([one["type"] for one in schema["fields"] if one["name"] != "donnees"])),
        section("Compatibilité", _PROMISE),
    )


def _parts() -> str:
    return page(
        "Parties scellées",
        "Ce qui est personnel est chiffré sous la clé de la personne dès la lecture du fichier, et n’est ouvert "
        "qu’à la "
        "dernière étape, pour un destinataire qui y a droit. Détruire la clé efface partout. Le texte clair d’une "
        "partie "
        f"est de l’Avro, sous le schéma {code('scelle.<sorte>')}.",
        _PEOPLE,
        *(_part(sorte) for sorte in PART_VERSION),
    )


def _part(sorte: str) -> str:
    name = f"scelle.{sorte}"
    schema = avro_schemas.annotated(name)
    shown = (
        as_json({key: story.mask(value) if key == "nir" else value for key, value in example.items()})
        for example in avro_schemas.examples(name, PART_VERSION[sorte]).values()
    )
    versions = ", ".join(map(str, avro_schemas.versions(name)))
    return section(name, schema["doc"], fields(schema), enums(schema), *shown, f"Versions : {versions}.")
