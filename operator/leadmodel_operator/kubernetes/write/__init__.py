"""Writes to the API server: single objects, what a pass makes and deletes, and what a pass records first."""
