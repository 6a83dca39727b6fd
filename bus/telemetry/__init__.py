"""What a role shows of itself: metrics, logs, and the door where both health and metrics are read."""
