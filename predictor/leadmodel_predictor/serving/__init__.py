"""The models of this process: slots, decoding, scoring, drift windows, reloads, metrics."""
