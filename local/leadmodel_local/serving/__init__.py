"""Predictors on this machine: sockets, rollouts, and the snapshots they serve."""
