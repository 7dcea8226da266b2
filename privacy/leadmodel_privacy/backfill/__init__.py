"""The backfill: finds, and with `--apply` redacts, personal data in conversations that a Redis or Valkey already holds."""
