"""The checker of the end-to-end oracles: what receivers kept, against the truth of the invented lives."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Told = tuple[str, str, str, str]
"""person, type, date_effet, authority"""


@dataclass(frozen=True)
class Expected:
    """What one subscription is owed, computed from the truth."""

    territory: frozenset[str]
    types: frozenset[str] | None  # None: every type

    def of(self, truth: Mapping[str, Any]) -> Counter[Told]:
        return Counter(
            (event["personne"], event["type"], event["date_effet"], event["autorite"])
            for event in truth["evenements"]
            if event["autorite"] in self.territory and (self.types is None or event["type"] in self.types)
        )


def who_is_who(truth: Mapping[str, Any]) -> dict[tuple[str, str, str], str]:
    """Map an identity that a receiver can see to the person of the truth."""
    return {identity_of(person["identite"]): person["cle"] for person in truth["personnes"]}


def identity_of(identity: Mapping[str, Any]) -> tuple[str, str, str]:
    return identity["nom"], " ".join(identity["prenoms"]), identity["date_naissance"]


def told(bodies: Iterable[Mapping[str, Any]], people: Mapping[tuple[str, str, str], str]) -> Counter[Told]:
    """Read the webhooks as facts about persons of the truth."""
    return Counter(
        (
            people.get(identity_of(body["data"]["identite"]), "unknown person"),
            body["type"],
            body["data"]["date_effet"],
            body["data"]["autorite"],
        )
        for body in bodies
    )


def once(lines: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Keep the first copy of each delivery, by `webhook-id`; a copy must say the same thing."""
    first: dict[str, Mapping[str, Any]] = {}
    for line in lines:
        kept = first.setdefault(line["webhook_id"], line["corps"])
        assert kept == line["corps"], f"two bodies under the same webhook-id {line['webhook_id']}"
    return list(first.values())


def copies(lines: Iterable[Mapping[str, Any]]) -> int:
    """Count the deliveries received again under the same `webhook-id`."""
    counts = Counter(line["webhook_id"] for line in lines)
    return sum(count - 1 for count in counts.values())


def check_order(bodies: Iterable[Mapping[str, Any]]) -> None:
    """Sequences are gap-free from 1, and observations never go back in time, per subject."""
    lanes: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for body in bodies:
        lanes[body["subject"]].append(body)
    for subject, lane in lanes.items():
        assert [body["sequence"] for body in lane] == list(range(1, len(lane) + 1)), subject
        days = [body["time"][:10] for body in lane]
        assert days == sorted(days), f"{subject}: {days}"


def difference(got: Counter[Told], owed: Counter[Told]) -> str:
    """Say what differs, a few lines of each side, by type."""
    missing, extra = owed - got, got - owed
    by_type = Counter(f"missing {fact[1]}" for fact in missing.elements())
    by_type.update(f"extra {fact[1]}" for fact in extra.elements())
    return f"{dict(by_type)}\nmissing: {list(missing.items())[:8]}\nextra: {list(extra.items())[:8]}"


def leaves(value: Any, path: str = "") -> Iterable[str]:
    """Give the path of every value of a body, lists flattened."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from leaves(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, path)
    else:
        yield path
