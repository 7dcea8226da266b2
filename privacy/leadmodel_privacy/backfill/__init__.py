"""The backfill: works through conversations that a Redis or Valkey already holds, and redacts them, or answers them beside.

From the outside in:

- `command`, `arguments` and `requested` → `run` (waits, reconnects) → `session` (one connection: gate, lease, scan, verify pass).
- `key_scan` walks all keys by SCAN; `worker` redacts a page of keys, `single_key` and `chunked` one large or busy key.
- `task` is what a run does with a message: `Redact` rewrites it, an `Answer` of another program goes `beside` it, into a side key.
- `redis_types` and `key_parts` know the messages inside a key; `message_redactor` asks the detector.
- `servers`, `nodes`, `topology`, `capabilities` and `scripts` talk to the servers; `lua/` holds the steps that must be atomic.
- `state`, `fingerprints` and `tally` are kept in the Redis; `report` and `outputs` end a run.

What personal data is, is not decided here: see `leadmodel_privacy.detect`.

Start with `session.Session.work`, then `worker.Worker`.
"""
