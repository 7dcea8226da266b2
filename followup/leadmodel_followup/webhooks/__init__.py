"""What comes back: verified requests of providers become small records in a stream, which a consumer applies to the ledger."""
