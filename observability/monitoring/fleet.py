"""The dashboard of all LeadModels: what stands out, and which one to open."""

from monitoring.panels import MODEL, Dashboard, Panel, Query, Row

M = f"{{{MODEL}}}"
BY = "by (namespace, leadmodel)"
OR_NONE = (
    "or 0 * max(leadmodel_models)"  # zero where an operator counts LeadModels, and nothing where none does
)

FLEET = Dashboard(
    "leadmodel-fleet",
    "LeadModel / Fleet",
    "All LeadModels at a glance: which of them need a person, which drift, which have old models.",
    (
        Row(
            "Now",
            (
                Panel(
                    "LeadModels",
                    "How many LeadModels the operator looks after.",
                    [Query("max(leadmodel_models)")],
                    kind="stat",
                    width=4,
                    height=4,
                ),
                Panel(
                    "Ready",
                    "LeadModels whose condition Ready is true.",
                    [Query(f'sum(leadmodel_status_condition{{{MODEL},condition="Ready",status="true"}})')],
                    kind="stat",
                    width=4,
                    height=4,
                ),
                Panel(
                    "Need a person",
                    "LeadModels that the operator cannot take further.",
                    [Query(f"count(leadmodel_stalled{M}) {OR_NONE}")],
                    kind="stat",
                    width=4,
                    height=4,
                    limits=((1, "red"),),
                ),
                Panel(
                    "Drift, no rollback",
                    "Sustained breaches that led to no rollback.",
                    [Query(f"count(leadmodel_rollback_withheld{M}) {OR_NONE}")],
                    kind="stat",
                    width=4,
                    height=4,
                    limits=((1, "orange"),),
                ),
                Panel(
                    "Rolled back",
                    "LeadModels in which an older model serves by decision.",
                    [
                        Query(
                            f'count(leadmodel_status_condition{{{MODEL},condition="RolledBack",status="true"}}) {OR_NONE}'
                        )
                    ],
                    kind="stat",
                    width=4,
                    height=4,
                    limits=((1, "orange"),),
                ),
                Panel(
                    "Paused",
                    "LeadModels in which the operator only watches.",
                    [Query(f"sum(leadmodel_paused{M})")],
                    kind="stat",
                    width=4,
                    height=4,
                ),
                Panel(
                    "LeadModels",
                    "One line per LeadModel: phase, AUC, its lower bound, PSI of live leads, age of the champion.",
                    [
                        Query(f"max by (namespace, leadmodel, phase) (leadmodel_status_phase{M})"),
                        Query(f"max {BY} (leadmodel_gate_auc{M})"),
                        Query(f"max {BY} (leadmodel_gate_auc_lower{M})"),
                        Query(f'max {BY} (leadmodel_drift_merged_psi{{{MODEL},slot="champion"}})'),
                        Query(f"max {BY} (time() - leadmodel_champion_trained_timestamp_seconds{M}) / 3600"),
                        Query(
                            f"max {BY} (time() - leadmodel_status_phase_since_timestamp_seconds{M}) / 3600"
                        ),
                    ],
                    kind="table",
                    width=24,
                    height=10,
                    names={
                        "Value #A": "present",
                        "Value #B": "AUC",
                        "Value #C": "AUC at least",
                        "Value #D": "PSI",
                        "Value #E": "age, hours",
                        "Value #F": "in phase, hours",
                    },
                ),
            ),
        ),
        Row(
            "Course",
            (
                Panel(
                    "LeadModels by phase",
                    "How many LeadModels are in each phase.",
                    [Query(f"sum by (phase) (leadmodel_status_phase{M})", "{{phase}}")],
                ),
                Panel(
                    "Leads scored a second",
                    "Answers with a score, single leads and leads of batches.",
                    [
                        Query(
                            f"sum by (namespace, leadmodel) (rate(lead_model_score_count{{{MODEL}}}[$__rate_interval]))",
                            "{{namespace}}/{{leadmodel}}",
                        )
                    ],
                    unit="reqps",
                ),
                Panel(
                    "Drift of live leads",
                    "Largest PSI of the champion, all pods added. Each LeadModel has its own limit.",
                    [
                        Query(
                            f'max {BY} (leadmodel_drift_merged_psi{{{MODEL},slot="champion"}})',
                            "{{namespace}}/{{leadmodel}}",
                        )
                    ],
                    decimals=2,
                    must=False,
                ),
                Panel(
                    "Refused requests",
                    "Share of requests that got no score: 4xx and 5xx.",
                    [
                        Query(
                            f'sum {BY} (rate(lead_model_requests_total{{{MODEL},code!="200"}}[$__rate_interval])) / sum {BY} (rate(lead_model_requests_total{M}[$__rate_interval]))',
                            "{{namespace}}/{{leadmodel}}",
                        )
                    ],
                    unit="percentunit",
                    must=False,
                ),
                Panel(
                    "Verdicts of the gate",
                    "Candidates judged in a day, by verdict and reason.",
                    [
                        Query(
                            f"sum by (verdict, reason) (increase(leadmodel_gate_verdicts_total{M}[1d]))",
                            "{{verdict}} {{reason}}",
                        )
                    ],
                    decimals=0,
                ),
                Panel(
                    "Rollbacks and withheld rollbacks",
                    "Within a day, by reason.",
                    [
                        Query(
                            f"sum by (reason) (increase(leadmodel_rollbacks_total{M}[1d]))",
                            "rolled back: {{reason}}",
                        ),
                        Query(
                            f"sum by (reason) (increase(leadmodel_rollbacks_withheld_total{M}[1d]))",
                            "withheld: {{reason}}",
                        ),
                    ],
                    decimals=0,
                ),
            ),
        ),
    ),
)
