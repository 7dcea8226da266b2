"""The metrics of a LeadModel: kind, help text and labels of each, and how a sample is written."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

OWN = ("namespace", "leadmodel")  # labels of every sample, before those of the family


@dataclass(frozen=True)
class Family:
    """One metric. `labels`: those besides namespace and leadmodel."""

    text: str
    labels: tuple[str, ...] = ()
    kind: Literal["gauge", "counter"] = "gauge"


FAMILIES: Mapping[str, Family] = {
    "leadmodel_info": Family(
        "First 12 hexadecimal digits of the digests of champion, requested and previous model.",
        ("champion", "requested", "previous"),
    ),
    "leadmodel_status_condition": Family(
        "1 for the present status of a condition: of Ready always, of others when it stands out.",
        ("condition", "status"),
    ),
    "leadmodel_status_phase": Family("1 for the present phase.", ("phase",)),
    "leadmodel_status_phase_since_timestamp_seconds": Family("When the present phase began."),
    "leadmodel_stalled": Family("1 while a person is needed, with the reason.", ("reason",)),
    "leadmodel_paused": Family("1 while the LeadModel is paused, by its spec or by annotation, else 0."),
    "leadmodel_refused_objects": Family(
        "Objects that the API server refuses, by what is wrong: Rights, Quota or Content.", ("kind",)
    ),
    "leadmodel_champion_since_timestamp_seconds": Family("When the champion was promoted."),
    "leadmodel_champion_trained_timestamp_seconds": Family("When the training of the champion ended."),
    "leadmodel_replicas_desired": Family("Predictor pods wanted."),
    "leadmodel_replicas_ready": Family("Predictor pods that serve the champion."),
    "leadmodel_gate_auc": Family("AUC of the newest validation."),
    "leadmodel_gate_auc_lower": Family("One-sided 95 % lower bound of that AUC."),
    "leadmodel_gate_min_auc": Family("The lowest AUC that may serve."),
    "leadmodel_gate_delta_auc": Family(
        "AUC of the newest validated candidate minus that of the champion on the same rows."
    ),
    "leadmodel_gate_holdout_rows": Family("Rows of the holdout that the newest validation used."),
    "leadmodel_gate_verdicts_total": Family(
        "Verdicts on candidates since this process began, with the reason.", ("verdict", "reason"), "counter"
    ),
    "leadmodel_live_gate_verdicts_total": Family(
        "Final verdicts of live leads on candidates since this process began, with the reason.",
        ("verdict", "reason"),
        "counter",
    ),
    "leadmodel_live_gate_pending_since_timestamp_seconds": Family(
        "Since when a candidate is checked against live leads, with the reason why there is no verdict yet; absent while none is.",
        ("reason",),
    ),
    "leadmodel_live_gate_leads": Family(
        "Live leads that the newest candidate was compared with, all pods added."
    ),
    "leadmodel_live_gate_psi": Family(
        "Largest PSI of the newest candidate and of the champion on the same live leads.",
        ("model",),
    ),
    "leadmodel_live_gate_unread_share": Family(
        "Share of live leads that the newest candidate refuses or could not be given, from 0 to 1."
    ),
    "leadmodel_live_gate_moved_share": Family(
        "Share of live leads that the newest candidate puts into another tenth of the champion's scores, from 0 to 1."
    ),
    "leadmodel_canary_share": Family(
        "Share of leads that the candidate is to answer in its step, from 0 to 1; absent outside of steps."
    ),
    "leadmodel_canary_step": Family("Number of the candidate's step, from 1; absent outside of steps."),
    "leadmodel_promotion_held": Family(
        "1 while a candidate that passed is held, with the reason.", ("reason",)
    ),
    "leadmodel_drift_merged_psi": Family("Largest PSI of live leads, replicas added.", ("slot",)),
    "leadmodel_drift_psi_limit": Family("The PSI from which live leads count as a breach."),
    "leadmodel_drift_refused_share": Family(
        "Share of live leads that a model refuses, from 0 to 1.", ("slot",)
    ),
    "leadmodel_drift_last_measured_timestamp_seconds": Family(
        "When drift was last measured: enough pods answered, however few leads they had."
    ),
    "leadmodel_drift_breach_since_timestamp_seconds": Family(
        "Start of the breach of the drift limit; absent while there is none."
    ),
    "leadmodel_drift_leads": Family(
        "Live leads in the drift windows of the pods that count; 0 while no leads come."
    ),
    "leadmodel_rollbacks_total": Family(
        "Rollbacks since this process began, with the reason.", ("reason",), "counter"
    ),
    "leadmodel_last_rollback_timestamp_seconds": Family("When the newest rollback was decided.", ("reason",)),
    "leadmodel_rollback_withheld": Family(
        "1 while a sustained breach stands that led to no rollback, with the rule that stood against it.",
        ("reason",),
    ),
    "leadmodel_rollbacks_withheld_total": Family(
        "Sustained breaches that led to no rollback since this process began, by the rule that stood against it.",
        ("reason",),
        "counter",
    ),
    "leadmodel_quarantined_revisions": Family("Digests that are not tried again without a person."),
    "leadmodel_refused_candidates": Family(
        "Candidates that the gate refused and whose inputs have not changed since."
    ),
    "leadmodel_poll_last_success_timestamp_seconds": Family("When the source last answered a poll."),
    "leadmodel_poll_failures_in_a_row": Family(
        "Failed polls since the last answer, with the reason of the last one; absent while polls succeed.",
        ("reason",),
    ),
    "leadmodel_job_duration_seconds": Family(
        "How long the newest ended Job of a kind took, from its creation to its end.", ("kind",)
    ),
    "leadmodel_job_failed": Family("1 if the newest ended Job of a kind failed, else 0.", ("kind",)),
    "leadmodel_job_last_success_timestamp_seconds": Family(
        "When a Job of a kind last succeeded, of the Jobs that are kept.", ("kind",)
    ),
    "leadmodel_job_waiting_since_timestamp_seconds": Family(
        "When the newest Job of a kind was made that has not begun; absent while none waits.", ("kind",)
    ),
    "leadmodel_retraining_last_success_timestamp_seconds": Family(
        "Time of the last successful retraining, before the first one the time its schedule was made."
    ),
    "leadmodel_retraining_failed": Family(
        "1 while the newest retraining made no model, else 0; status.retraining.error says why."
    ),
    "leadmodel_backfill_last_success_timestamp_seconds": Family(
        "Time at which the PII backfill last finished verified, before the first run the time its schedule was made."
    ),
    "leadmodel_backfill_failed": Family(
        "1 while the newest PII backfill failed, else 0; status.backfill.error says why."
    ),
    "leadmodel_backfill_scanned_entries": Family("Messages the last backfill read.", ("mode",)),
    "leadmodel_backfill_redacted_entries": Family(
        "Messages the last backfill redacted (a dry run: would redact).", ("mode",)
    ),
    "leadmodel_backfill_residue_entries": Family("Messages that still hold personal data.", ("mode",)),
    "leadmodel_enrichment_info": Family(
        "First 12 hexadecimal digits of the digests of the text model that serves and of the previous one.",
        ("digest", "previous"),
    ),
    "leadmodel_enrichment_macro_f1": Family("Macro-F1 of the text model that serves, on the holdout."),
    "leadmodel_enrichment_coverage": Family("Share of the holdout's messages that it answers, from 0 to 1."),
    "leadmodel_enrichment_scope_auroc": Family(
        "AUROC with which it tells messages of no intent from others."
    ),
    "leadmodel_enrichment_calibration_error": Family("Expected calibration error of its confidence."),
    "leadmodel_enrichment_replicas_ready": Family("Ready pods that report the text model."),
    "leadmodel_enrichment_refused": Family(
        "1 while the newest text model is refused, by the gate or by pods, with the reason.", ("reason",)
    ),
    "leadmodel_enrichment_drift_psi": Family("Largest PSI of live texts, replicas added.", ("feature",)),
    "leadmodel_enrichment_drift_texts": Family(
        "Live texts in the windows of the pods that report the text model."
    ),
    "leadmodel_enrichment_abstained_share": Family("Share of live texts without an intent, from 0 to 1."),
    "leadmodel_enrichment_last_check_timestamp_seconds": Family(
        "When a check of the text model at the source last ended with a report."
    ),
    "leadmodel_followups_unhealthy": Family(
        "1 while FollowUpsHealthy is False, with the reason; leads are scored as before.", ("reason",)
    ),
    "leadmodel_followups_pods_ready": Family("Ready pods that send follow-ups."),
    "leadmodel_followups_waiting": Family("Follow-ups of the namespace that wait, as pods report them."),
    "leadmodel_followups_unknown": Family("Follow-ups of which nobody knows whether they were sent."),
    "leadmodel_followups_oldest_due_timestamp_seconds": Family(
        "When the oldest follow-up that waits is due."
    ),
    "leadmodel_followups_sent_24h": Family("Follow-ups sent within the last 24 hours."),
    "leadmodel_followups_failed_24h": Family("Follow-ups that failed within the last 24 hours."),
    "leadmodel_reconcile_errors_total": Family("Passes of a LeadModel that failed.", (), "counter"),
}
_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})


def line(name: str, labels: Mapping[str, str], value: float) -> str:
    """Write a sample; a label's value is escaped as the text format asks."""
    pairs = ",".join(f'{label}="{text.translate(_ESCAPES)}"' for label, text in labels.items())
    return f"{name}{{{pairs}}} {value:.10g}\n"


def head(name: str, *, openmetrics: bool) -> str:
    """Write help and type of a metric; OpenMetrics names a counter there without its suffix."""
    family = FAMILIES[name]
    shown = name.removesuffix("_total") if openmetrics and family.kind == "counter" else name
    return f"# HELP {shown} {family.text}\n# TYPE {shown} {family.kind}\n"
