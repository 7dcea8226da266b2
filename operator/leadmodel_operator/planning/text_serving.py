"""Which text model serves: the steps that begin and end with text models, and that change the one that serves.

newest verdict                                         | what follows
-------------------------------------------------------|-----------------------------------------------
the spec pins what served before, and it is kept       | it serves, without the source and without a check
Pass for the present settings, and it is kept          | it serves, and the one before is kept
Pass for the present settings, and it is not kept yet  | it waits for its snapshot
anything else                                          | the serving one stays

The digest stands in status before the runtime puts its bytes where predictors look.
"""

from leadmodel_operator.planning.pass_state import PassState
from leadmodel_operator.planning.text_models import change_text, pinned_text, text_inputs
from leadmodel_operator.planning.trace import Outcome, PlanStep, did, nothing, withheld
from leadmodel_operator.resource.digest import short
from leadmodel_operator.resource.status_enrichment import EnrichmentStatus, TextFigures
from leadmodel_operator.resource.vocabulary import EventReason, Evidence


def record_text_spec(state: PassState) -> Outcome:
    """Begin with text models where the spec asks for them, and end where it does not any more.

    What serves already, after a status was lost, serves on if its bytes are kept.
    """
    step, known = PlanStep.TEXT_SPEC, state.status.enrichment
    if (state.spec.enrichment is None) == (known is None):
        return nothing(step)
    if (why := state.why_suspended) is not None:
        return withheld(step, why)
    if state.spec.enrichment is None:
        state.change(enrichment=None)
        return did(step, "the spec asks for no text model any more")
    text = state.seen.text
    served = text.served if text.served in text.snapshots else None
    begun = EnrichmentStatus(digest=served, served_at=state.now if served else None)
    state.change(enrichment=begun)
    return did(step, "the spec asks for a text model")


def serve_text(state: PassState) -> Outcome:
    """Let a text model serve that passed the gate and is kept."""
    step, known = PlanStep.TEXT_MODEL, state.status.enrichment
    if known is None or state.spec.enrichment is None:
        return nothing(step)
    digest, figures = _next(state, known)
    if digest is None or digest == known.digest:
        return nothing(step)
    if (why := state.why_suspended) is not None:
        return withheld(step, why)
    if digest not in state.seen.text.snapshots:
        return withheld(step, f"{short(digest)} is not kept yet")
    answered = known.ready_pods > 0 or not state.seen.scrapes
    previous = known.digest if answered or known.previous is None else known.previous
    change_text(
        state,
        digest=digest,
        previous=previous if previous != digest else None,
        served_at=state.now,
        ready_pods=0,
        figures=figures,
        abstained=None,
        drift=None,
    )
    message = f"text model {short(digest)} is to serve instead of {short(known.digest)}"
    state.emit(EventReason.ENRICHMENT_PROMOTED, message)
    return did(step, message)


def _next(state: PassState, known: EnrichmentStatus) -> tuple[str | None, TextFigures | None]:
    """The digest that should serve by the table of this module, with its figures; None where the serving one stays."""
    pin, candidate = pinned_text(state), known.candidate
    if pin is not None and pin == known.previous and pin in state.seen.text.snapshots:
        return pin, None
    if candidate is None or candidate.verdict is not Evidence.PASS or candidate.inputs != text_inputs(state):
        return None, None
    return candidate.digest, candidate.figures
