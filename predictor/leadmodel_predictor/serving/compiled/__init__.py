"""Functions that are written and compiled per model, because they are faster than loops over the model's features."""
