"""The series that the bus can show, as `bus/telemetry.py` declares them."""

from prometheus_client.metrics import MetricWrapperBase

from bus import telemetry

SCRAPED = {"job", "instance", "role"}
"""Labels that Prometheus adds, by its configuration."""
OF_OTHERS = {
    "up": SCRAPED,
    "process_resident_memory_bytes": SCRAPED,
    "process_cpu_seconds_total": SCRAPED,
    "process_open_fds": SCRAPED,
    "process_max_fds": SCRAPED,
    "prometheus_rule_evaluation_failures_total": SCRAPED | {"rule_group"},
    "kafka_controller_kafkacontroller_offlinepartitionscount_value": SCRAPED,
    "kafka_cluster_partition_underreplicated": SCRAPED,
    "kafka_controller_kafkacontroller_activecontrollercount_value": SCRAPED,
}
"""What Prometheus, its client library and the JMX exporter of Kafka show."""
SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}


def declared() -> dict[str, tuple[str, set[str]]]:
    """Give each series of ours: its metric as the catalogue writes it, and its labels."""
    found: dict[str, tuple[str, set[str]]] = {}
    for metric in (value for value in vars(telemetry).values() if isinstance(value, MetricWrapperBase)):
        labels, kind = set(metric._labelnames) | SCRAPED, str(metric._type)
        name = metric._name + ("_total" if kind == "counter" else "")
        for suffix in SUFFIXES[kind]:
            found[metric._name + suffix] = (name, labels | ({"le"} if suffix == "_bucket" else set()))
    return found
