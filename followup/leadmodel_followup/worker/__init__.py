"""The processes of a pod: a bell that rings for what is due, RQ workers that send, and who keeps them alive. The ledger alone remembers."""
