"""`leadmodel local demo`: the loop on this machine in a minute, with real training, validation, predictors, leads and a real Redis."""
