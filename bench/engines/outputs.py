"""What engines wrote, compared: per authority and person the same events in the same order, byte for byte."""

import hashlib
from collections import defaultdict
from typing import TypeAlias

from confluent_kafka import TopicPartition

from bench.engines.engine import Engine
from bench.engines.world import World
from bus import kafka
from bus.territory import authority_codes

Outputs: TypeAlias = dict[tuple[str, bytes], list[tuple[bytes, bytes]]]
"""(authority, key) → (event id, digest of headers and value), in the order of the topic."""


def outputs(engine: Engine, world: World) -> Outputs:
    """Read everything that an engine has written; a copy after the first is left out."""
    topics = {engine.topic(code): code for code in authority_codes()}
    left = {name: end for name in topics if (end := world.ends([name]))}
    found: Outputs = defaultdict(list)
    reader = kafka.consumer(world.settings, "banc-lecture")
    reader.assign([TopicPartition(name, 0, 0) for name in left])
    try:
        while any(left.values()):
            for message in reader.consume(5_000, timeout=0.2):
                kafka.raise_for(message)
                left[message.topic()] -= 1
                one = (kafka.header(message.headers(), "ce_id") or b"", _digest(message))
                place = found[topics[message.topic()], message.key()]
                if one not in place:
                    place.append(one)
    finally:
        reader.close()
    return found


def difference(ours: Outputs, theirs: Outputs, engine: Engine) -> str | None:
    """Say the first difference, None when there is none; an engine that had time for a part is compared as far."""
    if not engine.whole:
        return None
    if engine.share == 1 and ours.keys() != theirs.keys():
        return f"{len(ours.keys() ^ theirs.keys())} persons at one only"
    for place, rows in theirs.items():
        wanted = ours.get(place, [])[: len(rows)] if engine.share < 1 else ours[place]
        if [id_ for id_, _ in rows] != [id_ for id_, _ in wanted]:
            return f"{place[0]}: other events, or another order"
        if rows != wanted:
            return f"{place[0]}: another value under one id"
    return None


def _digest(message: object) -> bytes:
    headers = repr(message.headers()).encode()  # type: ignore[attr-defined] # confluent-kafka has no types
    return hashlib.blake2b(headers + message.value(), digest_size=8).digest()  # type: ignore[attr-defined] # as above
