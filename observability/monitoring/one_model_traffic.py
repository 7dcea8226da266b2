"""Rows of the dashboard of one LeadModel: what was decided, and what its pods answer."""

from monitoring.panels import MODEL, Panel, Query, Row

M = f"{{{MODEL}}}"
PREDICT = f'{MODEL},endpoint="predict"'

DECISIONS = Row(
    "Decisions",
    (
        Panel(
            "Verdicts of the gate",
            "Candidates judged, by verdict and reason, since the leader began.",
            [Query(f"leadmodel_gate_verdicts_total{M}", "{{verdict}} {{reason}}")],
            decimals=0,
            width=8,
        ),
        Panel(
            "Rollbacks",
            "Done and withheld, by reason, since the leader began.",
            [
                Query(f"leadmodel_rollbacks_total{M}", "done: {{reason}}"),
                Query(f"leadmodel_rollbacks_withheld_total{M}", "withheld: {{reason}}"),
                Query(f"leadmodel_rollback_withheld{M}", "withheld now: {{reason}}"),
            ],
            decimals=0,
            width=8,
        ),
        Panel(
            "Quarantine and holds",
            "Digests that are not tried again, refused candidates, and a candidate that waits.",
            [
                Query(f"leadmodel_quarantined_revisions{M}", "quarantined"),
                Query(f"leadmodel_refused_candidates{M}", "refused by the gate"),
                Query(f"leadmodel_promotion_held{M}", "held: {{reason}}"),
            ],
            decimals=0,
            width=8,
        ),
        Panel(
            "Since the last change",
            "Time since the champion was promoted, and since the newest rollback.",
            [
                Query(f"time() - leadmodel_champion_since_timestamp_seconds{M}", "promotion"),
                Query(f"time() - leadmodel_last_rollback_timestamp_seconds{M}", "rollback: {{reason}}"),
            ],
            unit="s",
        ),
        Panel(
            "Trouble",
            "Reasons for which a person is needed, and objects that the API server refuses.",
            [
                Query(f"leadmodel_stalled{M}", "stalled: {{reason}}"),
                Query(f"leadmodel_refused_objects{M}", "refused: {{kind}}"),
                Query(f"increase(leadmodel_reconcile_errors_total{M}[$__rate_interval])", "failed passes"),
            ],
            decimals=0,
        ),
    ),
)
TRAFFIC = Row(
    "Traffic",
    (
        Panel(
            "Scores",
            "Distribution of the scores that were answered, over time.",
            [
                Query(
                    f"sum by (le) (increase(lead_model_score_bucket{{{PREDICT}}}[$__rate_interval]))",
                    "{{le}}",
                )
            ],
            kind="heatmap",
        ),
        Panel(
            "Mean score",
            "Mean of the answered scores, by endpoint.",
            [
                Query(
                    f"sum by (endpoint) (rate(lead_model_score_sum{M}[$__rate_interval])) / sum by (endpoint) (rate(lead_model_score_count{M}[$__rate_interval]))",
                    "{{endpoint}}",
                )
            ],
            decimals=3,
            must=False,
        ),
        Panel(
            "Requests a second",
            "By endpoint and status.",
            [
                Query(
                    f"sum by (endpoint, code) (rate(lead_model_requests_total{M}[$__rate_interval]))",
                    "{{endpoint}} {{code}}",
                ),
                Query(f"sum(rate(lead_model_batch_leads_total{M}[$__rate_interval]))", "leads in batches"),
            ],
            unit="reqps",
        ),
        Panel(
            "Time to answer",
            "Without the network: half of the leads, and 99 % of them.",
            [
                Query(
                    f"histogram_quantile(0.5, sum by (le) (rate(lead_model_request_duration_seconds_bucket{{{PREDICT}}}[$__rate_interval])))",
                    "50 %",
                ),
                Query(
                    f"histogram_quantile(0.99, sum by (le) (rate(lead_model_request_duration_seconds_bucket{{{PREDICT}}}[$__rate_interval])))",
                    "99 %",
                ),
            ],
            unit="s",
            limits=((0.1, "orange"),),
            must=False,
        ),
        Panel(
            "Missing fields",
            "Share of the examined leads without a value, by feature.",
            [
                Query(
                    f"sum by (feature) (rate(lead_model_missing_fields_total{M}[$__rate_interval])) / on () group_left sum(rate(lead_model_examined_leads_total{M}[$__rate_interval]))",
                    "{{feature}}",
                )
            ],
            unit="percentunit",
            width=8,
            must=False,
        ),
        Panel(
            "Unknown fields",
            "Fields a second that no loaded model reads.",
            [Query(f"sum(rate(lead_model_unknown_fields_total{M}[$__rate_interval]))", "unknown fields")],
            width=8,
        ),
        Panel(
            "Connections",
            "Open, and turned away by a limit.",
            [
                Query(f"sum(lead_model_open_connections{M})", "open"),
                Query(
                    f"sum by (limit) (rate(lead_model_connections_refused_total{M}[$__rate_interval]))",
                    "refused a second: {{limit}}",
                ),
            ],
            width=8,
        ),
        Panel(
            "Bytes held",
            "Requests that are not whole yet.",
            [Query(f"lead_model_held_bytes{M}", "{{pod}}")],
            unit="bytes",
            width=8,
        ),
        Panel(
            "Size of batches",
            "Mean number of leads in a batch.",
            [
                Query(
                    f"sum(rate(lead_model_batch_size_sum{M}[$__rate_interval])) / sum(rate(lead_model_batch_size_count{M}[$__rate_interval]))",
                    "leads",
                )
            ],
            width=8,
            must=False,
        ),
        Panel(
            "Reloads",
            "By outcome, and the mean time of one.",
            [
                Query(
                    f"sum by (outcome) (increase(lead_model_reloads_total{M}[$__rate_interval]))",
                    "{{outcome}}",
                ),
                Query(
                    f"sum(rate(lead_model_reload_duration_seconds_sum{M}[$__rate_interval])) / sum(rate(lead_model_reload_duration_seconds_count{M}[$__rate_interval]))",
                    "seconds a reload",
                ),
            ],
            width=8,
        ),
        Panel(
            "A model is loaded",
            "1 in each pod that holds a checked champion.",
            [Query(f"lead_model_loaded{M}", "{{pod}}")],
            decimals=0,
            width=8,
        ),
        Panel(
            "Memory of pods",
            "Resident memory of the process.",
            [Query(f"process_resident_memory_bytes{M}", "{{pod}}")],
            unit="bytes",
            width=8,
        ),
        Panel(
            "CPU of pods",
            "Cores that the process uses.",
            [Query(f"rate(process_cpu_seconds_total{M}[$__rate_interval])", "{{pod}}")],
            decimals=3,
            width=8,
        ),
    ),
)
