"""Everything that the bus keeps, as bytes and decoded, so that a scan can look for what must not be readable."""

import contextlib
import json
import re
import shutil
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
from confluent_kafka import OFFSET_BEGINNING, Consumer, Message, TopicPartition
from helpers.system import System

from bus.codec import Codec, decode_body
from bus.errors import InvalidEvent
from bus.registry import Registry

Piece = tuple[str, bytes]
"""where it was found, what it is"""

_DIGITS = re.compile(rb"\d{9,}")
_LONGEST_NAME = 64
_PADDING = bytes(256)
_MAILS = re.compile(rb"[a-z0-9._-]+@example\.(?:fr|org)")


class Needles:
    """What no store may show: names, numbers, phones and addresses of the invented people."""

    def __init__(self, truth: Mapping[str, Any]) -> None:
        self.names: set[bytes] = set()
        self.numbers: set[bytes] = set()
        self.mails: set[bytes] = set()
        for person in truth["personnes"]:
            self._add(person)

    def _add(self, person: Mapping[str, Any]) -> None:
        name = person["identite"]["nom"]
        self.names |= {name.encode(), name.encode("cp1252", errors="ignore")}
        if person["identite"].get("nir13"):
            self.numbers.add(person["identite"]["nir13"].encode())
        self.numbers |= {dossier["numdemrsa"].encode() for dossier in person["dossiers"]}
        self.numbers |= {phone[3:].encode() for phone in person["contact"]["telephones"]}
        self.mails |= {mail.lower().encode() for mail in person["contact"]["courriels"]}

    def in_(self, content: bytes) -> set[bytes]:
        """Give the needles that a piece shows, in one-byte and in two-byte characters."""
        content = content.replace(_PADDING, b"\0")  # preallocated files are nothing else
        return self._plain(content) | (self._plain(content.replace(b"\0", b"")) if b"\0" in content else set())

    def _plain(self, content: bytes) -> set[bytes]:
        found = {mail for mail in _MAILS.findall(content.lower()) if mail in self.mails}
        for run in _DIGITS.findall(content):
            windows = {run[i : i + n] for n in (9, 11, 13) for i in range(len(run) - n + 1)}
            found |= windows & self.numbers
        start = content.find(b"ZZ")
        while start != -1:  # every invented surname begins so, and no French one does
            found |= {content[start : start + n] for n in range(5, _LONGEST_NAME)} & self.names
            start = content.find(b"ZZ", start + 1)
        return found


def files(system: System) -> Iterator[Piece]:
    """Every file of the data folder, secrets aside: logs, segments, database, registry, state, spool, reports."""
    for path in sorted(system.data.rglob("*")):
        if path.is_file() and "secrets" not in path.parts:
            try:
                yield str(path.relative_to(system.data)), path.read_bytes()
            except FileNotFoundError:  # a live store has compacted it away
                continue


def topics(system: System) -> Iterator[Piece]:
    """Every record of every topic: key, headers, value, and the value decoded."""
    codec = _codec(system)
    for message in _messages(system):
        where = f"topic {message.topic()}"
        yield where, repr((message.key(), message.headers())).encode()
        value = message.value()
        if value is not None:
            yield where, value
            yield f"{where}, decoded", _decoded(codec, value)


def events(system: System) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every record of every topic that is an event: topic, event."""
    codec = _codec(system)
    for message in _messages(system):
        if message.value() is not None:
            with contextlib.suppress(InvalidEvent):
                yield str(message.topic()), dict(codec.decode(message.value()))


def _codec(system: System) -> Codec:
    return Codec(Registry(system.status()["plateforme"]["registre"]["url"], None))


def _messages(system: System) -> Iterator[Message]:
    addresses = system.status()["plateforme"]
    consumer = Consumer(
        {"bootstrap.servers": addresses["kafka"]["bootstrap_servers"], "group.id": "scan", "enable.auto.commit": False,
         "enable.partition.eof": True}
    )  # fmt: skip
    partitions = [
        TopicPartition(name, number, OFFSET_BEGINNING)
        for name, topic in consumer.list_topics(timeout=30).topics.items()
        if not name.startswith("__")
        for number in topic.partitions
    ]
    consumer.assign(partitions)
    try:
        yield from _drain(consumer, len(partitions))
    finally:
        consumer.close()


def _drain(consumer: Consumer, partitions: int) -> Iterator[Message]:
    ended = 0
    while ended < partitions:
        message = consumer.poll(30)
        assert message is not None, "the broker has stopped answering"
        if message.error():
            ended += 1
            continue
        yield message


def _decoded(codec: Codec, value: bytes) -> bytes:
    try:
        return repr(codec.decode(value)).encode()
    except InvalidEvent:
        return b""


def tables(system: System) -> Iterator[Piece]:
    """Every row of every table of ours, TOAST undone, and the events in them decoded."""
    with psycopg.connect(system.status()["plateforme"]["base"]["dsn"]) as conn:
        names = conn.execute(
            "select schemaname, tablename from pg_tables where schemaname not in ('pg_catalog', 'information_schema')"
        ).fetchall()
        for schema, table in names:
            cursor = conn.cursor(f"scan_{schema}_{table}")
            for row in cursor.execute(f'select * from "{schema}"."{table}"'):  # noqa: S608 - names from the catalogue
                columns = dict(zip([c.name for c in cursor.description or []], row, strict=True))
                yield f"table {schema}.{table}", b"\x1f".join(_bytes(value) for value in row)
                if table == "outbox" and columns["body"] is not None:
                    body = decode_body(columns["type"], columns["version"], bytes(columns["body"]))
                    yield f"table {schema}.{table}, decoded", repr(body).encode()
            cursor.close()


def _bytes(value: Any) -> bytes:
    if isinstance(value, (bytes, memoryview)):
        return bytes(value)
    return (json.dumps(value, default=str) if isinstance(value, (dict, list)) else str(value)).encode()


def state(system: System, scratch: Path) -> Iterator[Piece]:
    """Every entry of the stream stage's local stores, read from a copy."""
    from rocksdict import AccessType, Options, Rdict

    for current in (system.data / "etat").rglob("CURRENT"):
        copy = scratch / f"copy-{abs(hash(current))}"
        shutil.copytree(current.parent, copy, ignore_dangling_symlinks=True)
        (copy / "LOCK").unlink(missing_ok=True)
        store = Rdict(str(copy), options=Options(raw_mode=True), access_type=AccessType.read_only())
        for key, value in store.items():
            yield "state", key + b"\x1f" + value
        store.close()


def metrics(system: System) -> Iterator[Piece]:
    """What every role shows."""
    for role in system.status()["roles"]:
        with urllib.request.urlopen(role["metrics"], timeout=10) as page:  # noqa: S310 - http, from our own status
            yield f"metrics of {role['role']}", page.read()
