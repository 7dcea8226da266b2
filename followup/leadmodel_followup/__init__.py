"""Follow-ups: the right message, once, at a decent hour, with consent. Not wired to a program yet: the ledger, the plan and the dispatcher."""
