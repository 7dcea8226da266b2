"""`leadmodel-privacy backfill`: from arguments to a run, its report, audit record, one line of JSON and the exit code."""

import argparse
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from leadmodel_messages import termination
from leadmodel_messages.backfill import Mode, Outcome, dump_refused
from leadmodel_messages.exits import BackfillExit
from leadmodel_messages.stopping import set_by_signals
from leadmodel_privacy.backfill import outputs, report
from leadmodel_privacy.backfill.arguments import add_arguments
from leadmodel_privacy.backfill.errors import BackfillError, Stopped
from leadmodel_privacy.backfill.requested import access_of, redaction, settings_of
from leadmodel_privacy.backfill.run import Run
from leadmodel_privacy.backfill.task import Task


def register(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add the command `backfill` to the program."""
    p = commands.add_parser(
        "backfill",
        help="redact conversations that a Redis or Valkey already holds; a dry run unless --apply",
        description="Finds personal data in Redis or Valkey and counts it. With --apply it is replaced, and verified.",
    )
    p.set_defaults(run=run)
    add_arguments(p)


def log(text: str, program: str = "leadmodel-privacy") -> None:
    """Write a line for people to standard error."""
    sys.stderr.write(f"{program}: {text}\n")
    sys.stderr.flush()


def run(given: argparse.Namespace) -> int:
    """Redact; the exit code."""
    return run_task(given, redaction, log)


def run_task(
    given: argparse.Namespace, task: Callable[[argparse.Namespace], Task], log: Callable[[str], None]
) -> int:
    """Run the task that the arguments ask for, over the Redis that they name; the exit code."""
    try:
        settings = settings_of(given, task(given))
        work = Run(settings, access_of(given), sys.stderr, log)
    except BackfillError as error:
        log(str(error))
        mode = Mode.APPLY if given.apply else Mode.DRY_RUN
        termination.write(given.termination_log, dump_refused(mode, str(error)[:512]))
        return int(error.code)
    set_by_signals(work.stop)
    started = time.time()
    code, outcome, message = _work(work)
    result = report.RunResult(
        work.owner, code, outcome, message, started, time.time(), settings.task.version, work.tally
    )
    result = _write(work, result, log)
    work.close()
    line = report.termination(settings, result)
    sys.stdout.write(line + "\n")
    if result.message and result.code:
        log(result.message)
    termination.write(given.termination_log, line)
    return int(result.code)


def _work(work: Run) -> tuple[BackfillExit, Outcome, str]:
    try:
        work.run_until_done()
        return report.outcome_of(work.settings, work.tally)
    except Stopped as error:
        return error.code, Outcome.STOPPED, str(error)
    except BackfillError as error:
        return error.code, Outcome.FAILED, str(error)
    except Exception as error:  # noqa: BLE001  # the text of a foreign exception may hold a value: only its type and place are logged
        frames = traceback.extract_tb(error.__traceback__)[-3:]
        where = " < ".join(f"{Path(f.filename).name}:{f.lineno}" for f in reversed(frames))
        return (
            BackfillExit.TRY_AGAIN,
            Outcome.FAILED,
            f"an error of the program: {type(error).__name__} at {where}",
        )


def _write(work: Run, result: report.RunResult, log: Callable[[str], None]) -> report.RunResult:
    """Write report and audit record; a run whose report cannot be written is not done."""
    settings, state = work.settings, work.state
    try:
        text = report.full(settings, result)
        where = outputs.write_report(
            settings.report, state, result.run, text, keep_s=settings.retention_s, now=result.ended
        )
        result = replace(result, reported=where)
        outputs.write_audit(settings.audit, state, result.run, report.audit(settings, result))
    except (outputs.StoreError, BackfillError) as error:
        message = f"the report cannot be written: {error}"
        if result.code in {BackfillExit.DONE, BackfillExit.RESIDUE}:
            return replace(result, code=BackfillExit.TRY_AGAIN, outcome=Outcome.FAILED, message=message)
        log(message)
    return result
