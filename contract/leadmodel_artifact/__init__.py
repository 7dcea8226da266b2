"""The artifact of a model: what a model is, how programs read and write one, and how a model scores a lead.

Trainer, predictor and operator share the package; `artifact` is the entry (load, parse, dump, digest).
"""
