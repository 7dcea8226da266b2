"""For each alert: series that make it fire, when it must still be silent and when it must fire, and its description then.

Series are in promtool's notation, a value per minute from the epoch on: `0x60 1x60` is an hour of zeros, then an hour of ones.
"""

from dataclasses import dataclass, field

MODEL = {"namespace": "sales", "leadmodel": "conversion"}
POD = {**MODEL, "pod": "conversion-1"}
OPERATOR = {"namespace": "ops", "pod": "operator-1"}
NAMED = "LeadModel sales/conversion"
DAY = 1440  # minutes


@dataclass(frozen=True)
class Case:
    """One alert: its series by name and labels, and what follows."""

    alert: str
    series: dict[str, str]
    silent: str
    firing: str
    description: str
    labels: dict[str, str] = field(default_factory=lambda: MODEL)


def series(metric: str, labels: dict[str, str], **more: str) -> str:
    """The name of a series as PromQL writes it."""
    pairs = ",".join(f'{label}="{value}"' for label, value in {**labels, **more}.items())
    return f"{metric}{{{pairs}}}"


def condition(alert: str, kind: str, status: str, minutes: int, rest: str) -> Case:
    """An alert on a condition that comes after half an hour and must stand for some minutes."""
    more = {"condition": kind, "status": status}
    return Case(
        alert,
        {series("leadmodel_status_condition", MODEL, **more): "_x30 1x120"},
        silent=f"{29 + minutes}m",
        firing=f"{32 + minutes}m",
        description=f"{NAMED} has condition {kind} = {status} (value 1){rest}",
        labels={**MODEL, **more},
    )


def age(
    alert: str, metric: str, seconds: int, minutes: int, described: str, labels: dict[str, str], **more: str
) -> Case:
    """An alert on the age of a time, here of the epoch."""
    due = seconds // 60 + minutes
    return Case(
        alert,
        {series(metric, labels, **more): f"0x{due + 10}"},
        silent=f"{due - 1}m",
        firing=f"{due + 2}m",
        description=described,
        labels={**labels, **more},
    )


CASES = (
    Case(
        "LeadModelHighDrift",
        {series("lead_model_drift_score", POD): "3x30 3.4x120"},
        silent="1h29m",
        firing="1h32m",
        description=f"Pod conversion-1 of {NAMED} sees leads whose mean is 3.4 standard deviations away from the training mean.",
        labels=POD,
    ),
    condition(
        "LeadModelDriftSustained", "DriftDetected", "true", 5, "; status.drift has the feature and the PSI."
    ),
    age(
        "LeadModelDriftUnmeasured",
        "leadmodel_drift_last_measured_timestamp_seconds",
        3600,
        15,
        f"The last measurement of drift of {NAMED} is 1h 17m 0s old.",
        MODEL,
    ),
    condition("LeadModelRolledBack", "RolledBack", "true", 0, "; status.rollbacks has the reason."),
    Case(
        "LeadModelRollbackWithheld",
        {series("leadmodel_rollback_withheld", MODEL, reason="Cooldown"): "_x30 1x10"},
        silent="29m",
        firing="32m",
        description=f"{NAMED} drifts and the rule Cooldown stands against a rollback (value 1).",
        labels={**MODEL, "reason": "Cooldown"},
    ),
    condition("LeadModelGateFailed", "Validated", "false", 15, "; status.gate has the measured AUC."),
    Case(
        "LeadModelValidationStuck",
        {
            series("leadmodel_status_phase_since_timestamp_seconds", MODEL): "0x60",
            series("leadmodel_status_phase", MODEL, phase="Validating"): "1x60",
        },
        silent="34m",
        firing="37m",
        description=f"{NAMED} has been fetching or validating for 37m 0s.",
    ),
    Case(
        "LeadModelLowAuc",
        {series("lead_model_auc", POD): "0.65x30 0.6x30"},
        silent="34m",
        firing="37m",
        description=f"The champion in pod conversion-1 of {NAMED} has an AUC of 0.600.",
        labels=POD,
    ),
    Case(
        "LeadModelCriticalLowAuc",
        {series("lead_model_auc", POD): "0.55x30 0.5x30"},
        silent="34m",
        firing="37m",
        description=f"The champion in pod conversion-1 of {NAMED} has an AUC of 0.500.",
        labels=POD,
    ),
    age(
        "LeadModelStale",
        "lead_model_version",
        172_800,
        60,
        f"The training of the champion in pod conversion-1 of {NAMED} ended 2d 1h 2m 0s ago.",
        POD,
    ),
    Case(
        "LeadModelQuarantineGrowing",
        {series("leadmodel_quarantined_revisions", MODEL): f"1x{4 * DAY} 4x60"},
        silent="95h59m",
        firing="96h2m",
        description=f"The quarantine of {NAMED} grew by 3 within three days.",
    ),
    Case(
        "LeadModelPromotionHeld",
        {series("leadmodel_promotion_held", MODEL, reason="HeldAfterRollback"): "_x30 1x120"},
        silent="1h29m",
        firing="1h32m",
        description=f"{NAMED} holds a candidate for HeldAfterRollback (value 1).",
        labels={**MODEL, "reason": "HeldAfterRollback"},
    ),
    age(
        "LeadModelChallengerNotLoaded",
        "leadmodel_live_gate_pending_since_timestamp_seconds",
        600,
        5,
        f"Pods of {NAMED} have not loaded the candidate for 17m 0s; status.challenger.message says why.",
        MODEL,
        reason="NotLoaded",
    ),
    condition("LeadModelSourceUnreachable", "SourceReachable", "false", 30, "; status.poll.error says why."),
    condition("LeadModelUnavailable", "Available", "false", 5, "."),
    Case(
        "LeadModelStalled",
        {series("leadmodel_stalled", MODEL, reason="QuotaExceeded"): "_x30 1x60"},
        silent="44m",
        firing="47m",
        description=f"{NAMED} is stalled for QuotaExceeded (value 1).",
        labels={**MODEL, "reason": "QuotaExceeded"},
    ),
    Case(
        "LeadModelReplicasMissing",
        {
            series("leadmodel_replicas_desired", MODEL): "3x90",
            series("leadmodel_replicas_ready", MODEL): "3x30 1x60",
        },
        silent="44m",
        firing="47m",
        description=f"{NAMED} lacks 2 of its predictor pods.",
    ),
    Case(
        "LeadModelReplicasDisagree",
        {
            series("lead_model_info", POD, slot="champion", digest="aaaaaaaaaaaa"): "1x90",
            series(
                "lead_model_info", {**MODEL, "pod": "conversion-2"}, slot="champion", digest="aaaaaaaaaaaa"
            ): "1x30",
            series(
                "lead_model_info", {**MODEL, "pod": "conversion-2"}, slot="champion", digest="bbbbbbbbbbbb"
            ): "_x31 1x60",
            series("lead_model_info", POD, slot="previous", digest="cccccccccccc"): "1x90",
        },
        silent="44m",
        firing="47m",
        description=f"The pods of {NAMED} serve 2 different models, so one lead gets different scores.",
    ),
    Case(
        "LeadModelPredictionErrors",
        {
            series("lead_model_requests_total", POD, endpoint="predict", code="200"): "0+98x120",
            series("lead_model_requests_total", POD, endpoint="batch", code="503"): "0x30 2+2x90",
        },
        silent="30m",
        firing="55m",
        description=f"{NAMED} answers 2% of its requests with a status of 500 or more.",
    ),
    Case(
        "LeadModelConnectionsRefused",
        {series("lead_model_connections_refused_total", POD, limit="waiting"): "0x30 30+30x90"},
        silent="30m",
        firing="55m",
        description=f"The limit waiting of {NAMED} turns away 0.5 requests a second.",
        labels={**MODEL, "limit": "waiting"},
    ),
    Case(
        "LeadModelPredictionSlow",
        {
            series(
                "lead_model_request_duration_seconds_bucket", POD, endpoint="predict", le="0.1"
            ): "0+10x30 300x90",
            series(
                "lead_model_request_duration_seconds_bucket", POD, endpoint="predict", le="0.25"
            ): "0+10x120",
            series(
                "lead_model_request_duration_seconds_bucket", POD, endpoint="predict", le="+Inf"
            ): "0+10x120",
        },
        silent="30m",
        firing="60m",
        description=f"99 % of the leads of {NAMED} are answered within 248.5ms.",
    ),
    Case(
        "LeadModelInvalidInputs",
        {
            series("lead_model_requests_total", POD, endpoint="predict", code="200"): "0+90x120",
            series("lead_model_requests_total", POD, endpoint="predict", code="422"): "0x30 10+10x90",
        },
        silent="30m",
        firing="75m",
        description=f"{NAMED} refuses 10% of its requests with 422.",
    ),
    Case(
        "LeadModelFieldMissing",
        {
            series("lead_model_examined_leads_total", POD): f"0+60x{2 * DAY}",
            series(
                "lead_model_missing_fields_total", POD, feature="age"
            ): f"0+6x{DAY + 60} {6 * DAY + 390}+30x{DAY}",
            series("lead_model_missing_fields_total", POD, feature="city"): f"0+30x{2 * DAY}",
        },
        silent="25h",
        firing="27h",
        description=f"Feature age of {NAMED} has no value in 40% more of the leads than a day ago.",
        labels={**MODEL, "feature": "age"},
    ),
    Case(
        "LeadModelNoTraffic",
        {
            series(
                "lead_model_requests_total", POD, endpoint="predict", code="200"
            ): f"0+10x{DAY} {10 * DAY}x600"
        },
        silent="25h30m",
        firing="26h10m",
        description=f"{NAMED} had 0 requests in the last hour, and some a day ago.",
    ),
    Case(
        "LeadModelReloadFailing",
        {series("lead_model_reloads_total", POD, outcome="refused"): "0x60 1x60"},
        silent="60m",
        firing="67m",
        description=f"Pods of {NAMED} refused 1 reloads within half an hour.",
    ),
    age(
        "LeadModelRetrainingOverdue",
        "leadmodel_retraining_last_success_timestamp_seconds",
        129_600,
        15,
        f"The last successful retraining of {NAMED} is 1d 12h 17m 0s ago.",
        MODEL,
    ),
    Case(
        "LeadModelRetrainingFailed",
        {series("leadmodel_retraining_failed", MODEL): "0x30 1x30"},
        silent="34m",
        firing="37m",
        description=f"Retraining of {NAMED} failed (value 1); status.retraining.error says why.",
    ),
    condition(
        "LeadModelEnrichmentUnhealthy",
        "EnrichmentHealthy",
        "false",
        15,
        "; status.enrichment and the condition's message say why.",
    ),
    Case(
        "LeadModelFollowUpsUnhealthy",
        {series("leadmodel_followups_unhealthy", MODEL, reason="UnsafeLedger"): "_x30 1x60"},
        silent="40m",
        firing="47m",
        description=f"FollowUpsHealthy of {NAMED} is False for UnsafeLedger (value 1); its message says why.",
        labels={**MODEL, "reason": "UnsafeLedger"},
    ),
    Case(
        "LeadModelFollowUpsRefused",
        {
            series(
                "leadmodel_followup_provider_seconds_count", POD, channel="sms", reason="accepted"
            ): "0+6x180",
            series(
                "leadmodel_followup_provider_seconds_count", POD, channel="sms", reason="rejected"
            ): "0+1x60 63+3x120",
            series(
                "leadmodel_followup_provider_seconds_count", POD, channel="sms", reason="throttled"
            ): "0+1x180",
        },
        silent="60m",
        firing="120m",
        description=f"Of the messages of {NAMED}, 30% are refused by their provider or have no answer.",
    ),
    Case(
        "LeadModelFollowUpsWebhooksRefused",
        {
            series("leadmodel_followup_webhook_rejected_total", POD, channel="sms", reason="signature"): (
                "0x60 1+1x120"
            ),
            series("leadmodel_followup_webhook_rejected_total", POD, channel="email", reason="stale"): (
                "0x60 5x120"
            ),
        },
        silent="60m",
        firing="120m",
        description=f"{NAMED} refused 30 requests to sms in half an hour, for signature.",
        labels={**MODEL, "channel": "sms", "reason": "signature"},
    ),
    Case(
        "LeadModelFollowUpsEventsRefused",
        {
            series(
                "leadmodel_followup_webhook_skipped_total", POD, channel="sms", reason="stop-refused"
            ): "0x60 0+2x120",
            series("leadmodel_followup_webhook_skipped_total", POD, channel="sms", reason="shape"): "0+1x180",
        },
        silent="60m",
        firing="120m",
        description=f"The ledger of {NAMED} refused events of sms in half an hour (stop-refused, 60 times).",
        labels={**MODEL, "channel": "sms", "reason": "stop-refused"},
    ),
    age(
        "LeadModelJobWaiting",
        "leadmodel_job_waiting_since_timestamp_seconds",
        900,
        5,
        f"The poll Job of {NAMED} has waited for 22m 0s.",
        MODEL,
        kind="poll",
    ),
    age(
        "LeadModelBackfillOverdue",
        "leadmodel_backfill_last_success_timestamp_seconds",
        691_200,
        15,
        f"The last verified PII backfill of {NAMED} is 8d 0h 17m 0s ago.",
        MODEL,
    ),
    condition("LeadModelBackfillFailed", "BackfillHealthy", "false", 15, "; status.backfill.error says why."),
    Case(
        "LeadModelBackfillResidue",
        {
            series("leadmodel_backfill_residue_entries", MODEL, mode="Apply"): "0x30 7x30",
            series(
                "leadmodel_backfill_residue_entries", {**MODEL, "leadmodel": "trial"}, mode="DryRun"
            ): "9x60",
        },
        silent="30m",
        firing="32m",
        description=f"After the last backfill of {NAMED}, 7 messages still hold personal data.",
        labels={**MODEL, "mode": "Apply"},
    ),
    Case(
        "LeadModelOperatorDown",
        {series("leadmodel_models", OPERATOR): "3x30 stale"},
        silent="40m",
        firing="42m",
        description="No series leadmodel_models comes from any operator (value 1).",
        labels={},
    ),
    Case(
        "LeadModelOperatorNoLeader",
        {
            series("leader_election_master_status", OPERATOR, name="leadmodel"): "1x30 0x30",
            series(
                "leader_election_master_status", {**OPERATOR, "pod": "operator-2"}, name="leadmodel"
            ): "0x60",
        },
        silent="35m",
        firing="37m",
        description="0 operators lead in namespace ops.",
        labels={"namespace": "ops"},
    ),
    Case(
        "LeadModelOperatorReconcileErrors",
        {
            series("leadmodel_reconciles_total", OPERATOR, result="ok"): "0+8x120",
            series("leadmodel_reconciles_total", OPERATOR, result="error"): "0x30 2+2x90",
        },
        silent="30m",
        firing="75m",
        description="20% of the passes of the operator in namespace ops fail.",
        labels={"namespace": "ops"},
    ),
    Case(
        "LeadModelOperatorApiErrors",
        {
            series("rest_client_requests_total", OPERATOR, code="200", method="GET", host="api"): "0+9x120",
            series(
                "rest_client_requests_total", OPERATOR, code="403", method="PATCH", host="api"
            ): "0x30 1+1x90",
        },
        silent="30m",
        firing="75m",
        description="The API server answers 10% of the requests of the operator in namespace ops with 403, 429 or 5xx.",
        labels={"namespace": "ops"},
    ),
    Case(
        "LeadModelOperatorQueueStuck",
        {series("workqueue_longest_running_processor_seconds", OPERATOR, name="leadmodel"): "2x30 330x30"},
        silent="34m",
        firing="37m",
        description="The longest pass in pod operator-1 of the operator in namespace ops has run for 5m 30s.",
        labels={**OPERATOR, "name": "leadmodel"},
    ),
    Case(
        "LeadModelOperatorSlow",
        {series("leadmodel_event_loop_lag_seconds", OPERATOR): "0.01x30 2x30"},
        silent="39m",
        firing="42m",
        description="The event loop of pod operator-1 of the operator in namespace ops is 2s late.",
        labels=OPERATOR,
    ),
)
