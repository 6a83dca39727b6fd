"""Quix Streams: its own state store (RocksDB) and changelog, at least once; runs in an environment of its own."""

import sys
from pathlib import Path
from typing import Any

from quixstreams import (  # type: ignore[import-not-found] # it lives in .venv-bench
    Application,
    message_context,
)

from bench.engines.job import Arguments


def main(given: Arguments) -> None:
    """Run until told to stop."""
    app = Application(
        broker_address=given.bootstrap,
        consumer_group=given.app,
        auto_offset_reset="earliest",
        auto_create_topics=True,  # its changelog; input and outputs are there
        commit_interval=0.5,
        loglevel="ERROR",
        state_dir=str(Path(given.folder) / "etat"),
        producer_extra_config={"linger.ms": int(given.linger_ms), "acks": "all", "enable.idempotence": True},
        consumer_extra_config={"fetch.wait.max.ms": 50},
    )
    source = app.topic(given.source, key_deserializer="bytes", value_deserializer="bytes")
    outputs = {
        code: app.topic(name, key_serializer="bytes", value_serializer="bytes")
        for code, name in given.destinations().items()
    }
    job = given.job()

    def step(value: bytes, key: bytes, _time: int, _headers: Any, state: Any) -> list[tuple[str, bytes]]:
        known = state.get_bytes("p")
        before = job.nobody if known is None else job.load(known)
        after, made = job.step(key, value, message_context().offset, before)
        state.set_bytes("p", job.dump(after))
        return made

    frame = app.dataframe(source).apply(step, stateful=True, metadata=True, expand=True)
    frame = frame.set_headers(lambda value, _key, _time, headers: [*headers, ("ce_autorite", value[0].encode())])
    frame.apply(lambda value: value[1]).to_topic(lambda _value, _key, _time, headers: outputs[headers[-1][1].decode()])
    app.run()


if __name__ == "__main__":
    main(Arguments(*sys.argv[1:]))
