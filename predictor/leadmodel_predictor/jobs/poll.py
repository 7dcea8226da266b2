"""`leadmodel-poll`: ask the store what it holds, with conditional requests. The answer has digests and ETags, nothing else."""

import leadmodel_messages.interrupt  # noqa: F401  # first: from here on a Ctrl-C prints no traceback

# isort: split
import argparse
import os
from collections.abc import Sequence
from typing import NoReturn

from leadmodel_artifact.snapshot import MAX_RAW_BYTES, digest
from leadmodel_messages import failure, poll, termination
from leadmodel_messages.credentials import Source, environment
from leadmodel_messages.errors import ErrorWord
from leadmodel_messages.exits import PollExit
from leadmodel_messages.failure import Failure
from leadmodel_messages.leaving import leave
from leadmodel_messages.poll import PollAnswer, Stored
from leadmodel_messages.uris import place
from leadmodel_predictor.jobs.holdout import MAX_BYTES
from leadmodel_store.store import StoreError, StoreReason, fetch


def parser() -> argparse.ArgumentParser:
    """Return the parser of the program's arguments."""
    p = argparse.ArgumentParser(
        prog="leadmodel-poll", description="Ask the store which artifact and holdout it holds."
    )
    p.add_argument("--artifact", required=True, help="URI of model.json")
    p.add_argument("--holdout", help="URI of the holdout")
    p.add_argument("--etag", help="ETag of the artifact as last answered")
    p.add_argument("--holdout-etag", help="ETag of the holdout as last answered")
    termination.add_option(p)
    return p


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; the exit code."""
    given = parser().parse_args(arguments)
    code, line = run(given)
    print(line)
    termination.write(given.termination_log, line)
    return code


def run(given: argparse.Namespace) -> tuple[PollExit, str]:
    """Ask the store; give the exit code and the message."""
    try:
        artifact = _ask(Source.ARTIFACT, given.artifact, given.etag, MAX_RAW_BYTES)
    except StoreError as error:
        code = PollExit.TOO_LARGE if error.reason is StoreReason.TOO_LARGE else PollExit.UNAVAILABLE
        return code, failure.dump(_failure(given.artifact, error), failure.COMPACT)
    holdout, why = _holdout(given)
    return PollExit.ANSWERED, poll.dump(PollAnswer(place(given.artifact), artifact, holdout, why))


def _failure(uri: str, error: StoreError) -> Failure:
    word = ErrorWord(f"Artifact{error.reason}")
    return Failure(word, str(error)[:500], uri=place(uri), etag=error.etag, size=error.size)


def _ask(source: Source, uri: str, etag: str | None, limit: int) -> Stored:
    fetched = fetch(uri, max_bytes=limit, etag=etag, environ=environment(source, os.environ))
    if fetched.not_modified:
        return Stored(None, etag=fetched.etag, not_modified=True)
    return Stored(digest(fetched.data), len(fetched.data), fetched.etag)


def _holdout(given: argparse.Namespace) -> tuple[Stored | None, str]:
    """Ask for the holdout; where there is none, say why. An unreachable one is no failure here, the validation reports it."""
    if not given.holdout:
        return None, "no --holdout was given"
    try:
        return _ask(Source.HOLDOUT, given.holdout, given.holdout_etag, MAX_BYTES), ""
    except StoreError as error:
        return None, str(error)


def program() -> NoReturn:
    """Run `leadmodel-poll` as a program of its own."""
    leave(main)


if __name__ == "__main__":
    program()
