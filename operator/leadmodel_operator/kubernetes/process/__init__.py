"""The operator process: start and stop, work queue, health, metrics, logs."""
