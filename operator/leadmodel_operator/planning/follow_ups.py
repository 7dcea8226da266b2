"""Follow-ups of a pass: which settings pods are to read, and what pods report. Decides nothing about lead-scoring models."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice

from leadmodel_messages.followups_report import LEDGER_OK, FollowUpsReport
from leadmodel_operator.planning.followup_settings import settings_digest, settings_document
from leadmodel_operator.planning.observed import FollowUpsSeen
from leadmodel_operator.planning.pass_state import PassState
from leadmodel_operator.planning.planned import FollowUpsWork
from leadmodel_operator.planning.trace import Outcome, PlanStep, did, nothing
from leadmodel_operator.resource.status_followups import FollowUpProblem, FollowUpsStatus

INTERVAL_S = 60.0  # between two questions to pods
RELOAD = timedelta(minutes=3)  # a kubelet brings a changed file within a minute and a half
RETRY_S = 30.0  # after a refusal
MAX_PROBLEMS = 20
_STEP = PlanStep.FOLLOW_UPS
_LAST = datetime(9999, 1, 1, tzinfo=UTC)


def follow_ups_work(state: PassState) -> FollowUpsWork | None:
    """Derive what should exist of follow-ups from the spec; None without `spec.followUps`."""
    spec = state.spec.follow_ups
    if spec is None:
        return None
    document = settings_document(state.seen.namespace, state.seen.name, spec)
    return FollowUpsWork(spec, document, _pod_to_replace(state))


def _pod_to_replace(state: PassState) -> tuple[str, ...]:
    """One pod that reports earlier settings for longer than a file takes to reach it; none while another pod is not ready."""
    known, seen = state.status.follow_ups, state.seen.follow_ups
    if (
        known is None
        or seen is None
        or state.now - known.since < RELOAD
        or not all(p.ready for p in seen.pods)
    ):
        return ()
    lagging = (p.name for p in seen.pods if p.report is not None and p.report.settings != known.settings)
    return tuple(islice(lagging, 1))


def watch_follow_ups(state: PassState) -> Outcome:
    """Record which settings pods are to read and what they report; forget all of it once nothing is left."""
    work, known, seen = follow_ups_work(state), state.status.follow_ups, state.seen.follow_ups
    if work is None:
        if known is not None and (seen is None or not seen.present):
            state.change(follow_ups=None)
            return did(_STEP, "nothing of follow-ups is left")
        return nothing(_STEP)
    if seen is None:
        return nothing(_STEP)
    state.requeue_in(RETRY_S if seen.conflicts or seen.refused else INTERVAL_S)
    digest = settings_digest(work.settings)
    is_new = known is None or known.settings != digest
    known = FollowUpsStatus(settings=digest, since=state.now) if known is None else known
    if is_new:  # what pods reported was of earlier settings
        known = replace(known, settings=digest, since=state.now, current_pods=0)
    ready = sum(pod.ready for pod in seen.pods)
    known = replace(known, pods=len(seen.pods), ready_pods=ready)
    state.change(follow_ups=_with_reports(known, seen) if seen.asked else known)
    return did(_STEP, "pods are to read other settings") if is_new else nothing(_STEP)


def _with_reports(known: FollowUpsStatus, seen: FollowUpsSeen) -> FollowUpsStatus:
    """Take over what pods report, ready or not; without an answer the last figures stay."""
    reports = [pod.report for pod in seen.pods if pod.report is not None]
    known = replace(known, answered=len(reports))
    if not reports:
        return replace(known, current_pods=0, ledger=None, problems=())
    of_ledger = max(reports, key=lambda report: (report.ledger == LEDGER_OK, report.waiting))
    bad = [report.ledger for report in reports if report.ledger != LEDGER_OK]
    return replace(
        known,
        current_pods=sum(report.settings == known.settings for report in reports),
        waiting=of_ledger.waiting,
        open=of_ledger.open,
        unknown=of_ledger.unknown,
        oldest_due=_instant(of_ledger.oldest_due_ms),
        sent_24h=of_ledger.sent_24h,
        failed_24h=of_ledger.failed_24h,
        ledger=bad[0][:256] if bad else None,
        problems=_problems(reports),
    )


def _problems(reports: list[FollowUpsReport]) -> tuple[FollowUpProblem, ...]:
    named = dict.fromkeys((p.field, p.reason) for report in reports for p in report.problems)
    return tuple(
        FollowUpProblem(field=field[:128], reason=reason[:256])
        for field, reason in list(named)[:MAX_PROBLEMS]
    )


def _instant(milliseconds: int | None) -> datetime | None:
    """The instant of a count of milliseconds, UTC; None for none and for what no clock shows."""
    if milliseconds is None or not 0 <= milliseconds < _LAST.timestamp() * 1000:
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
