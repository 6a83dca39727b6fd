"""Lives of invented persons for the stream stage, and what its changelog must hold of them in the end."""

import uuid
from pathlib import Path
from typing import Any

from helpers.stream_cases import phone, record
from helpers.stream_worker import Bench
from helpers.wait import eventually

from bus import topics
from bus.platform import Platform
from bus.registry import Registry, apply_contract
from streams.person import State


def prepared(platform: Platform, folder: Path) -> Bench:
    """Give a bench on a platform that has the topics and the schemas."""
    topics.apply(platform.settings)
    apply_contract(Registry(str(platform.settings.registry_url)))
    return Bench(platform.settings, folder)


def life(person: str, *, ideparte: str = "52", commune: str | None = None) -> list[dict[str, Any]]:
    """Give the events of one person: contact first, entry, new contact, departure, what follows it."""
    return [
        record("contact.mis_a_jour", person=person, scelle=[phone(b"first")]),
        record("rsa.droits_devoirs.entree", day=2, person=person, ideparte=ideparte, commune=commune),
        record("adresse.changee", day=3, person=person, ideparte=ideparte, commune=commune),
        record("contact.mis_a_jour", day=5, person=person, scelle=[phone(b"second")]),
        record("rsa.mutation.sortante", day=9, person=person, ideparte=ideparte, commune=commune),
        record("rsa.mutation.entrante", day=10, person=person, ideparte="21", source="cnaf/caf-211"),
        record("contact.mis_a_jour", day=12, person=person, scelle=[phone(b"third")]),
    ]


def somebody() -> str:
    return uuid.uuid4().hex


def crowd(bench: Bench, count: int) -> None:
    """Feed the lives of several persons, interleaved."""
    lives = [life(somebody()) for _ in range(count)]
    for turn in zip(*lives, strict=True):
        bench.feed(*turn)


def content(state: State) -> State:
    """Give a state without its place in the log, which only the broker knows, nor what a later release adds."""
    return state._replace(journal=0, vu=-1, inconnues=())


def check_states(bench: Bench) -> None:
    wanted = {key: content(state) for key, state in bench.persons.items()}
    eventually(
        lambda: {key: content(state) for key, state in bench.states().items()} == wanted,
        timeout=30,
        what="the state that the events give",
    )
