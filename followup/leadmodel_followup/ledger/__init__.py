"""The only writer of the state of follow-ups: Lua scripts in Redis or Valkey, one key-space per tenant."""
