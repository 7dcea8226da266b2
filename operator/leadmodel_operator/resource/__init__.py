"""What a user writes and reads: spec, status, its words, the CRD, printer columns. Pure."""
