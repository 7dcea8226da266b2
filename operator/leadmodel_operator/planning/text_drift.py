"""Drift of live texts: what the text windows of the pods say together, and since when. Pure: a window and the last result in, the next out.

window                                    | what becomes of a breach
------------------------------------------|-----------------------------
too few texts                             | remembered
a head, unknown words or length over max  | begins, or goes on
breaching, and still over 0.8 of it       | goes on
anything else                             | ends

No text model is changed for drift: the world moved, not the text model.
"""

from datetime import datetime, timedelta

from leadmodel_messages.window import TEXT_HEADS, TEXT_LENGTH, UNKNOWN_WORDS, TextWindow
from leadmodel_messages.window_psi import text_psis
from leadmodel_operator.planning.drift import REFRESH
from leadmodel_operator.planning.drift_reading import LEAVE
from leadmodel_operator.resource.spec_policies import DriftPolicy
from leadmodel_operator.resource.status_enrichment import TextDriftResult

KNOWN = frozenset({*TEXT_HEADS, UNKNOWN_WORDS, TEXT_LENGTH})  # what a pod may name in status and metrics


def read_texts(
    before: TextDriftResult | None, window: TextWindow, max_psi: float, policy: DriftPolicy, now: datetime
) -> TextDriftResult:
    """Compare live texts with the reference of the text model.

    Args:
        before: The last result; None before the first.
        window: The windows of all pods that report the text model, added up.
        max_psi: The PSI from which texts are in breach.
        policy: Number of texts that a reading needs, and how long a breach must last.
        now: The instant of the pass.
    """
    found = text_psis(window, policy.min_samples)
    psis = {name: index for name, index in found.items() if name in KNOWN}
    since = before.breach_since if before is not None else None
    if psis:
        factor = LEAVE if since is not None else 1.0
        over = any(index.value >= factor * index.limit(max_psi) for index in psis.values())
        since = (since or now) if over else None
    feature = max(psis, key=lambda name: psis[name].value, default=None)
    lasted = since is not None and now - since >= timedelta(seconds=policy.sustained_for.seconds)
    result = TextDriftResult(
        texts=window.n,
        psi=None if feature is None else round(psis[feature].value, 4),
        feature=feature,
        breach_since=since,
        at=now,
        sustained=lasted,
    )
    return _settled(before, result)


def _settled(before: TextDriftResult | None, result: TextDriftResult) -> TextDriftResult:
    """The result to write: the last one unless texts suffice now, a breach began, ended or lasted, or a figure changed REFRESH ago."""
    if before is None:
        return result
    if _state(before) != _state(result):
        return result
    is_new = _shown(before) != _shown(result)
    return result if is_new and result.at - before.at >= REFRESH else before


def _shown(result: TextDriftResult) -> tuple[object, ...]:
    """The figures as people read them: smaller changes are worth no write of the status."""
    return None if result.psi is None else f"{result.psi:.2f}", result.feature, result.texts // 100


def _state(result: TextDriftResult) -> tuple[bool, datetime | None, bool]:
    return result.psi is not None, result.breach_since, result.sustained


def abstained_share(window: TextWindow) -> float | None:
    """The share of live texts without an intent, from 0 to 1; None without texts."""
    intent = window.features.get("intent")
    counted = sum(intent.observed) if intent is not None else 0
    return None if intent is None or not counted else round(intent.observed[-1] / counted, 4)
