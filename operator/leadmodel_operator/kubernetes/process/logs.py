"""Logs: one JSON object per line. Each line of a pass carries the pass's id; no line carries a value of a lead or of a Secret."""

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from uuid import uuid4

PASS: ContextVar[str] = ContextVar("pass", default="")


def new_pass() -> str:
    """Give the lines that follow in this task a new id; the id."""
    identity = uuid4().hex[:12]
    PASS.set(identity)
    return identity


class JsonLines(logging.Formatter):
    """Formats a record as one JSON object; an exception by its class, never by its text."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its end."""
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
    """Log to stderr; of libraries only warnings, since Kopf's lower levels show whole objects."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in ("kopf", "aiohttp", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)
