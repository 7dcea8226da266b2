"""Follow-ups on this machine: what a cluster keeps in Secrets, the Valkey with the ledger, and the program that sends."""
