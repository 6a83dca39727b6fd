"""The numbers of the story, twice: as the bus and its receivers measured them, and as the invented lives say. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

ENTRY: Final = "rsa.droits_devoirs.entree"
CONTACT: Final = "contact.mis_a_jour"
ReceivedJson = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Numbers:
    """What a decision maker wants to know of the last month.

    Attributes:
        people: adults that the caisses' files hold.
        entered: entries into droits et devoirs in the month.
        callable_now: of those, how many have a contact known today.
        waits: days that entrants whose contact came later had to wait for it, one number per entrant, sorted.
        webhooks: deliveries received, over the whole run.
        quarantined: events that no authority could be found for, by reason.
        refused_files: by motif.
        refused_records: how many records were put aside.
    """

    people: int
    entered: int
    callable_now: int
    waits: tuple[int, ...] = ()
    webhooks: int = 0
    quarantined: Mapping[str, int] = field(default_factory=dict)
    refused_files: Mapping[str, int] = field(default_factory=dict)
    refused_records: int = 0


@dataclass(frozen=True, slots=True)
class Seen:
    """One told fact about one person, whoever tells it: a receiver's webhook or the truth."""

    person: str
    type: str
    effect: date
    authority: str
    has_contact: bool


def from_webhook(body: ReceivedJson) -> Seen:
    """Read a webhook as a fact; the pseudonym is the person."""
    data = body["data"]
    contact = data.get("contact") or {}
    reachable = bool(contact.get("telephones") or contact.get("courriels"))
    effect = date.fromisoformat(data["date_effet"])
    return Seen(body["subject"], body["type"], effect, data["autorite"], reachable)


def from_truth(event: ReceivedJson) -> Seen:
    """Read an event of the truth as a fact."""
    reachable = bool(event.get("contact_connu")) or event["type"] == CONTACT
    effect = date.fromisoformat(event["date_effet"])
    return Seen(event["personne"], event["type"], effect, event["autorite"], reachable)


def entrants(facts: Iterable[Seen], month: str) -> dict[tuple[str, str], Seen]:
    """Give the entries of a month (``AAAA-MM``), by person and authority; the last one when there are several."""
    return {
        (fact.person, fact.authority): fact
        for fact in facts
        if fact.type == ENTRY and fact.effect.isoformat().startswith(month)
    }


def waits(facts: Iterable[Seen], entered: Mapping[tuple[str, str], Seen]) -> dict[tuple[str, str], int]:
    """Give how many days each entrant waited for a contact: 0 when known at the entry, absent while unknown."""
    found = {key: 0 for key, entry in entered.items() if entry.has_contact}
    for fact in facts:
        key = (fact.person, fact.authority)
        if fact.type == CONTACT and fact.has_contact and key in entered and key not in found:
            later = (fact.effect - entered[key].effect).days
            if later >= 0:
                found[key] = later
    return found


def numbers(facts: Iterable[Seen], month: str, **counted: Any) -> Numbers:  # noqa: ANN401 - the other fields of Numbers
    """Put the facts of one side together."""
    told = sorted(facts, key=lambda fact: fact.effect)
    entered = entrants(told, month)
    days = waits(told, entered)
    return Numbers(
        entered=len(entered),
        callable_now=len(days),
        waits=tuple(sorted(day for day in days.values() if day > 0)),
        webhooks=len(told),
        **counted,
    )


def true_numbers(truth: ReceivedJson, month: str) -> Numbers:
    """Give the numbers that the invented lives imply."""
    withheld = truth.get("quarantaines", [])
    people = {e["personne"] for e in (*truth["evenements"], *withheld) if e["type"].startswith("rsa.")}
    files = truth["fichiers"]
    return numbers(
        [from_truth(event) for event in truth["evenements"]],
        month,
        people=len(people),
        quarantined=dict(Counter(event["raison"] for event in withheld)),
        refused_files=dict(Counter(file["motif"] for file in files if file["verdict"] == "rejete")),
        refused_records=sum(file.get("rejets", 0) for file in files if file["verdict"] == "accepte"),
    )


def differences(measured: Numbers, true: Numbers) -> list[str]:
    """Name the numbers that are not the truth's, with both values; none when the story is true."""
    return [
        f"{name} : mesuré {getattr(measured, name)}, vérité {getattr(true, name)}"
        for name in Numbers.__dataclass_fields__
        if getattr(measured, name) != getattr(true, name)
    ]
