"""The sealed parts that a running system keeps, and which of them open with the keys of today."""

from collections.abc import Iterator
from typing import Any

import psycopg
from helpers.system import System

from bus.codec import Codec, decode_body
from bus.registry import Registry
from bus.sealing import KekRing, unseal
from bus.vault import keys_by_id


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
            event = codec.decode(bytes(value))
            yield from event["scelle"]
            yield from (event["enrichissement"] or {}).get("contact", [])


def opened(system: System) -> tuple[set[str], set[str]]:
    """Give the names of the keys under which parts open today, and of those under which none does."""
    ring = KekRing.load(system.data / "secrets" / "ingest")
    all_parts = list(parts(system))
    with psycopg.connect(system.status()["plateforme"]["base"]["dsn"]) as conn:
        keys = keys_by_id(conn, ring, {part["cle_id"] for part in all_parts})
    for part in all_parts:
        if part["cle_id"] in keys:
            unseal(keys[part["cle_id"]], part["sorte"], part["version_schema"], part["octets"])
    return set(keys), {part["cle_id"] for part in all_parts} - set(keys)
