"""What pods report of their text model: who loads it, who cannot, and how live texts differ from those of the training.

ready pods (first that applies)                                 | what follows
----------------------------------------------------------------|-----------------------------------------------------------
were not asked in this pass                                     | nothing
one refuses the file, GRACE after the text model was decided    | the previous text model serves, this digest is refused
report the digest                                               | they are counted; drift by `planning/text_drift.py`
"""

from collections.abc import Sequence
from datetime import timedelta

from leadmodel_messages.errors import ErrorWord
from leadmodel_messages.window import TextWindow
from leadmodel_messages.window_sums import merge_texts
from leadmodel_operator.planning.observed import PodSeen
from leadmodel_operator.planning.pass_state import PassState
from leadmodel_operator.planning.text_drift import abstained_share, read_texts
from leadmodel_operator.planning.text_models import change_text, refused_by_pods, text_image, text_inputs
from leadmodel_operator.planning.trace import Outcome, PlanStep, did, nothing, withheld
from leadmodel_operator.resource.digest import short
from leadmodel_operator.resource.status_enrichment import EnrichmentStatus, TextCandidate, TextRefused
from leadmodel_operator.resource.vocabulary import EventReason, Evidence, Reason

GRACE = timedelta(minutes=2)  # a kubelet brings a changed file within a minute and a half
BLAMED = frozenset({ErrorWord.SCHEMA_MISMATCH, ErrorWord.EXAMPLES_DIFFER, ErrorWord.ARTIFACT_TOO_LARGE})
MAX_REFUSED = 10
_STEP = PlanStep.LIVE_TEXTS


def watch_texts(state: PassState) -> Outcome:
    """Count the pods that report the text model, go back where they cannot load it, and read the drift of live texts."""
    known = state.status.enrichment
    if known is None or known.digest is None or state.spec.enrichment is None or not state.seen.scraped:
        return nothing(_STEP)
    pods = [pod for pod in state.seen.pods if pod.ready]
    if (error := _why_refused(state, known, pods)) is not None:
        return _go_back(state, known, error)
    loaded = [text for pod in pods if (text := _text(pod)) is not None and text.digest == known.digest]
    if len(loaded) != known.ready_pods:
        known = change_text(state, ready_pods=len(loaded))
    return _watch_drift(state, known, loaded)


def _text(pod: PodSeen) -> TextWindow | None:
    return pod.window.text if pod.window is not None else None


def _why_refused(state: PassState, known: EnrichmentStatus, pods: Sequence[PodSeen]) -> ErrorWord | None:
    """Why pods of the present image cannot load the text model; None where none says so, or where they may still see the last file."""
    if known.served_at is None or state.now - known.served_at < GRACE:
        return None
    texts = (text for pod in pods if pod.image == text_image(state) and (text := _text(pod)) is not None)
    return next((t.error for t in texts if t.error in BLAMED and t.digest != known.digest), None)


def _go_back(state: PassState, known: EnrichmentStatus, error: ErrorWord) -> Outcome:
    if (why := state.why_suspended) is not None:
        return withheld(_STEP, why)
    bad, target = known.digest, known.previous
    assert bad is not None
    is_kept = target in state.seen.text.snapshots and refused_by_pods(state, target) is None
    target = target if is_kept else None
    entry = TextRefused(digest=bad, image=text_image(state), reason=error.value, at=state.now)
    others = tuple(e for e in known.refused if (e.digest, e.image) != (entry.digest, entry.image))
    message = f"pods could not load text model {short(bad)} ({error}); {short(target)} is to serve"
    change_text(
        state,
        digest=target,
        previous=None,
        served_at=state.now,
        ready_pods=0,
        figures=None,
        abstained=None,
        drift=None,
        refused=(entry, *others)[:MAX_REFUSED],
        candidate=TextCandidate(
            digest=bad,
            inputs=text_inputs(state),
            at=state.now,
            verdict=Evidence.FAIL,
            reason=Reason.PODS_CANNOT_LOAD,
            message=message,
        ),
    )
    state.emit(EventReason.ENRICHMENT_ROLLED_BACK, message, warning=True)
    return did(_STEP, message)


def _watch_drift(state: PassState, known: EnrichmentStatus, loaded: Sequence[TextWindow]) -> Outcome:
    spec, merged = state.spec.enrichment, merge_texts(loaded)
    assert spec is not None
    if merged is None:
        return nothing(_STEP)
    drift = read_texts(known.drift, merged, spec.drift.max_psi, state.spec.drift, state.now)
    was_sustained = known.drift is not None and known.drift.sustained
    if drift != known.drift:
        known = change_text(state, drift=drift, abstained=abstained_share(merged))
    if not drift.sustained:
        return nothing(_STEP)
    message = f"live texts differ from those of the training ({drift.feature}); training on newer messages is recommended"
    if not was_sustained:
        state.emit(EventReason.ENRICHMENT_DRIFT, message, warning=True)
    return withheld(_STEP, message)
