"""What each pass says of the text models of a LeadModel in metrics. Pure."""

from collections.abc import Iterator

from leadmodel_operator.resource.digest import short
from leadmodel_operator.resource.status_enrichment import EnrichmentStatus
from leadmodel_operator.resource.vocabulary import Evidence


def text_rows(known: EnrichmentStatus) -> Iterator[tuple[str, dict[str, str], float]]:
    """Yield the rows that are known of the text models of a LeadModel."""
    digests = {"digest": known.digest, "previous": known.previous}
    yield "leadmodel_enrichment_info", {k: short(v) if v else "" for k, v in digests.items()}, 1
    figures, drift, candidate = known.figures, known.drift, known.candidate
    for name in ("macro_f1", "coverage", "scope_auroc", "calibration_error"):
        value = getattr(figures, name) if figures is not None else None
        if value is not None:
            yield f"leadmodel_enrichment_{name}", {}, value
    if known.digest is not None:
        yield "leadmodel_enrichment_replicas_ready", {}, known.ready_pods
    if candidate is not None and candidate.verdict is Evidence.FAIL:
        yield "leadmodel_enrichment_refused", {"reason": candidate.reason}, 1
    if drift is not None:
        yield "leadmodel_enrichment_drift_texts", {}, drift.texts
        if drift.psi is not None and drift.feature is not None:
            yield "leadmodel_enrichment_drift_psi", {"feature": drift.feature}, drift.psi
    if known.abstained is not None:
        yield "leadmodel_enrichment_abstained_share", {}, known.abstained
    if known.last_check is not None:
        yield "leadmodel_enrichment_last_check_timestamp_seconds", {}, known.last_check.timestamp()
