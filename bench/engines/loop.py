"""A plain confluent-kafka loop, states in a dict that dies with it (``append``, ``full``) or none (``none``)."""

import sys
import time
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer

from bench.engines.job import Arguments

BATCH: Final = 1_000
COMMIT: Final = 0.5  # seconds


def main(given: Arguments) -> None:
    """Consume, complete, produce; every half second flush, then commit. Never ends by itself."""
    job, destinations, people, failures = given.job(), given.destinations(), dict[bytes, Any](), list[Any]()
    consumer, producer, last = _consumer(given), _producer(given), time.monotonic()

    def note(error: object, _: Message) -> None:
        if error is not None:
            failures.append(error)

    while True:
        for message in consumer.consume(BATCH, 0.02):
            assert message.error() is None, message.error()
            key = message.key()
            after, outputs = job.step(key, message.value(), message.offset(), people.get(key, job.nobody))
            if given.mode != "none":
                people[key] = after
            for code, value in outputs or [("52", message.value())]:
                headers = [*message.headers(), ("ce_autorite", code.encode())]
                _put(producer, destinations[code], value=value, key=key, headers=headers, on_delivery=note)
        producer.poll(0)
        if time.monotonic() - last > COMMIT:
            _commit(consumer, producer, failures)
            last = time.monotonic()


def _put(producer: Producer, topic: str, **record: Any) -> None:
    while True:
        try:
            producer.produce(topic, **record)
        except BufferError:
            producer.poll(0.01)
        else:
            return


def _commit(consumer: Consumer, producer: Producer, failures: list[Any]) -> None:
    assert producer.flush(30) == 0
    assert not failures, failures[:2]
    try:
        consumer.commit(asynchronous=False)
    except KafkaException as error:
        if error.args[0].code() != KafkaError._NO_OFFSET:  # noqa: SLF001 - nothing new since the last commit; librdkafka's public name
            raise


def _consumer(given: Arguments) -> Consumer:
    config = {"bootstrap.servers": given.bootstrap, "group.id": given.app, "auto.offset.reset": "earliest"}
    consumer = Consumer({**config, "enable.auto.commit": False, "fetch.wait.max.ms": 50})
    consumer.subscribe([given.source])
    return consumer


def _producer(given: Arguments) -> Producer:
    config = {"bootstrap.servers": given.bootstrap, "acks": "all", "enable.idempotence": True}
    more = {"linger.ms": int(given.linger_ms), "partitioner": "murmur2_random", "delivery.report.only.error": True}
    return Producer({**config, **more, "queue.buffering.max.messages": 200_000})


if __name__ == "__main__":
    main(Arguments(*sys.argv[1:]))
