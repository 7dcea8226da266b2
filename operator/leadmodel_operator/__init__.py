"""The operator: decides which model answers leads, and acts on a cluster."""
