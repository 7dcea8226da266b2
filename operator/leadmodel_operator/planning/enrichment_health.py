"""The condition EnrichmentHealthy as a chain of rules: the first rule that applies answers.

no text model in the spec                               | Unknown NotConfigured
otherwise                                               | Unknown Pending
"""

from leadmodel_operator.planning.facts import Answer, Rule, first_answer, unknown
from leadmodel_operator.planning.pass_state import PassState
from leadmodel_operator.resource.vocabulary import Reason


def enrichment_healthy(state: PassState) -> Answer:
    """Whether all ready pods answer texts with the text model that was decided to serve."""
    return first_answer(ENRICHMENT, state, unknown(Reason.PENDING, "no text model was judged yet"))


def _not_configured(state: PassState) -> Answer | None:
    """The spec asks for no text model."""
    return unknown(Reason.NOT_CONFIGURED) if state.spec.enrichment is None else None


ENRICHMENT: tuple[Rule, ...] = (_not_configured,)
