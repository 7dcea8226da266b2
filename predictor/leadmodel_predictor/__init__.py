"""Serves a lead-scoring model, validates it and asks the store for new ones, all with the same code."""
