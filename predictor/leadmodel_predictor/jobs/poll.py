"""`leadmodel-poll`: ask the store what it holds, with conditional requests. Says digests and ETags, nothing else.

Exit 0: the store answered; 1: it did not; 2: usage; 3: the artifact is over its size limit.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from leadmodel_artifact.artifact import MAX_RAW_BYTES, digest
from leadmodel_predictor.jobs.holdout import MAX_BYTES
from leadmodel_store.store import StoreError, StoreReason, fetch, show


def parser() -> argparse.ArgumentParser:
    """What the program takes."""
    p = argparse.ArgumentParser(
        prog="leadmodel-poll", description="Ask the store which artifact and holdout it holds."
    )
    p.add_argument("--artifact", required=True, help="URI of model.json")
    p.add_argument("--holdout", help="URI of the holdout")
    p.add_argument("--etag", help="ETag of the artifact as last answered")
    p.add_argument("--holdout-etag", help="ETag of the holdout as last answered")
    p.add_argument(
        "--termination-log", type=Path, default=Path("/dev/termination-log"), help=argparse.SUPPRESS
    )
    return p


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; the exit code."""
    given = parser().parse_args(arguments)
    code, answer = ask(given)
    line = json.dumps(answer, separators=(",", ":"))
    print(line)
    if given.termination_log.exists():
        given.termination_log.write_text(line)
    return code


def ask(given: argparse.Namespace) -> tuple[int, dict[str, Any]]:
    """Exit code and answer."""
    try:
        artifact = _ask(given.artifact, given.etag, MAX_RAW_BYTES)
    except StoreError as error:
        too_large = error.reason is StoreReason.TOO_LARGE
        reason = (
            "ArtifactTooLarge"
            if too_large
            else "ArtifactNotFound"
            if error.reason is StoreReason.NOT_FOUND
            else f"Artifact{error.reason}"
        )
        more = {"etag": error.etag, "size": error.size} if too_large else {}
        return 3 if too_large else 1, {
            "error": reason,
            "message": str(error)[:500],
            "uri": show(given.artifact),
            **more,
        }
    return 0, {"uri": show(given.artifact), **artifact, "holdout": _holdout(given)}


def _ask(uri: str, etag: str | None, limit: int) -> dict[str, Any]:
    found = fetch(uri, max_bytes=limit, etag=etag, environ=os.environ)
    if found.not_modified:
        return {"digest": None, "size": None, "etag": found.etag, "notModified": True}
    return {"digest": digest(found.data), "size": len(found.data), "etag": found.etag, "notModified": False}


def _holdout(given: argparse.Namespace) -> dict[str, Any] | None:
    """What the holdout is; an unreachable one is the validation's to report."""
    if not given.holdout:
        return None
    try:
        return _ask(given.holdout, given.holdout_etag, MAX_BYTES)
    except StoreError:
        return None


if __name__ == "__main__":
    sys.exit(main())
