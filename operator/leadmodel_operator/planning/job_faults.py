"""Why a Job has not begun or ended without an answer, in the words of the platform: quota, Secret, image, account, claim, deadline."""

from leadmodel_operator.planning.facts import fault_words
from leadmodel_operator.planning.observed import FaultKind, JobKind, JobSeen, JobState
from leadmodel_operator.planning.pass_state import PassState

# No event tells that a Job's pod cannot be made: seconds to the next look, as a share of the Job's age between two bounds.
SOON_S, LATER_S, SHARE = 5.0, 120.0, 0.1
_WORDS = 256  # characters that status keeps


def newest_running(state: PassState, kind: JobKind) -> JobSeen | None:
    """The newest Job of a kind that has not ended."""
    return next((job for job in state.seen.jobs if job.kind is kind and job.state is JobState.RUNNING), None)


def why_waiting(state: PassState, kind: JobKind, name: str | None = None) -> str | None:
    """Why the newest Job of a kind, or the Job of that name, cannot begin; None if it runs, or if there is none.

    Another pass is asked for while a Job has not begun.
    """
    job = newest_running(state, kind)
    if job is None or not job.waits or (name is not None and job.name != name):
        return None
    age = (state.now - job.created).total_seconds()
    state.requeue_in(min(max(SOON_S, SHARE * age), LATER_S))
    if job.fault is None or job.fault.kind is FaultKind.TERMINATED:
        return None
    return f"the {job.kind} cannot start ({fault_words(job.fault)})"[:_WORDS]


def why_no_answer(job: JobSeen, before: str | None) -> str:
    """Why a Job ended without an answer; `before` is why it could not begin, which its pod told until the Job ended."""
    if job.fault is not None and job.fault.reason == "OOMKilled":
        return f"the {job.kind} ran out of memory; raise the memory limit of its resources"
    if before:
        return before
    if job.fault is not None and job.fault.kind is not FaultKind.TERMINATED:
        return f"the {job.kind} could not start ({fault_words(job.fault)})"[:_WORDS]
    if job.exit_code is not None:
        return f"the {job.kind} ended with exit code {job.exit_code} and without a word; the log of its pod may say more"
    why = f" ({job.fault.reason})" if job.fault is not None else ""
    return f"the {job.kind} did not end in time, or its pod is gone{why}"
