"""The steps of a canary: what the pods report of a candidate's share of leads → what follows. Pure.

share of the candidate (first that applies)                                  | what follows
-----------------------------------------------------------------------------|---------------------------------------
no finite score for 1 % of its leads, and for three at least                 | refused, FailsToScore
it refuses 5 % of its leads, of 30 at least, which the champion reads        | refused, CannotReadLiveLeads
30 answers take more than twice as long as the champion's, and 5 ms longer   | refused, SlowToScore
a ready pod does not give it this share, and the time to wait for it is over | stuck: gate.live.onInsufficient decides
a ready pod does not give it this share                                      | the step waits
the step has lasted as long as the spec says                                 | the next step, or the promotion
otherwise                                                                    | the step goes on

Sums count since each process loaded the candidate, over all steps. A restarted pod begins anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from leadmodel_messages.window import ShareWindow
from leadmodel_messages.window_share import added
from leadmodel_operator.planning.observed import PodSeen
from leadmodel_operator.resource.spec_rollout import RolloutStep
from leadmodel_operator.resource.status_challenger import Challenger
from leadmodel_operator.resource.vocabulary import Reason

FAILED_SHARE, MIN_FAILED = 0.01, 3
REFUSED_SHARE, MIN_LEADS = 0.05, 30
SLOWER, SLOWER_BY_S = 2.0, 0.005


@dataclass(frozen=True)
class Shown:
    """What the ready pods of the champion report of a candidate's share."""

    ready: int
    pods: int  # of these give the candidate the share of its step
    sums: ShareWindow | None  # of all shares of the candidate so far; None where no pod gives it one
    words: tuple[str, ...] = ()  # why pods do not, where they say so

    @property
    def is_whole(self) -> bool:
        """Whether every ready pod gives the candidate its share, and there is one."""
        return 0 < self.ready == self.pods


class Progress(StrEnum):
    """What follows from a step that does not fail."""

    GO_ON = "GoOn"
    NEXT = "Next"
    STUCK = "Stuck"


def shown(pods: Sequence[PodSeen], *, champion: str, digest: str, weight: int) -> Shown:
    """Sum up what pods report of the share of a candidate.

    Args:
        pods: All pods; those that are not ready or answer with another champion give the candidate no share.
        champion: Digest of the champion.
        digest: Digest of the candidate.
        weight: Share of its step, in per cent.
    """
    ready = [pod for pod in pods if pod.ready]
    windows = [pod.window for pod in ready if pod.window is not None and pod.champion == champion]
    own = [w.share for w in windows if w.share is not None and w.share.digest == digest]
    return Shown(
        ready=len(ready),
        pods=sum(share.weight == weight and share.is_agreed for share in own),
        sums=added(own),
        words=tuple(sorted({str(window.share_error) for window in windows if window.share_error})),
    )


def fault(sums: ShareWindow | None) -> tuple[Reason, str] | None:
    """Why a candidate must answer no more leads, in a word and a sentence; None if nothing speaks against it."""
    if sums is None:
        return None
    leads = sums.answered + sums.failed + sums.refused
    if sums.failed >= max(MIN_FAILED, FAILED_SHARE * leads):
        why = f"the candidate has no score for {sums.failed} of the {leads} leads of its share"
        return Reason.FAILS_TO_SCORE, why
    if leads >= MIN_LEADS and sums.refused >= REFUSED_SHARE * leads:
        why = f"the candidate refuses {sums.refused} of the {leads} leads of its share, which the champion reads"
        return Reason.CANNOT_READ_LIVE_LEADS, why
    if min(sums.answered, sums.champion_answered) < MIN_LEADS:
        return None
    own, other = sums.seconds / sums.answered, sums.champion_seconds / sums.champion_answered
    if own <= SLOWER * other or own - other <= SLOWER_BY_S:
        return None
    why = f"the candidate takes {own * 1000:.1f} ms per answer, the champion {other * 1000:.1f} ms"
    return Reason.SLOW_TO_SCORE, why


def progress(
    challenger: Challenger, step: RolloutStep, pods: Shown, *, now: datetime, patience: timedelta
) -> Progress:
    """Tell what follows from a step in which nothing speaks against the candidate.

    Args:
        challenger: The record of the candidate; `shown_since` is absent until all ready pods gave it the share of this step.
        step: The step as the spec has it now.
        pods: What the pods report.
        now: The instant of the pass.
        patience: How long pods are waited for that do not give the candidate its share.
    """
    over = step_ends(challenger, step)
    if pods.is_whole:
        return Progress.NEXT if over is not None and now >= over else Progress.GO_ON
    since = over or challenger.step_since or now
    return Progress.STUCK if now >= since + patience else Progress.GO_ON


def step_ends(challenger: Challenger, step: RolloutStep) -> datetime | None:
    """When the step is over; None while pods have not yet given the candidate its share."""
    since = challenger.shown_since
    return None if since is None else since + timedelta(seconds=step.for_.seconds)


def sentence(challenger: Challenger, steps: Sequence[RolloutStep], pods: Shown) -> str:
    """Say how far a canary is: which share, in which pods, until when, and what became of its leads."""
    number, sums = challenger.step or 0, pods.sums
    head = f"step {number + 1} of {len(steps)}, {challenger.weight} % of leads"
    leads = (
        f"; {sums.answered} answered, {sums.failed} without a score, {sums.refused} refused" if sums else ""
    )
    over = step_ends(challenger, steps[number])
    if pods.is_whole and over is not None:
        return f"{head} until {over:%Y-%m-%d %H:%M} UTC{leads}"
    why = f" ({', '.join(pods.words)})" if pods.words else ""
    return f"{head} in {pods.pods} of {pods.ready} ready pods{why}{leads}"
