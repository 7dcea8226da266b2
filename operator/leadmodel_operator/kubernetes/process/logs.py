"""Logs: one JSON object a line. Every line a pass writes carries the pass's id; no line carries a value of a lead or of a Secret."""

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from uuid import uuid4

PASS: ContextVar[str] = ContextVar("pass", default="")


def new_pass() -> str:
    """A new id for what follows in this task."""
    found = uuid4().hex[:12]
    PASS.set(found)
    return found


class JsonLines(logging.Formatter):
    """One JSON object a line; of an exception its class, never its text."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage()[:500],
            **({"pass": PASS.get()} if PASS.get() else {}),
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = record.exc_info[0].__name__
        return json.dumps(line)


def configure() -> None:
    """To stderr; Kopf only when something is wrong, for its DEBUG shows whole objects."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in ("kopf", "aiohttp", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)
