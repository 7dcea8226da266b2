"""Decisions: from what a runtime observed to the next status and what should exist.

Pure functions over values. Clock, network, Kubernetes objects, processes and logging live in the runtimes; field declarations live in
`resource`.
"""
