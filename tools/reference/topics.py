"""The page of the topics, as they are declared."""

from typing import Final

from bus import topics
from bus.territory import authorities
from bus.topics import TOPICS, Topic
from tools.reference.markdown import Pages, code, page, section, table

_CODE: Final = "<code>"
_SLUG: Final = "<slug>"


def pages() -> Pages:
    """Give the page."""
    shown = [one for one in TOPICS if one.name not in _of_authorities()]
    own = topics.abonne(_SLUG)
    example = next(one for one in TOPICS if one.name in _of_authorities())
    rows = [*map(_row, shown), _row(example, topics.departement(_CODE), "événements d’une autorité"), _row(own)]
    columns = ("topic", "partitions", "conservation", "clé", "écrit par", "ce qu’il porte")
    return {
        "topics.md": page(
            "Topics",
            "Déclarés en un seul endroit, jamais créés d’eux-mêmes ; un broker qui diffère est refusé au démarrage "
            f"({code('bus topics check')}). Le nombre de partitions ne change jamais : l’ordre par personne en dépend.",
            table(columns, rows),
            section("Réglages du broker", table(("réglage", "valeur"), _config(shown))),
            section(
                "Codes des autorités",
                f"{len(authorities())} autorités, un topic chacune.",
                table(("code", "autorité", "topic"), _authorities()),
            ),
        )
    }


def _of_authorities() -> frozenset[str]:
    return frozenset(topics.departement(one) for one in authorities())


def _row(topic: Topic, name: str | None = None, purpose: str | None = None) -> tuple[object, ...]:
    kept = "compacté" if topic.retention_days is None else f"{topic.retention_days} jours"
    return code(name or topic.name), topic.partitions, kept, topic.key, topic.owner, purpose or topic.purpose


def _config(shown: list[Topic]) -> list[tuple[str, str]]:
    common = set.intersection(*(set(one.config.items()) for one in shown))
    return [(code(key), code(value)) for key, value in sorted(common)]


def _authorities() -> list[tuple[str, str, str]]:
    return [(code(one), said.label, code(topics.departement(one))) for one, said in sorted(authorities().items())]
