"""Every metric of the bus.

Names, kinds and labels are a contract with dashboards and alerts (tests/contract/test_metrics.py). No label ever holds
something about a person.
"""

from collections.abc import Iterable
from typing import Final

from prometheus_client import (
    REGISTRY,
    Counter,
    Gauge,
    Histogram,
    Metric,
    disable_created_metrics,
)

disable_created_metrics()  # type: ignore[no-untyped-call]  # one series more per counter, which nobody reads

PROCESSING_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
DELIVERY_BUCKETS: Final = (1, 5, 15, 60, 300, 900, 3600, 14400, 43200, 86400, 259200)
DAY_BUCKETS: Final = (0, 3600, 86400, 3 * 86400, 7 * 86400, 15 * 86400, 30 * 86400, 60 * 86400, 90 * 86400)

INGEST_RECORDS: Final = Counter(
    "bus_ingest_records_total", "Enregistrements lus dans les fichiers des sources, par sort.", ["source", "result"]
)
INGEST_FILES: Final = Counter(
    "bus_ingest_files_total", "Fichiers des sources dont le verdict est rendu, par verdict.", ["source", "result"]
)
INGEST_LAST_SUCCESS: Final = Gauge(
    "bus_ingest_last_success_timestamp_seconds",
    "Dernier fichier accepté de l’émetteur le plus en retard, parmi ceux vus depuis 90 jours.",
    ["source"],
)  # fmt: skip
INGEST_EXPECTED_INTERVAL: Final = Gauge(
    "bus_ingest_expected_interval_seconds", "Temps attendu entre deux fichiers de cette source (réglage).", ["source"]
)
INGEST_SOURCE_DELAY: Final = Histogram(
    "bus_ingest_source_delay_seconds", "De la date que porte un fichier à son acceptation.", ["source"],
    buckets=DAY_BUCKETS,
)  # fmt: skip
INGEST_GAP: Final = Gauge(
    "bus_ingest_reconciliation_gap_records",
    "Enregistrements annoncés moins enregistrés lus, dans les fichiers refusés et pas encore remplacés.",
    ["source"],
)
VAULT_EPOCH: Final = Gauge(
    "bus_vault_epoch_timestamp_seconds",
    "Quand l’époque qui chiffre les nouvelles clés est entrée en vigueur ; 0 quand ce rôle ne le sait pas.",
)
EVENTS_PROCESSED: Final = Counter(
    "bus_events_processed_total", "Événements sortis d’un étage, par sort.", ["stage", "event_type", "result"]
)
PROCESSING_DURATION: Final = Histogram(
    "bus_processing_duration_seconds",
    "Durée des lots d’un étage : une observation par lot et par couple type et sort présent dans le lot.",
    ["stage", "event_type", "result"],
    buckets=PROCESSING_BUCKETS,
)
ROUTING_UNROUTABLE: Final = Counter(
    "bus_routing_unroutable_total", "Événements dont l’autorité n’a pas pu être trouvée.", ["reason"]
)
QUARANTINE_MESSAGES: Final = Counter(
    "bus_quarantine_messages_total", "Messages et enregistrements mis en quarantaine.", ["stage", "reason"]
)
QUARANTINE_HELD: Final = Gauge(
    "bus_quarantine_messages", "Messages et enregistrements qui sont en quarantaine.", ["stage", "reason"],
    registry=None,
)  # fmt: skip
QUARANTINE_OLDEST: Final = Gauge(
    "bus_quarantine_oldest_message_timestamp_seconds",
    "Quand le plus ancien de la quarantaine y est entré ; 0 quand elle est vide.",
    ["stage", "reason"],
)
DELIVERY_ATTEMPTS: Final = Counter(
    "bus_delivery_attempts_total", "Tentatives d’envoi, par issue.", ["subscriber", "outcome"]
)
ATTEMPT_DURATION: Final = Histogram(
    "bus_delivery_attempt_duration_seconds", "Durée d’une tentative d’envoi.", ["subscriber"],
    buckets=PROCESSING_BUCKETS,
)  # fmt: skip
DELIVERIES: Final = Counter(
    "bus_deliveries_total", "Livraisons arrivées à leur fin.", ["subscriber", "event_type", "result"]
)
DELIVERY_DEADLINE: Final = Counter(
    "bus_delivery_deadline_total",
    "Livraisons jugées 15 minutes après l’acceptation : reçues à temps ou non, pour les abonnés en état active.",
    ["event_type", "result"],
    registry=None,  # shown by the process that delivers, once it knows the totals (consumers/ledger/deadlines.py)
)
DELIVERY_LATENCY: Final = Histogram(
    "bus_delivery_latency_seconds", "De l’acceptation à la réponse 2xx.", ["event_type"], buckets=DELIVERY_BUCKETS
)
E2E_LATENCY: Final = Histogram(
    "bus_e2e_latency_seconds", "De la date d’effet à la réponse 2xx.", ["event_type"], buckets=DAY_BUCKETS
)
DELIVERY_BACKLOG: Final = Gauge("bus_delivery_backlog", "Livraisons dues et pas encore arrivées.", ["subscriber"])
DELIVERY_OLDEST: Final = Gauge(
    "bus_delivery_oldest_pending_timestamp_seconds",
    "Quand la plus ancienne livraison en attente est devenue due ; 0 quand rien n’attend.",
    ["subscriber"],
)
SUBSCRIPTION_INFO: Final = Gauge(
    "bus_subscription_info", "1 pour chaque type reçu par un abonnement en vigueur, avec la version de son contrat.",
    ["subscriber", "event_type", "version"],
)  # fmt: skip
SUBSCRIBER_STATE: Final = Gauge(
    "bus_subscriber_state", "1 pour l’état où se trouve l’abonnement, 0 pour les autres.", ["subscriber", "state"]
)
CONTACT_WAIT: Final = Histogram(
    "bus_contact_wait_seconds", "D’une entrée au jour où un contact est connu ; 0 quand il l’était déjà.",
    buckets=DAY_BUCKETS,
)  # fmt: skip
CONTACTS_WAITING: Final = Gauge(
    "bus_contacts_waiting", "Contacts gardés pour des personnes dont l’autorité n’est pas encore connue."
)
CONSUMER_LAG_SECONDS: Final = Gauge(
    "bus_consumer_lag_seconds", "Âge du plus ancien message non lu.", ["consumer_group", "topic", "partition"]
)
CONSUMER_LAG_RECORDS: Final = Gauge(
    "bus_consumer_lag_records", "Messages pas encore lus.", ["consumer_group", "topic", "partition"]
)
CONSUMER_COMMITTED: Final = Gauge(
    "bus_consumer_committed_offset", "Prochain message que le groupe lira ; 0 s’il n’a encore rien validé.",
    ["consumer_group", "topic", "partition"],
)  # fmt: skip
CONSUMER_LOST: Final = Counter(
    "bus_consumer_records_lost_total", "Messages expirés avant que le groupe les ait lus : perdus pour lui.",
    ["consumer_group", "topic"],
)  # fmt: skip
TOPIC_RETENTION: Final = Gauge(
    "bus_topic_retention_seconds", "Temps pendant lequel le broker garde les messages de ce topic.", ["topic"]
)
LAG_EXPORTER_LAST_SUCCESS: Final = Gauge(
    "bus_lag_exporter_last_success_timestamp_seconds", "Quand le retard a été mesuré la dernière fois."
)


class _Beside:
    """Shows a gauge named like a counter without its ``_total``: two names for Prometheus, one for its client.

    The registry refuses names it has; a collector that describes nothing claims none.
    """

    def __init__(self, gauge: Gauge) -> None:
        self._gauge = gauge

    def describe(self) -> list[Metric]:
        """Claim no name."""
        return []

    def collect(self) -> Iterable[Metric]:
        """Give the gauge."""
        return self._gauge.collect()


REGISTRY.register(_Beside(QUARANTINE_HELD))
