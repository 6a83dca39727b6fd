"""What every engine finds: the same input on one broker, its own empty output topics, the tables that Java reads."""

import json
import os
import shutil
import time
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import OffsetSpec

import avro_schemas
from bench.engines import events
from bus import kafka, territory, topics
from bus.codec import EVENT_VERSION, Codec, encode_body
from bus.registry import Registry
from bus.settings import Settings

NEXT: Final = {"name": "banc", "type": ["null", "string"], "default": None, "doc": "Champ d’une version à venir."}
PATIENCE: Final = 60.0
SOON: Final = 0.1


@dataclass
class World:
    """One platform, and what was fed into it."""

    settings: Settings
    folder: Path
    broker: int | None = None
    """The process of the broker, when it is on this machine."""
    fed: int = 0
    codec: Codec = field(init=False)
    next_ids: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.bootstrap = str(self.settings.kafka_bootstrap)
        self.registry_url = str(self.settings.registry_url)
        self._registry = Registry(self.registry_url)
        self.codec = Codec(self._registry)
        self._admin = kafka.admin(self.settings)
        self._tables = self.folder / "tables"
        self._write_tables()

    def fresh_folder(self, name: str) -> Path:
        """Give an empty folder with the tables, for one process."""
        target = self.folder / f"{name}-{uuid.uuid4().hex[:8]}"
        shutil.copytree(self._tables, target)
        return target

    def empty(self, names: Iterable[str]) -> None:
        """Have topics that exist and hold nothing: those there are deleted first."""
        declared = {topic.name: topic for topic in topics.TOPICS}
        wanted = [declared.get(name, topics.Topic(name, 1, "bench", "sortie", 1)) for name in names]
        self.delete([topic.name for topic in wanted])
        topics.create(self.settings, tuple(wanted))

    def delete(self, names: Iterable[str]) -> None:
        """Delete those of the topics that exist."""
        gone = set(names) & self._admin.list_topics(timeout=PATIENCE).topics.keys()
        for future in self._admin.delete_topics(sorted(gone)).values() if gone else ():
            future.result(PATIENCE)
        deadline = time.monotonic() + PATIENCE
        while gone & self._admin.list_topics(timeout=PATIENCE).topics.keys():
            assert time.monotonic() < deadline, "topics are not deleted"
            time.sleep(SOON)

    def forget_runs(self) -> None:
        """Delete what earlier runs made for themselves: changelogs, and the committed offsets of our own group."""
        names = self._admin.list_topics(timeout=PATIENCE).topics
        self.delete(name for name in names if name.startswith(("banc-", "changelog__banc-")))
        try:
            self._admin.delete_consumer_groups(["bus-stream"])["bus-stream"].result(PATIENCE)
        except KafkaException:  # there is none yet
            return

    def ends(self, names: Iterable[str]) -> int:
        """Give how many records topics of one partition hold."""
        asked = {TopicPartition(name, 0): OffsetSpec.latest() for name in names}
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return sum(future.result(PATIENCE).offset for future in self._admin.list_offsets(asked).values())
            except KafkaException:  # topics made an instant ago are not known everywhere
                if time.monotonic() > deadline:
                    raise
                time.sleep(SOON)
                # A client keeps the highest leader epoch it has seen under a name; a topic made again begins at 0.
                self._admin = kafka.admin(self.settings)

    def feed(self, persons: int, *, mode: str) -> int:
        """Fill a new input topic; gives the number of events. In mode ``full`` they are of a later version."""
        self.empty([topics.EVENEMENTS])
        producer, self.fed = kafka.producer(self.settings, linger_ms=40), 0
        for record in events.records(persons):
            headers = kafka.event_headers(record)
            producer.produce(topics.EVENEMENTS, self.value(record, mode), record["cle_personne"], headers=headers)
            self.fed += 1
        producer.flush()
        return self.fed

    def value(self, record: dict[str, Any], mode: str) -> bytes:
        """Give the value of an event, in our version or in a later one that cannot be appended to."""
        type_ = record["type"]
        body = encode_body(type_, record)
        if mode != "full":
            return self.codec.frame(type_, EVENT_VERSION[type_], body)
        return self.next_ids[type_] + body

    def _write_tables(self) -> None:
        self._tables.mkdir(parents=True)
        rows = [row for type_ in sorted({life[0] for life in events.LIFE}) for row in self._register(type_)]
        (self._tables / "contrat.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
        places = sorted(set(events.places()))
        (self._tables / "lieux.tsv").write_text("\n".join(_place(*place) for place in places) + "\n", encoding="utf-8")

    def _register(self, type_: str) -> Iterator[str]:
        ours = avro_schemas.read(type_)
        later = _later(ours)
        ours_id, later_id = self._registry.id_of(type_, ours), self._registry.register(f"banc.{type_}", later)
        self.next_ids[type_] = bytes(1) + later_id.to_bytes(4, "big")
        for id_, name, schema in ((ours_id, "newest", ours), (later_id, "writer", later)):
            file = f"{type_}.{name}.avsc"
            (self._tables / file).write_text(json.dumps(schema), encoding="utf-8")
            yield f"{id_}\t{type_}\t{name}\t{file}"


def _later(schema: dict[str, Any]) -> dict[str, Any]:
    """Give a version whose ``enrichissement`` ends otherwise: nothing may be appended to it, it must be decoded.

    Null in every event of a source, that field changes none of their bytes.
    """
    later: dict[str, Any] = json.loads(json.dumps(schema))
    later["fields"][-1]["type"][1]["fields"].insert(-1, NEXT)
    return later


def _place(departement: str, commune: str) -> str:
    code = territory.authority(departement, commune)
    label, place = territory.label(code), territory.commune_label(commune) or ""
    return "\t".join((departement, commune, code, label, place, str(int(territory.conflict(code, commune)))))


def load() -> str:
    """Give the machine's load average of the last minute."""
    return f"{os.getloadavg()[0]:.1f}"
