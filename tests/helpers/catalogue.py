"""The series that Prometheus can have of the bus, with their labels."""

from tools.reference.metrics import declared as metrics
from tools.reference.metrics import labels, name

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
SUFFIXES = {"counter": ("",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}


def declared() -> dict[str, tuple[str, set[str]]]:
    """Give each series of ours: its metric as the catalogue writes it, and its labels."""
    found: dict[str, tuple[str, set[str]]] = {}
    for metric in metrics():
        for suffix in SUFFIXES[str(metric._type)]:
            own = set(labels(metric)) | SCRAPED | ({"le"} if suffix == "_bucket" else set())
            found[name(metric) + suffix] = (name(metric), own)
    return found
