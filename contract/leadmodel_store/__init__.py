"""Stores of artifacts and leads: bytes by URI, read with limits and written whole."""
