"""The contract between trainer, predictor and operator: what a model is, what it scores, what was measured of it."""
