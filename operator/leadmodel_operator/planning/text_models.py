"""Facts about the text models of a LeadModel that several steps share."""

from dataclasses import replace
from typing import Any

from leadmodel_operator.planning.pass_state import PassState
from leadmodel_operator.resource.digest import hashed
from leadmodel_operator.resource.status_enrichment import EnrichmentStatus, TextRefused


def change_text(state: PassState, **changes: Any) -> EnrichmentStatus:
    """Replace fields of `status.enrichment`, and nothing else of the status; the text models as they are then."""
    changed = replace(state.status.enrichment or EnrichmentStatus(), **changes)
    state.change(enrichment=changed)
    return changed


def text_inputs(state: PassState) -> str:
    """The hash of the settings whose change starts a check: source, holdout and gate of text models."""
    spec = state.spec.enrichment
    if spec is None:
        return ""
    source, holdout = spec.artifact, spec.holdout
    gate = (spec.min_macro_f1, spec.min_scope_auroc, spec.max_calibration_error, spec.max_regression)
    return hashed(
        (source.uri, source.digest, source.secret_name),
        (holdout.uri, holdout.secret_name, holdout.label, holdout.text),
        (spec.heads, spec.languages),
        gate,
    )


def pinned_text(state: PassState) -> str | None:
    """The digest of the only text model that may serve; None if the spec names none."""
    return state.spec.enrichment.artifact.digest if state.spec.enrichment else None


def text_image(state: PassState) -> str:
    """The image of the pods that load text models."""
    return state.seen.rollout.image if state.seen.rollout else state.image


def refused_by_pods(state: PassState, digest: str | None) -> TextRefused | None:
    """The entry of a text model that pods of the present image could not load; None if there is none."""
    known = state.status.enrichment or EnrichmentStatus()
    image = text_image(state)
    return next((e for e in known.refused if e.digest == digest and e.image == image), None)
