"""Names, kinds and labels of metrics are read by dashboards and alerts: a change here breaks them there."""

from prometheus_client.metrics import MetricWrapperBase

from bus.telemetry import metrics as telemetry

CONTRACT = {
    ("bus_ingest_records", "counter", ("source", "result")),
    ("bus_ingest_files", "counter", ("source", "result")),
    ("bus_ingest_last_success_timestamp_seconds", "gauge", ("source",)),
    ("bus_ingest_expected_interval_seconds", "gauge", ("source",)),
    ("bus_ingest_source_delay_seconds", "histogram", ("source",)),
    ("bus_ingest_reconciliation_gap_records", "gauge", ("source",)),
    ("bus_vault_epoch_timestamp_seconds", "gauge", ()),
    ("bus_events_processed", "counter", ("stage", "event_type", "result")),
    ("bus_processing_duration_seconds", "histogram", ("stage", "event_type", "result")),
    ("bus_routing_unroutable", "counter", ("reason",)),
    ("bus_quarantine_messages", "counter", ("stage", "reason")),
    ("bus_quarantine_messages", "gauge", ("stage", "reason")),
    ("bus_quarantine_oldest_message_timestamp_seconds", "gauge", ("stage", "reason")),
    ("bus_delivery_attempts", "counter", ("subscriber", "outcome")),
    ("bus_delivery_attempt_duration_seconds", "histogram", ("subscriber",)),
    ("bus_deliveries", "counter", ("subscriber", "event_type", "result")),
    ("bus_delivery_deadline", "counter", ("event_type", "result")),
    ("bus_delivery_latency_seconds", "histogram", ("event_type",)),
    ("bus_e2e_latency_seconds", "histogram", ("event_type",)),
    ("bus_delivery_backlog", "gauge", ("subscriber",)),
    ("bus_delivery_oldest_pending_timestamp_seconds", "gauge", ("subscriber",)),
    ("bus_subscription_info", "gauge", ("subscriber", "event_type", "version")),
    ("bus_subscriber_state", "gauge", ("subscriber", "state")),
    ("bus_contact_wait_seconds", "histogram", ()),
    ("bus_contacts_waiting", "gauge", ()),
    ("bus_consumer_lag_seconds", "gauge", ("consumer_group", "topic", "partition")),
    ("bus_consumer_lag_records", "gauge", ("consumer_group", "topic", "partition")),
    ("bus_consumer_committed_offset", "gauge", ("consumer_group", "topic", "partition")),
    ("bus_consumer_records_lost", "counter", ("consumer_group", "topic")),
    ("bus_topic_retention_seconds", "gauge", ("topic",)),
    ("bus_lag_exporter_last_success_timestamp_seconds", "gauge", ()),
}
"""Counters are shown with `_total` after their name."""


def test_the_metrics_are_those_of_the_contract() -> None:
    declared = [value for value in vars(telemetry).values() if isinstance(value, MetricWrapperBase)]

    assert {(metric._name, metric._type, tuple(metric._labelnames)) for metric in declared} == CONTRACT


def test_each_metric_says_what_it_counts() -> None:
    declared = [value for value in vars(telemetry).values() if isinstance(value, MetricWrapperBase)]

    assert all(metric._documentation.endswith(".") for metric in declared)
