"""The condition EnrichmentHealthy as a chain of rules: the first rule that applies answers.

no text model in the spec                               | Unknown NotConfigured
the check or the training cannot start                  | False CannotStart
the newest text model was refused                       | False EnrichmentRejected
it could not be measured for want of messages           | False, reason of the verdict
the last check gave no report                           | False, reason of the attempt
nothing was judged yet                                  | Unknown Validating
nothing serves                                          | Unknown Pending
live texts differ for drift.sustainedFor                | False DriftSustained
the last training failed                                | False Failed
a scheduled training did not start                      | False Overdue
pods are never asked                                    | Unknown MetricsUnavailable
no pod is ready, or pods run an earlier release         | Unknown RollingOut
not all ready pods report it, for progressDeadline      | False ProgressDeadlineExceeded
not all ready pods report it                            | Unknown RollingOut
otherwise                                               | True Serving
"""

from datetime import timedelta

from leadmodel_operator.planning.facts import Answer, Rule, false, first_answer, true, unknown
from leadmodel_operator.planning.observed import JobKind
from leadmodel_operator.planning.pass_state import PassState
from leadmodel_operator.planning.text_work import takes_text_model
from leadmodel_operator.resource.digest import short
from leadmodel_operator.resource.status_enrichment import EnrichmentStatus
from leadmodel_operator.resource.vocabulary import Evidence, Reason


def enrichment_healthy(state: PassState) -> Answer:
    """Whether all ready pods answer texts with the text model that was decided to serve, and nothing is wrong with it."""
    known = _known(state)
    words = f"{short(known.digest)} answers texts in {known.ready_pods} pods"
    return first_answer(ENRICHMENT, state, true(Reason.SERVING, words))


def _known(state: PassState) -> EnrichmentStatus:
    return state.status.enrichment or EnrichmentStatus()


def _serves(state: PassState) -> str:
    """What answers texts meanwhile, as far as pods report it."""
    known = _known(state)
    if known.digest is None:
        return "; no text model serves"
    if not known.ready_pods:
        return f"; {short(known.digest)} is to serve, and no pod reports it"
    return f"; {short(known.digest)} answers texts in {known.ready_pods} pods"


def _not_configured(state: PassState) -> Answer | None:
    """The spec asks for no text model."""
    return unknown(Reason.NOT_CONFIGURED) if state.spec.enrichment is None else None


def _cannot_start(state: PassState) -> Answer | None:
    """The Job of the check, or that of the training, cannot start."""
    known = _known(state)
    why = (known.check.waiting if known.check else None) or (
        known.training.waiting if known.training else None
    )
    return false(Reason.CANNOT_START, why) if why else None


def _refused(state: PassState) -> Answer | None:
    """The gate, or the pods, refused the newest text model."""
    candidate = _known(state).candidate
    if candidate is None or candidate.verdict is not Evidence.FAIL:
        return None
    words = f"{short(candidate.digest)} was refused ({candidate.reason}): {candidate.message}"
    return false(Reason.ENRICHMENT_REJECTED, words + _serves(state))


def _undecided(state: PassState) -> Answer | None:
    """The labelled messages do not let the newest text model be measured."""
    candidate = _known(state).candidate
    if candidate is None or candidate.verdict is Evidence.PASS:
        return None
    return false(candidate.reason, f"{short(candidate.digest)}: {candidate.message}{_serves(state)}")


def _without_report(state: PassState) -> Answer | None:
    """The last check gave no report."""
    check = _known(state).check
    if check is None or check.error is None or check.reason is None:
        return None
    checks = "the last check" if check.attempt == 1 else f"{check.attempt} checks in a row"
    return false(check.reason, f"{checks} failed: {check.error}{_serves(state)}")


def _not_judged(state: PassState) -> Answer | None:
    """Nothing was judged yet, and nothing serves."""
    known = _known(state)
    if known.candidate is not None or known.digest is not None:
        return None
    return unknown(Reason.VALIDATING, "the first text model is measured")


def _nothing_serves(state: PassState) -> Answer | None:
    """A text model passed and does not serve yet."""
    return unknown(Reason.PENDING, "no text model serves yet") if _known(state).digest is None else None


def _drifts(state: PassState) -> Answer | None:
    """Live texts differ from those of the training."""
    drift = _known(state).drift
    if drift is None or not drift.sustained:
        return None
    words = f"live texts differ from those of the training: {drift.feature} has PSI {drift.psi or 0:.2f}"
    return false(Reason.DRIFT_SUSTAINED, f"{words}; train on newer messages")


def _training_failed(state: PassState) -> Answer | None:
    """The last training failed."""
    training = _known(state).training
    return false(Reason.FAILED, training.error) if training is not None and training.error else None


def _training_overdue(state: PassState) -> Answer | None:
    """A training that should have started long ago did not."""
    is_late = any(s.kind is JobKind.ENRICHMENT and s.overdue for s in state.seen.schedules)
    return (
        false(Reason.OVERDUE, "the last scheduled training of a text model did not run") if is_late else None
    )


def _unseen(state: PassState) -> Answer | None:
    """Pods are never asked what they load."""
    if state.seen.scrapes:
        return None
    return unknown(Reason.METRICS_UNAVAILABLE, "pods are not asked which text model they load")


def _without_pods(state: PassState) -> Answer | None:
    """No pod is ready, or the pods are those of an earlier release."""
    if not takes_text_model(state) and state.champion is not None:
        words = 'annotate customerops.dev/refresh="1", for the pods run an image of an earlier release'
        return unknown(Reason.ROLLING_OUT, words)
    is_ready = any(pod.ready for pod in state.seen.pods)
    return None if is_ready else unknown(Reason.ROLLING_OUT, "no pod is ready that could load it")


def _loading(state: PassState) -> Answer | None:
    """Not all ready pods report the text model."""
    known, ready = _known(state), sum(pod.ready for pod in state.seen.pods)
    if known.ready_pods >= ready:
        return None
    words = f"{known.ready_pods} of {ready} pods report {short(known.digest)}"
    deadline = timedelta(seconds=state.spec.progress_deadline.seconds)
    if known.served_at is not None and state.now - known.served_at >= deadline:
        return false(Reason.PROGRESS_DEADLINE_EXCEEDED, words)
    return unknown(Reason.ROLLING_OUT, words)


ENRICHMENT: tuple[Rule, ...] = (
    _not_configured,
    _cannot_start,
    _refused,
    _undecided,
    _without_report,
    _not_judged,
    _nothing_serves,
    _drifts,
    _training_failed,
    _training_overdue,
    _unseen,
    _without_pods,
    _loading,
)
