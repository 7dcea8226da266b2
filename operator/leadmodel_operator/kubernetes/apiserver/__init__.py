"""Talking to the API server: client, watches, cache, Lease, events."""
