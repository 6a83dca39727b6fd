"""Faust as it comes: one agent, one table with its changelog.

It goes less far than the others: an event whose handler raises is acknowledged all the same, a table and the offsets
are not committed together, and each event passes through asyncio by itself.
"""

import sys
from pathlib import Path
from typing import Any

import faust

from bench.engines.job import Arguments


def application(given: Arguments) -> faust.App:
    """Give the application, wired."""
    app = faust.App(
        given.app,
        broker=f"kafka://{given.bootstrap}",
        store="rocksdb://?driver=rocksdict",
        datadir=Path(given.folder) / "etat",
        web_enabled=False,
        topic_disable_leader=True,
        topic_replication_factor=1,
        topic_partitions=12,
        table_standby_replicas=0,
        broker_commit_interval=0.5,
        producer_acks=-1,
        producer_linger=int(given.linger_ms) / 1000,
        consumer_auto_offset_reset="earliest",
        worker_redirect_stdouts=False,
    )
    raw: Any = {"key_serializer": "raw", "value_serializer": "raw", "key_type": bytes, "value_type": bytes}
    source, job = app.topic(given.source, **raw), given.job()
    outputs = {code: app.topic(name, **raw) for code, name in given.destinations().items()}
    people = app.Table("personnes", partitions=12, key_type=bytes, value_type=bytes)

    @app.agent(source)  # type: ignore[untyped-decorator] # Faust has no types
    async def complete(stream: Any) -> None:
        async for event in stream.events():
            known = people.get(event.key)
            before = job.nobody if known is None else job.load(known)
            after, made = job.step(event.key, event.value, event.message.offset, before)
            people[event.key] = job.dump(after)
            for code, value in made:
                headers = [*event.message.headers, ("ce_autorite", code.encode())]
                await outputs[code].send(key=event.key, value=value, headers=headers)

    return app


if __name__ == "__main__":
    arguments = Arguments(*sys.argv[1:])
    faust.Worker(application(arguments), loglevel="ERROR").execute_from_commandline()
