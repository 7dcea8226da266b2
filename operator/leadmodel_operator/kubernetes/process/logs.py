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


class TextLines(JsonLines):
    """Formats a record for people: time, level, message, and each field as `name=value`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its end; line ends inside of values are written as JSON writes them."""
        line = json.loads(super().format(record))
        head = [line.pop(name) for name in ("time", "level", "message")]
        line.pop("logger")
        fields = [f"{name}={json.dumps(value)}" for name, value in line.items()]
        return " ".join([head[0], head[1].upper(), json.dumps(head[2])[1:-1], *fields])


LEVELS = ("debug", "info", "warning", "error")
FORMATS: dict[str, type[logging.Formatter]] = {"json": JsonLines, "text": TextLines}


def configure(level: str = "info", style: str = "json") -> None:
    """Log to stderr; of libraries only warnings, since Kopf's lower levels show whole objects."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(FORMATS[style]())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in ("kopf", "aiohttp", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)
