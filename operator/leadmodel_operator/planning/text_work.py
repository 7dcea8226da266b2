"""Status → what should be of text models. No evidence is read here: the same status always asks for the same objects."""

from leadmodel_operator.planning.pass_state import PassState
from leadmodel_operator.planning.planned import TextCheck, TextWork
from leadmodel_operator.planning.text_models import pinned_text
from leadmodel_operator.resource.vocabulary import Evidence, Reason

RENDERING = 3  # the first version of the rendering of pods whose image knows text models


def text_work(state: PassState, check: TextCheck | None) -> TextWork | None:
    """Derive what should exist of text models after the pass; None without any."""
    known, spec = state.status.enrichment, state.spec.enrichment
    if known is None or spec is None:
        return None
    candidate, held = known.candidate, state.seen.text.snapshots
    waits = candidate.digest if candidate is not None and candidate.verdict is Evidence.PASS else None
    pin = pinned_text(state)
    wanted = {known.digest, known.previous, waits, pin if pin in held else None}
    return TextWork(
        serve=known.digest,
        keep=frozenset(digest for digest in wanted if digest is not None),
        check=check,
        training=spec.training,
        tidy=waits is None or waits in held,
    )


def takes_text_model(state: PassState) -> bool:
    """Whether predictors are started with the place of a text model: an image of an earlier release would not start.

    The image of a champion that was promoted by an earlier release is of that release; an image that the spec names is taken at its word.
    """
    champion, rollout = state.champion, state.status.rollout
    if state.spec.enrichment is None or champion is None:
        return False
    rolling_back = rollout is not None and rollout.reason is not Reason.PROMOTED
    is_named = state.spec.predictor.image is not None and not rolling_back
    return is_named or champion.template >= RENDERING
