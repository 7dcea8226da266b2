"""`leadmodel local replay`: past leads through the policy of a manifest, in simulated time, decided by the operator's own plan."""
