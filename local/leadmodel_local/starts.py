"""Starts the Jobs that a plan wants: the validation, the poll that is due, the check of a text model."""

from leadmodel_local import work
from leadmodel_local.state import files
from leadmodel_local.work import Jobs, source_signature, text_signature
from leadmodel_operator.planning.observed import JobKind, JobSeen, JobState, Observed
from leadmodel_operator.planning.planned import Desired, Poll, TextCheck, Validation
from leadmodel_operator.resource.fields import Duration
from leadmodel_operator.resource.spec import Spec


def start_jobs(jobs: Jobs, seen: Observed, desired: Desired) -> None:
    """Start what is not started yet, and clear away Jobs that nothing needs any more."""
    if desired.validate is not None:
        _validate(jobs, seen, desired.validate)
    elif desired.tidy:
        jobs.tidy()
    if desired.poll is not None:
        _poll(jobs, seen, desired.poll)
    if desired.text is not None and desired.text.check is not None:
        _check_text(jobs, seen, desired.text.check)


def _validate(jobs: Jobs, seen: Observed, request: Validation) -> None:
    command = work.validation(jobs.folder, request)
    jobs.start(request.name, JobKind.VALIDATION, command, seen.now, request.deadline, image=request.image)


def _check_text(jobs: Jobs, seen: Observed, request: TextCheck) -> None:
    """The files are looked at before they are read: a change meanwhile is a change since."""
    command, mark = work.text_check(jobs.folder, request), text_signature(seen.spec)
    jobs.start(
        request.name, JobKind.TEXT_CHECK, command, seen.now, request.deadline, image=request.image, mark=mark
    )


def text_has_changed(jobs: Jobs, spec: Spec | None) -> bool:
    """Whether the files behind the text model or its holdout have changed since the newest check began."""
    checks = [job for job in jobs.seen() if job.kind is JobKind.TEXT_CHECK]
    return bool(checks) and _mark(jobs, checks[0]) != text_signature(spec)


def _mark(jobs: Jobs, job: JobSeen) -> str:
    metadata = files.read_json(jobs.folder.job(job.name) / "about.json") or {}
    return str(metadata.get("mark", ""))


def _poll(jobs: Jobs, seen: Observed, request: Poll) -> None:
    name = request.once or _scheduled_poll(jobs, seen, request)
    if name is not None:
        mark = source_signature(seen.spec)
        jobs.start(name, JobKind.POLL, work.poll(request), seen.now, work.POLL_S, mark=mark)


def _scheduled_poll(jobs: Jobs, seen: Observed, request: Poll) -> str | None:
    """Name the poll that is due: its interval has passed, or the source is a file that changed."""
    polls = [job for job in seen.jobs if job.kind is JobKind.POLL]
    if any(job.state is JobState.RUNNING for job in polls):
        return None
    newest = polls[0] if polls else None
    age = (seen.now - newest.created).total_seconds() if newest else float("inf")
    changed = newest is not None and _mark(jobs, newest) != source_signature(seen.spec)
    interval = Duration(request.interval).seconds
    due = 0 < interval <= age
    name = jobs.folder.key.name
    return f"{name}-poll-{seen.now.timestamp():.0f}" if (due or changed) and age >= 1 else None
