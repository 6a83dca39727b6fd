"""librdkafka's clients with our fates: nothing is lost in silence, a refusal stops, what may pass is waited for."""

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer
from confluent_kafka.admin import AdminClient

from bus.errors import Misconfigured, Unavailable
from bus.refusals import fate, is_refusal

PARTITIONER: Final = "murmur2_random"
"""The Java clients' and Kafka Streams' rule: every producer puts one person on the same partition."""
ADMIN_TIMEOUT: Final = 30.0

_librdkafka = logging.getLogger("librdkafka")

DeliveryReport = Callable[[KafkaError | None, Message], None]
Headers = list[tuple[str, bytes]]


class BusProducer:
    """A producer whose failures are ours: nothing is lost in silence, and a full queue waits instead of raising.

    Every method first raises the earliest failure there was, a fatal error or a refused record, as one of our fates.
    """

    def __init__(self, config: Mapping[str, Any], who: str = "ce rôle") -> None:
        """Make the client.

        Raises:
            Misconfigured: the configuration could lose or repeat a record.
        """
        _refuse_unsafe(config)
        self._who = who
        self._failure: Exception | None = None
        self._client = Producer({**config, "error_cb": self._on_error}, logger=_librdkafka)

    def produce(  # noqa: PLR0913  librdkafka's own signature, as its users know it
        self,
        topic: str,
        value: bytes | None = None,
        key: str | bytes | None = None,
        *,
        headers: Headers | None = None,
        on_delivery: DeliveryReport | None = None,
        partition: int = -1,
    ) -> None:
        """Queue one record; ``on_delivery(error, message)`` is called by ``poll`` or ``flush`` once its fate is known.

        A full queue waits for acknowledgements instead of raising. ``partition`` -1 lets the key decide.

        Raises:
            Unavailable: the broker refused an earlier record, or the client cannot go on.
        """
        self.raise_failure()
        report = self._note if on_delivery is None else self._reporting(on_delivery)
        while True:
            try:
                self._client.produce(
                    topic,
                    value=value,
                    key=key,
                    headers=headers or [],
                    on_delivery=report,
                    partition=partition,
                )
            except BufferError:  # the queue is full: serve the reports, which frees it
                self.poll(0.05)
            except KafkaException as error:
                raise fate(error.args[0], self._who) from error
            else:
                return

    def poll(self, timeout: float = 0.0) -> int:
        """Serve delivery reports for at most ``timeout`` seconds; gives how many."""
        served = int(self._client.poll(timeout))
        self.raise_failure()
        return served

    def flush(self, timeout: float = 30.0) -> int:
        """Wait until every queued record is acknowledged; gives 0, as librdkafka does.

        Raises:
            Unavailable: one was refused, or some are still waiting after ``timeout`` seconds.
        """
        left = self._client.flush(timeout)
        self.raise_failure()
        if left:
            raise Unavailable(f"Kafka n’a pas accusé réception de {left} messages en {timeout:.0f} s")
        return 0

    def raise_failure(self) -> None:
        """Raise the first failure since the start, if any; the producer is not used after that."""
        if self._failure is not None:
            raise self._failure

    def __len__(self) -> int:
        """Give how many records and reports wait."""
        return len(self._client)

    def _note(self, error: KafkaError | None, _: Message) -> None:
        if error is not None and self._failure is None:
            self._failure = fate(error, self._who)

    def _reporting(self, on_delivery: DeliveryReport) -> DeliveryReport:
        def report(error: KafkaError | None, message: Message) -> None:
            self._note(error, message)
            on_delivery(error, message)

        return report

    def _on_error(self, error: KafkaError) -> None:
        """Keep what the client cannot repair by itself; a broker that went away comes back, librdkafka retries."""
        if self._failure is None and (error.fatal() or is_refusal(error)):
            self._failure = fate(error, self._who)


class BusConsumer(Consumer):  # type: ignore[misc]  # confluent-kafka has no types
    """librdkafka's consumer, except that a refused identity or right ends it instead of being tried for ever."""

    def __init__(self, config: Mapping[str, Any], who: str) -> None:
        self._who = who
        self._failure: Exception | None = None
        super().__init__({**config, "error_cb": self._note, "on_commit": self._committed}, logger=_librdkafka)

    def poll(self, timeout: float = -1) -> Any:  # noqa: ANN401  a Message of an untyped library
        """Give a record, an error that may pass, or None.

        Raises:
            Misconfigured: the broker refuses this process.
        """
        message = super().poll(timeout)
        return self._passed([message])[0]

    def consume(self, num_messages: int = 1, timeout: float = -1) -> list[Any]:
        """Give at most ``num_messages``, as ``poll`` does."""
        return self._passed(super().consume(num_messages, timeout))

    def fate(self, error: KafkaException) -> Exception:
        """Give the fate of a failure of one of librdkafka's other methods."""
        return self._failure or fate(error.args[0], self._who)

    def _passed(self, messages: list[Any]) -> list[Any]:
        for message in messages:
            if message is not None and message.error() is not None:
                self._note(message.error(), message.topic() or "")
        if self._failure is not None:
            raise self._failure
        return messages

    def _committed(self, error: KafkaError | None, _: object) -> None:
        if error is not None:
            self._note(error)

    def _note(self, error: KafkaError, topic: str = "") -> None:
        if self._failure is None and is_refusal(error):
            self._failure = fate(error, self._who, topic)


class BusAdmin(AdminClient):  # type: ignore[misc]  # confluent-kafka has no types
    """librdkafka's admin client; ``metadata`` and ``answers`` give a failure one of our fates."""

    def __init__(self, config: Mapping[str, Any], who: str) -> None:
        self._who = who
        self._failure: Exception | None = None
        super().__init__({**config, "log_level": 0, "error_cb": self._note}, logger=_librdkafka)

    def metadata(self, timeout: float | None = None) -> Any:  # noqa: ANN401  an untyped library
        """Give the cluster as this process may see it: ``topics``, ``brokers``, ``cluster_id``.

        Raises:
            Misconfigured: the broker refuses this process.
            Unavailable: no answer within ``timeout`` seconds (``ADMIN_TIMEOUT``).
        """
        deadline, patience = time.monotonic() + (timeout or ADMIN_TIMEOUT), 1.0
        while True:  # short questions at first: a refused password is told by a callback, between two of them
            left = deadline - time.monotonic()
            try:
                return self.list_topics(timeout=max(0.1, min(patience, left)))
            except KafkaException as error:
                self.raise_failure()
                if time.monotonic() > deadline:
                    raise fate(error.args[0], self._who) from error
            patience *= 2

    def answers(self, futures: Mapping[Any, Any], timeout: float | None = None) -> dict[Any, Any]:
        """Give the results of a request, by key.

        Raises:
            Misconfigured, Unavailable: as ``metadata``; the first failure.
        """
        try:
            return {key: future.result(timeout or ADMIN_TIMEOUT) for key, future in futures.items()}
        except KafkaException as error:
            self.raise_failure()
            raise fate(error.args[0], self._who) from error
        except TimeoutError as error:
            self.raise_failure()
            raise Unavailable("Kafka ne répond pas à temps") from error

    def fate(self, error: KafkaException) -> Exception:
        """Give the fate of a failure of one of librdkafka's other methods."""
        return fate(error.args[0], self._who)

    def raise_failure(self) -> None:
        """Raise what the broker refused, if anything."""
        self.poll(0)
        if self._failure is not None:
            raise self._failure

    def _note(self, error: KafkaError) -> None:
        if self._failure is None and is_refusal(error):
            self._failure = fate(error, self._who)


def _refuse_unsafe(config: Mapping[str, Any]) -> None:
    """Refuse a producer that is not the one our guarantees stand on."""
    wanted = {"acks": "all", "enable.idempotence": True, "partitioner": PARTITIONER}
    wrong = [
        f"{key} attendu {want}, trouvé {config.get(key)}" for key, want in wanted.items() if config.get(key) != want
    ]
    if wrong:
        raise Misconfigured(f"producteur imprudent : {' ; '.join(wrong)}")
