"""The operator's port on a cluster."""
