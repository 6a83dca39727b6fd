"""Every sealed part that the bus keeps, wherever it lies, and what opens it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import psycopg
from helpers import stores
from helpers.system import System

from bus.codec import Codec, decode_body
from bus.registry import Registry
from bus.sealing import DataKey, KekRing, unseal
from bus.vault.keys import keys_by_id


def parts(system: System) -> Iterator[dict[str, Any]]:
    """Every sealed part that the outbox and the ledger still hold."""
    addresses = system.status()["plateforme"]
    codec = Codec(Registry(addresses["registre"]["url"], None))
    with psycopg.connect(addresses["base"]["dsn"]) as conn:
        for type_, version, body in conn.execute(
            "select type, version, body from journal.outbox where body is not null"
        ):
            yield from decode_body(type_, version, bytes(body)).get("scelle", [])
        for (value,) in conn.execute("select value from ledger.event"):
            yield from _of(codec.decode(bytes(value)))


def in_topics(system: System) -> Iterator[dict[str, Any]]:
    """Every sealed part of every record of the topics of events."""
    for topic, event in stores.events(system):
        if topic.endswith("evenements"):
            yield from _of(event)


def _of(event: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    more = event["enrichissement"] or {}
    yield from event["scelle"]
    yield from more.get("contact", [])
    if more.get("identite"):
        yield more["identite"]


def opened(system: System) -> tuple[set[str], set[str]]:
    """Give the names of the keys under which parts open today, and of those under which none does."""
    return openable(list(parts(system)), keys(system))


def openable(found: list[dict[str, Any]], keys_now: Mapping[str, DataKey]) -> tuple[set[str], set[str]]:
    """Open every part whose key exists; gives the names of the keys that opened, and of those that do not exist."""
    names = {part["cle_id"] for part in found}
    for part in found:
        if part["cle_id"] in keys_now:
            unseal(keys_now[part["cle_id"]], part["sorte"], part["version_schema"], part["octets"])
    return names & keys_now.keys(), names - keys_now.keys()


def keys(system: System, names: Iterable[str] | None = None) -> dict[str, DataKey]:
    """Give the keys of the vault that exist, among those named if any are."""
    ring = KekRing.load(system.data / "secrets" / "ingest")
    with psycopg.connect(system.status()["plateforme"]["base"]["dsn"]) as conn:
        every = [row[0] for row in conn.execute("select key_id from vault.key")]
        return keys_by_id(conn, ring, every if names is None else names)
