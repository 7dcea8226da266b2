"""Refuses a Redis that may forget: without append-only file, or with a policy that evicts keys."""

from typing import Any

import redis

from leadmodel_followup.ledger.errors import LedgerUnavailable, UnsafeServer


def check_server(client: "redis.Redis") -> None:
    """Check that the server keeps what it acknowledges. INFO is enough, as managed servers forbid CONFIG.

    Raises:
        UnsafeServer: No append-only file, or an eviction policy other than noeviction.
        LedgerUnavailable: The server does not answer INFO.
    """
    try:
        facts: Any = {**client.info("persistence"), **client.info("memory")}
    except redis.RedisError as error:
        raise LedgerUnavailable(f"the server does not answer INFO ({type(error).__name__})") from None
    if not facts.get("aof_enabled"):
        raise UnsafeServer(
            "the server keeps no append-only file: a crash forgets follow-ups; set appendonly yes"
        )
    if facts.get("maxmemory_policy") != "noeviction":
        raise UnsafeServer("the server evicts keys when memory is short; set maxmemory-policy noeviction")
