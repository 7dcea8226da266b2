"""`leadmodel local replay`: past leads through the policy of a manifest, in simulated time, by the very plan of the operator."""
