"""Decisions. Pure: no clock, no network, no Kopf, no logging."""
