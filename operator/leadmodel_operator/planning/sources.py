"""What the user asks for: the pin, else the newest completed answer of a poll or a retraining for the present URI."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from leadmodel_operator.planning.observed import FaultKind, JobKind, JobSeen, JobState
from leadmodel_operator.planning.pass_state import Draft, inputs_of
from leadmodel_operator.resource.digest import hashed, short
from leadmodel_operator.resource.status import (
    BackfillResult,
    Candidate,
    PollResult,
    Requested,
    RetrainingResult,
)
from leadmodel_operator.resource.vocabulary import Evidence, Reason, Source, Verb

FINISHED_WITH_RESIDUE = 3  # exit code of a backfill that finished and left something for a person
BACKOFF_MINUTES = (1, 2, 4, 8, 16, 32, 60)


def backoff(attempt: int) -> timedelta:
    """1, 2, 4 … 60 minutes after the first, second … attempt."""
    return timedelta(minutes=BACKOFF_MINUTES[min(max(attempt, 1), len(BACKOFF_MINUTES)) - 1])


def note_spec(draft: Draft) -> None:
    """See whether this spec asks for something else than the last one did."""
    now, before = inputs_of(draft.spec), draft.status.inputs
    draft.fresh = before is None or before != now
    if before is None or before.source != now.source:
        known = draft.status.poll or PollResult()
        if before is not None:
            draft.change(requested=None, candidate=None)
            known = PollResult(holdout_digest=known.holdout_digest, asked=known.asked, job=known.job)
        known = _hear(known, [j for j in draft.seen.jobs if j.kind is JobKind.POLL])
        draft.change(
            poll=replace(known, since=draft.now.replace(microsecond=0), etag=None, attempt=0, due=None)
        )
    elif before.gate != now.gate:
        known = draft.status.poll or PollResult()
        draft.change(poll=replace(known, holdout_digest=None, holdout_etag=None))
    draft.change(inputs=now, observed_generation=draft.seen.generation)
    pin = draft.spec.artifact.digest
    asked = draft.status.requested
    if pin is not None and (asked is None or asked.digest != pin or asked.source is not Source.SPEC):
        _request(draft, pin, Source.SPEC)


def _request(draft: Draft, digest: str, source: Source) -> None:
    draft.change(
        requested=Requested(digest=digest, source=source, uri=show(draft.spec.artifact.uri), at=draft.now)
    )


def show(uri: str) -> str:
    """The URI without user info, query and fragment."""
    parts = urlsplit(uri)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def parse(message: str) -> dict[str, Any]:
    """A termination message; {} when it is none."""
    try:
        found = json.loads(message)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


# --- polls -----------------------------------------------------------------------------------------------------------------


def note_polls(draft: Draft) -> None:
    """Take the answers of finished polls, oldest first."""
    done = [j for j in draft.seen.jobs if j.kind is JobKind.POLL and j.state is not JobState.RUNNING]
    for job in sorted(done, key=lambda j: (j.created, j.finished or draft.now)):
        known = draft.status.poll or PollResult()
        if not _is_heard(known, job):
            _note_poll(draft, job, _hear(known, [job]))


def _is_heard(known: PollResult, job: JobSeen) -> bool:
    """Whether its answer was taken, or counts no more. Jobs have whole seconds: those of one second are known by their names."""
    if known.asked is None or job.created > known.asked:
        return False
    return job.created < known.asked or job.name in (known.job or "").split()


def _hear(known: PollResult, jobs: list[JobSeen]) -> PollResult:
    """With these as heard. They are told by names and times of the API server alone: its clock is not ours."""
    for job in sorted((j for j in jobs if not _is_heard(known, j)), key=lambda j: j.created):
        beside = (known.job or "").split() if known.asked == job.created else []
        known = replace(known, asked=job.created, job=" ".join([*beside[-7:], job.name]))
    return known


def _note_poll(draft: Draft, job: JobSeen, known: PollResult) -> None:
    answer = parse(job.message)
    if job.state is JobState.SUCCEEDED and answer.get("uri") == show(draft.spec.artifact.uri):
        _answered(draft, job, known, answer)
        return
    if job.state is JobState.SUCCEEDED and "uri" in answer:
        draft.change(poll=known)  # of another source
        return
    if answer.get("error") == Reason.ARTIFACT_TOO_LARGE:
        _too_large(draft, known, answer)
        return
    reason = Reason.ARTIFACT_NOT_FOUND if answer.get("error") == "ArtifactNotFound" else Reason.FETCH_RETRYING
    said = str(answer.get("message") or "the poll ended without an answer")[:256]
    attempt = known.attempt + 1
    draft.change(
        poll=replace(known, attempt=attempt, reason=reason, error=said, due=draft.now + backoff(attempt))
    )
    if attempt == 1:
        draft.say("SourceUnavailable", said, warning=True)


def _answered(draft: Draft, job: JobSeen, known: PollResult, answer: dict[str, Any]) -> None:
    digest = answer.get("digest")
    held = answer.get("holdout") or {}
    holdout = held.get("digest") or known.holdout_digest
    draft.change(
        poll=replace(
            known,
            last_success=job.finished or draft.now,
            etag=answer.get("etag") or known.etag,
            holdout_etag=held.get("etag") or known.holdout_etag,
            holdout_digest=holdout,
            attempt=0,
            due=None,
            wanted="",
            reason=None,
            error=None,
        )
    )
    asked = draft.status.requested
    if digest and not draft.pinned and (asked is None or asked.digest != digest):
        _request(draft, digest, Source.POLL)


def _too_large(draft: Draft, known: PollResult, answer: dict[str, Any]) -> None:
    mark = hashed(show(draft.spec.artifact.uri), answer.get("etag"), answer.get("size"))
    said = str(answer.get("message") or "the artifact is too large")[:512]
    draft.change(
        poll=replace(
            known, attempt=0, due=None, wanted="", reason=Reason.ARTIFACT_TOO_LARGE, error=said[:256]
        )
    )
    before = draft.status.candidate
    if draft.pinned or (before is not None and before.fingerprint == mark):
        return
    draft.change(
        candidate=Candidate(
            digest=None,
            inputs=mark,
            attempt=1,
            since=draft.now,
            verdict=Evidence.FAIL,
            reason=Reason.ARTIFACT_TOO_LARGE,
            message=said,
            source=Source.POLL,
            fingerprint=mark,
        )
    )
    draft.say("GateFailed", said, warning=True)


def poll_now(draft: Draft) -> str | None:
    """The name of the poll Job to make now, if one is due; its reason is recorded so that it is made once."""
    known = draft.status.poll or PollResult()
    if draft.halted:
        return None
    if known.wanted:
        return known.wanted if not _answered_already(draft, known.wanted) else None
    if not _due(draft, known):
        return None
    verb = draft.seen.verbs.get(Verb.POLL, "")
    mark = hashed(
        draft.seen.uid, inputs_of(draft.spec).source, verb, known.attempt, known.asked, known.job, known.since
    )
    name = f"{draft.seen.name}-poll-{mark}"
    draft.change(poll=replace(known, wanted=name))
    return name


def _answered_already(draft: Draft, name: str) -> bool:
    known = draft.status.poll
    ended = any(job.name == name and job.state is not JobState.RUNNING for job in draft.seen.jobs)
    if known is not None and ended:
        draft.change(poll=replace(known, wanted=""))
    return ended


def _due(draft: Draft, known: PollResult) -> bool:
    if known.due is not None and draft.now < known.due:
        draft.wake_at(known.due)
        return False
    if draft.pinned:
        return False
    return (
        draft.status.requested is None and known.reason is not Reason.ARTIFACT_TOO_LARGE
    ) or known.due is not None


def want_poll(draft: Draft) -> None:
    """A person asks for a poll."""
    known = draft.status.poll or PollResult()
    draft.change(poll=replace(known, due=draft.now, wanted=""))


# --- retraining and backfill ------------------------------------------------------------------------------------------------


def note_retraining(draft: Draft) -> None:
    """A finished retraining is an answer of the source."""
    job = _newest_done(draft, JobKind.RETRAINING)
    known = draft.status.retraining or RetrainingResult()
    if job is None or known.job == job.name:
        return
    digest = parse(job.message).get("digest")
    if job.state is not JobState.SUCCEEDED or not isinstance(digest, str):
        said = _why_no_model(job)
        draft.change(retraining=replace(known, job=job.name, error=said))
        draft.say("RetrainingFailed", said, warning=True)
        return
    draft.change(
        retraining=RetrainingResult(last_success=job.finished or draft.now, digest=digest, job=job.name)
    )
    since = draft.status.poll.since if draft.status.poll else None
    if since is not None and job.created < since:
        return
    if draft.pinned:
        draft.say(
            "RetrainedOffered",
            f"the retraining made {short(digest)}; artifact.digest pins another, so it is only offered",
        )
    else:
        _request(draft, digest, Source.RETRAINING)


def _why_no_model(job: JobSeen) -> str:
    """What the training says, else what the platform says of its pod, with what would help."""
    said = parse(job.message).get("message")
    if isinstance(said, str) and said:
        return said[:256]
    if job.fault is not None and job.fault.reason == "OOMKilled":
        return "the training ran out of memory; raise retraining.resources.limits.memory or take a shorter period"
    if job.fault is not None and job.fault.kind is not FaultKind.TERMINATED:
        return f"the training could not start: {job.fault.reason} {job.fault.message}".rstrip()[:256]
    if job.exit_code is not None:
        return f"the training ended with exit code {job.exit_code} and without a word; the log of its pod may say more"
    return "the training did not end in time, or its pod is gone"


def _newest_done(draft: Draft, kind: JobKind) -> JobSeen | None:
    done = [j for j in draft.seen.jobs if j.kind is kind and j.state is not JobState.RUNNING]
    return max(done, key=lambda j: j.created, default=None)


def note_backfill(draft: Draft) -> None:
    """Counts of the last backfill, never a value."""
    job = _newest_done(draft, JobKind.BACKFILL)
    known = draft.status.backfill or BackfillResult()
    if job is None or known.job == job.name or (known.asked is not None and job.created < known.asked):
        return
    answer = parse(job.message)
    found = _counted(job, answer)
    if job.state is JobState.SUCCEEDED:
        draft.change(backfill=replace(found, last_success=job.finished or draft.now))
        return
    said = _why_failed(job, answer)
    kept = (
        found if job.exit_code == FINISHED_WITH_RESIDUE else replace(known, job=job.name, asked=job.created)
    )
    draft.change(backfill=replace(kept, last_success=known.last_success, error=said))
    draft.say("BackfillFailed", said, warning=True)


def _counted(job: JobSeen, answer: dict[str, Any]) -> BackfillResult:
    """What a run counted. A dry run changes nothing: what it found counts as what it would change."""
    dry = answer.get("mode") != "Apply"
    return BackfillResult(
        mode=str(answer.get("mode", ""))[:16],
        scanned=_count(answer, "scanned"),
        redacted=_count(answer, "found" if dry else "changed"),
        residue=_count(answer, "residue"),
        report=str(answer.get("report", ""))[:256],
        job=job.name,
        asked=job.created,
    )


def _why_failed(job: JobSeen, answer: dict[str, Any]) -> str:
    said = str(answer.get("message") or "")
    if said:
        return f"the backfill failed: {said}"[:256]
    return (
        "the backfill did not end by itself"
        if job.exit_code is None
        else f"the backfill ended with exit code {job.exit_code}"
    )


def _count(answer: dict[str, Any], name: str) -> int:
    found = answer.get(name)
    return found if isinstance(found, int) and not isinstance(found, bool) and found >= 0 else 0
