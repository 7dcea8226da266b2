"""Writes reports and audit records to a key of the Redis, a folder, an object store, or nowhere; removes old reports from a folder."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from leadmodel_messages.uris import show
from leadmodel_privacy.backfill.errors import Refused
from leadmodel_privacy.backfill.state import State
from leadmodel_store.files import path_of
from leadmodel_store.store import StoreError, put

REDIS, NONE = "redis", "none"
_SCHEMES = {"file", "pvc", "s3", "gs", "az", "http", "https"}


def check(target: str, flag: str) -> str:
    """The target, if reports can be written there; `flag` names the option in the message.

    Raises:
        Refused: The target is neither a word nor the URI of a folder.
    """
    if target not in {REDIS, NONE} and urlsplit(target).scheme not in _SCHEMES:
        raise Refused(
            f"{flag} takes redis, none, or the URI of a folder such as file:///reports or s3://bucket/reports"
        )
    return target


def write_report(
    target: str, state: State | None, name: str, report: Mapping[str, Any], *, keep_s: int, now: float
) -> str:
    """Write a report; the key or URI where the report is, empty for `none`.

    Args:
        target: `redis`, `none`, or the URI of a folder.
        state: The run's keys in Redis; None where the run never connected.
        name: The run's name, part of the file's name.
        report: The report as a JSON object.
        keep_s: Seconds that reports are kept.
        now: Unix seconds; reports in a folder older than `now - keep_s` are removed.

    Raises:
        StoreError: The store did not take the report.
    """
    text = json.dumps(report, indent=1).encode()
    if target == NONE or (target == REDIS and state is None):
        return ""
    if target == REDIS:
        assert state is not None
        state.put(f"report:{name}", text, keep_s)
        return state.key(f"report:{name}")
    uri = f"{target.rstrip('/')}/backfill-{name}.json"
    put(uri, text, environ=os.environ)
    _prune(target, now - keep_s)
    return show(uri)


def write_audit(target: str, state: State | None, name: str, record: Mapping[str, Any]) -> None:
    """Append an audit record to the records that are kept for good.

    Raises:
        Refused: The folder cannot be written.
        StoreError: The store did not take the record.
    """
    line = json.dumps(record, separators=(",", ":"))
    folder = _folder(target)
    if target == REDIS and state is not None:
        state.append("audit", line.encode())
    elif folder is not None:
        try:
            with (folder / "audit.jsonl").open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError as error:
            raise Refused(f"{show(target)} cannot be written: {error.strerror}") from None
    elif target not in {NONE, REDIS}:
        put(f"{target.rstrip('/')}/audit-{name}.json", line.encode(), environ=os.environ)


def _folder(target: str) -> Path | None:
    return path_of(target) if target.startswith(("file:", "pvc:")) else None


def _prune(target: str, before: float) -> None:
    folder = _folder(target)
    for old in folder.glob("backfill-*.json") if folder is not None else ():
        try:
            if old.stat().st_mtime < before:
                old.unlink()
        except OSError:
            continue  # another run has removed the report


__all__ = ["StoreError", "check", "write_audit", "write_report"]
