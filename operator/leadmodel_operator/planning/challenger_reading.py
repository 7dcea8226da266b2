"""What the pods say of a candidate: their windows → the verdict of the live gate. Pure.

windows of the champion's pods (first that applies)             | verdict
-----------------------------------------------------------------|---------------------------
pods have no place for a candidate                               | Insufficient NotMounted
fewer than half of the ready pods have loaded this candidate     | Insufficient NotLoaded
otherwise, over the pods that have                               | of `live_gate.py`
"""

from collections.abc import Sequence
from dataclasses import replace

from leadmodel_messages import window_paired
from leadmodel_messages.window import PairedWindow, Window
from leadmodel_messages.window_sums import merge, with_challenger
from leadmodel_operator.planning.challenger_place import NO_PLACE
from leadmodel_operator.planning.drift_reading import Reading, read
from leadmodel_operator.planning.live_gate import judge_live
from leadmodel_operator.planning.live_response import LiveVerdict
from leadmodel_operator.planning.observed import PodSeen
from leadmodel_operator.resource.spec_policies import DriftPolicy, LiveGate
from leadmodel_operator.resource.status_challenger import ScoreShift
from leadmodel_operator.resource.vocabulary import Evidence, Reason


def ask_pods(
    pods: Sequence[PodSeen],
    *,
    champion: str,
    challenger: str,
    ready: int,
    policy: LiveGate,
    drift: DriftPolicy,
) -> tuple[LiveVerdict, ScoreShift | None]:
    """Judge a candidate on the windows of the pods; None without a lead that both models scored.

    Args:
        pods: All pods; those with another champion, or that have loaded another candidate, do not count.
        champion: Digest of the champion.
        challenger: Digest of the candidate.
        ready: Number of ready pods, of which at least half must have loaded the candidate.
        policy: The limits of the live gate.
        drift: The limits of drift, which are those of the live gate too.
    """
    answered = [pod.window for pod in pods if pod.window is not None and pod.champion == champion]
    windows = with_challenger(answered, challenger)
    if not windows or 2 * len(windows) < ready:
        return _not_asked(answered, len(windows), ready), None
    limits = replace(drift, min_samples=policy.min_samples)
    merged = merge(windows)
    slot = merged.challenger if merged is not None else None
    verdict = judge_live(
        read([replace(window, previous=None) for window in windows], limits),
        _read_challenger(windows, limits),
        unread=slot.unread if slot is not None else 0,
        policy=policy,
        max_psi=drift.max_psi,
    )
    return verdict, _shift(slot.paired if slot is not None else None)


def _read_challenger(windows: Sequence[Window], limits: DriftPolicy) -> Reading:
    """Read the candidate as if it were the champion of its windows."""
    return read([replace(window, champion=window.challenger, previous=None) for window in windows], limits)


def _not_asked(answered: Sequence[Window], loaded: int, ready: int) -> LiveVerdict:
    if answered and not any(window.takes_challenger for window in answered):
        return LiveVerdict(Evidence.INSUFFICIENT, Reason.NOT_MOUNTED, NO_PLACE)
    words = sorted({str(window.challenger_error) for window in answered if window.challenger_error})
    why = f": {', '.join(words)}" if words else ""
    message = f"{loaded} of {ready} ready pods have loaded the candidate{why}"
    return LiveVerdict(Evidence.INSUFFICIENT, Reason.NOT_LOADED, message)


def _shift(paired: PairedWindow | None) -> ScoreShift | None:
    if paired is None or not paired.n:
        return None
    moved = window_paired.moved(paired)
    return ScoreShift(
        leads=paired.n,
        mean=window_paired.mean_shift(paired),
        rank=window_paired.rank_correlation(paired),
        moved=None if moved is None else moved / paired.n,
    )
