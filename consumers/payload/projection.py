"""What one recipient gets of one event: exactly the fields of its subscription, as CloudEvents data. Pure.

The keys are those of the normative example; a group that the event does not hold, or that the recipient has no right
to, is absent as a key. A contact point whose owner refused, or whose consent cannot be read, never leaves.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, TypeAlias

import orjson

from avro_schemas.models import EVENT_VERSION
from consumers.subscriptions.profiles import ENRICHED, GROUPS, given_data

Fieldset: TypeAlias = Mapping[str, Any]
Open: TypeAlias = Callable[[Fieldset], Mapping[str, Any]]
"""Opens one sealed part (a ``bus.partie_scellee``) into its record."""

SEALED: Final = ("identite", "contact", "adresse", "nir", "matricule", "motifs")
"""The groups of a body that sealed parts fill, in its order: all kinds of parts, as a test of the contract sees to."""
_REPLACES_CONTACT: Final = "contact.mis_a_jour"
"""The type that says what the contact now is: of it, two empty lists are news; of another, they say nothing."""
_MAY_LEAVE: Final = frozenset({"accorde", "inconnu", None})
_CHANNELS: Final = {"telephone": ("telephones", "numero"), "courriel": ("courriels", "adresse")}


Parts: TypeAlias = Mapping[str, list[Fieldset]]
"""The sealed parts that a projection opens, by group."""


@lru_cache(maxsize=1024)
def _groups_of(fields: frozenset[str]) -> frozenset[str]:
    return frozenset(leaf.partition(".")[0] for leaf in fields)


@dataclass(frozen=True, slots=True)
class Selected:
    """An event, the authority by whose topic it came, and the sealed parts that one recipient may have."""

    event: Fieldset
    authority: str
    parts: Parts

    @property
    def key_ids(self) -> set[str]:
        """The keys that the parts need."""
        return {part["cle_id"] for group in self.parts.values() for part in group}


def select(event: Fieldset, authority: str, fields: frozenset[str]) -> Selected:
    """Choose the parts to open, and no other: the event's own, else what the enrichment joined."""
    groups = _groups_of(fields)
    enriched = event.get("enrichissement") or {}
    found: dict[str, list[Fieldset]] = {group: [] for group in SEALED}
    for part in event["scelle"]:
        if part["sorte"] in groups and part["sorte"] in found:
            found[part["sorte"]].append(part)
    if "contact" in groups:
        found["contact"] = list(_contacts(enriched.get("contact") or found["contact"], fields))
    if "identite" in groups and not found["identite"] and enriched.get("identite"):
        found["identite"] = [enriched["identite"]]
    return Selected(event, authority, found)


def _contacts(parts: list[Fieldset], fields: frozenset[str]) -> Iterator[Fieldset]:
    """Keep the contact points that may leave, each value once."""
    seen: set[bytes] = set()
    for part in parts:
        group = _CHANNELS.get(part["canal"])
        if group is None or f"contact.{group[0]}" not in fields or part["consentement"] not in _MAY_LEAVE:
            continue
        if part["empreinte"] is not None and part["empreinte"] in seen:
            continue
        seen.add(part["empreinte"])
        yield part


def data(selected: Selected, fields: frozenset[str], open_: Open) -> bytes:
    """Give the ``data`` member as JSON.

    Args:
        selected: what ``select`` gave for the same fields.
        fields: what the subscription gives.
        open_: opens a part; called for those of ``selected`` only.
    """
    event, parts = selected.event, selected.parts
    told = {group: _group(group, event, parts, fields, open_) for group in SEALED}
    groups = {group: value for group, value in told.items() if value is not None}
    given = given_data(event["type"], fields)
    body: dict[str, Any] = {
        "date_effet": event["date_effet"],
        "autorite": selected.authority,
        "commune_insee": event["territoire"]["commune_insee"],
        "portee": [group for group in SEALED if _filled(groups.get(group))],
        "donnees": {name: value for name, value in event["donnees"].items() if name in given},
    }
    body |= {name: event[name] for name in ("corrige", "annule") if event[name] is not None}
    return orjson.dumps(body | groups | _enriched(event, fields))


def _filled(value: object) -> bool:
    """Tell whether a group holds something: a contact of two empty lists does not."""
    return any(value.values()) if isinstance(value, dict) else value is not None


def _group(group: str, event: Fieldset, parts: Parts, fields: frozenset[str], open_: Open) -> Any:  # noqa: ANN401 - any JSON
    """Give a group as a body tells it: the fields of its part, but for contact points and the NIR by itself."""
    if group == "contact":
        return _contact(event, parts[group], fields, open_)
    if group == "nir":
        return open_(parts[group][0])["nir"] if parts[group] else None
    return _record(group, parts, fields, open_)


def _record(group: str, parts: Parts, fields: frozenset[str], open_: Open) -> dict[str, Any] | None:
    if not parts[group]:
        return None
    opened = open_(parts[group][0])
    granted = {name: opened.get(name) for name in GROUPS[group] if f"{group}.{name}" in fields}
    return {name: value for name, value in granted.items() if value is not None} or None


def _contact(event: Fieldset, parts: list[Fieldset], fields: frozenset[str], open_: Open) -> dict[str, Any] | None:
    """Give both lists in rank order; an event that replaces the contact says so even when nothing is left of it."""
    if not any(name.startswith("contact.") for name in fields):
        return None
    if not parts and event["type"] != _REPLACES_CONTACT:
        return None
    lists: dict[str, list[dict[str, Any]]] = {name: [] for name in GROUPS["contact"] if f"contact.{name}" in fields}
    for part in sorted(parts, key=lambda one: one["rang"] or 0):
        name, value = _CHANNELS[part["canal"]]
        lists[name].append(_point(part, value, open_(part)["valeur"]))
    return lists


def _point(part: Fieldset, name: str, value: str) -> dict[str, Any]:
    kind = {"type": part["type"] or "inconnu"} if part["canal"] == "telephone" else {}
    rest = {"rang": part["rang"], "consentement": part["consentement"] or "inconnu"}
    return {name: value, **kind, **rest, "source": part["source"], "modifie_le": part["modifie_le"]}


def _enriched(event: Fieldset, fields: frozenset[str]) -> dict[str, Any]:
    enriched = event.get("enrichissement") or {}
    groups: dict[str, Any] = {}
    for group in ENRICHED:
        granted = [name for name in GROUPS[group] if f"{group}.{name}" in fields]
        if granted and event["cle_personne"] is not None:
            groups[group] = {name: (enriched.get(group) or {}).get(name) for name in granted}
    return groups


@dataclass(frozen=True, slots=True)
class Recipient:
    """To whom a delivery goes: subscription, pseudonym (None for an event about no person), number in its lane."""

    subscription_id: str
    subject: str | None
    sequence: int


def cloud_event(event: Fieldset, data_: bytes, address: Recipient) -> bytes:
    """Give the body to sign and send, CloudEvents 1.0 in JSON, around what ``data`` gave."""
    head = {
        "specversion": "1.0",
        "id": event["id"],
        "type": event["type"],
        "source": event["source"],
        "time": utc(event["date_observation"]),
    }
    if address.subject is not None:
        head["subject"] = address.subject
    rest = {
        "dataschema": f"/schemas/{event['type']}/{EVENT_VERSION[event['type']]}",
        "datacontenttype": "application/json",
        "sequence": address.sequence,
        "abonnement": address.subscription_id,
        "data": orjson.Fragment(data_),
    }
    return orjson.dumps(head | rest)


def utc(moment: datetime) -> str:
    """Write an instant as RFC 3339 in UTC, ending in Z; the fraction only where there is one."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
