"""The declared topics: create them, compare a broker or its file with them, list them."""

from dataclasses import dataclass
from pathlib import Path

from bus import production
from bus import topics as declared
from bus.settings import Settings


@dataclass(frozen=True, slots=True)
class TopicRow:
    """One declared topic, as people read it."""

    topic: str
    partitions: int
    conservation: str
    ecrit_par: str
    objet: str


@dataclass(frozen=True, slots=True)
class TopicsApplied:
    """The topics that were missing, and how many are declared."""

    crees: list[str]
    declares: int


def apply(settings: Settings) -> TopicsApplied:
    """Create the topics that are missing; changes none.

    Raises:
        Misconfigured: the broker differs from the declaration, or refuses this account.
        Unavailable: it does not answer.
    """
    return TopicsApplied(list(declared.apply(settings)), len(declared.TOPICS))


def check(settings: Settings) -> int:
    """Compare the broker with the declaration, and in production with what is prudent; gives how many are declared.

    Raises:
        Misconfigured: names every fault.
        Unavailable: the broker does not answer.
    """
    production.check(settings)
    return len(declared.TOPICS)


def check_file(file: Path) -> None:
    """Refuse a ``server.properties`` that production does not allow.

    Raises:
        Misconfigured: names every fault.
    """
    production.check_properties(file.read_text("iso-8859-1"))  # Java's, which reads any file


def listed() -> list[TopicRow]:
    """Give the declared topics."""
    return [
        TopicRow(
            topic.name,
            topic.partitions,
            "compacté" if topic.retention_days is None else f"{topic.retention_days} j",
            topic.owner,
            topic.purpose,
        )
        for topic in declared.TOPICS
    ]
