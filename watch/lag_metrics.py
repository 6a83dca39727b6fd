"""A measure of the lags, shown in the metrics; scrapes get the last one and wait for no broker."""

from collections.abc import Iterable, Mapping
from typing import Final

from bus.telemetry.logs import get_logger
from bus.telemetry.metrics import (
    CONSUMER_COMMITTED,
    CONSUMER_LAG_RECORDS,
    CONSUMER_LAG_SECONDS,
    CONSUMER_LOST,
    LAG_EXPORTER_LAST_SUCCESS,
    TOPIC_RETENTION,
)
from watch.lag import Lag, Losses

log = get_logger()

_LOSSES: Final = Losses()


def publish(lags: Iterable[Lag], retentions: Mapping[str, float] | None = None) -> None:
    """Show a measure in the metrics; retentions in seconds, by topic."""
    for topic, seconds in (retentions or {}).items():
        TOPIC_RETENTION.labels(topic).set(seconds)
    for lag in lags:
        labels = (lag.group, lag.topic, str(lag.partition))
        CONSUMER_COMMITTED.labels(*labels).set(lag.committed)
        CONSUMER_LOST.labels(lag.group, lag.topic).inc(_LOSSES.new(lag))
        CONSUMER_LAG_RECORDS.labels(*labels).set(lag.records)
        CONSUMER_LAG_SECONDS.labels(*labels).set(lag.seconds)
        if lag.expired:
            log.error("records expired unread", group=lag.group, topic=lag.topic, records=lag.expired)
    LAG_EXPORTER_LAST_SUCCESS.set_to_current_time()
