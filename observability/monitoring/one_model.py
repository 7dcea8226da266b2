"""The dashboard of one LeadModel: what serves, how good it is, what live leads say, and what was decided."""

from monitoring.one_model_followups import FOLLOW_UPS
from monitoring.one_model_live_gate import LIVE_GATE
from monitoring.one_model_texts import TEXTS
from monitoring.one_model_traffic import DECISIONS, TRAFFIC
from monitoring.panels import MODEL, Dashboard, Panel, Query, Row

M = f"{{{MODEL}}}"

_HEALTH = Row(
    "Health",
    (
        Panel(
            "Phase",
            "The present phase.",
            [Query(f"leadmodel_status_phase{M}", "{{phase}}")],
            kind="stat",
            width=4,
            height=5,
        ),
        Panel(
            "Conditions",
            "Conditions that stand out, and Ready.",
            [Query(f"leadmodel_status_condition{M}", "{{condition}} {{status}}")],
            kind="stat",
            width=8,
            height=5,
        ),
        Panel(
            "Pods",
            "Pods wanted, and pods that serve the champion.",
            [
                Query(f"leadmodel_replicas_desired{M}", "wanted"),
                Query(f"leadmodel_replicas_ready{M}", "ready"),
            ],
            kind="stat",
            width=4,
            height=5,
        ),
        Panel(
            "Age of the model",
            "Hours since the end of the champion's training, per pod.",
            [Query(f"(time() - lead_model_version{M}) / 3600", "{{pod}}")],
            unit="h",
            kind="stat",
            width=4,
            height=5,
            limits=((48, "orange"),),
        ),
        Panel(
            "Since the last load",
            "Time since each pod loaded its champion.",
            [Query(f"time() - lead_model_last_reload_ts{M}", "{{pod}}")],
            unit="s",
            kind="stat",
            width=4,
            height=5,
        ),
        Panel(
            "Digests",
            "Which digest is in which slot of each pod. All pods should agree.",
            [Query(f"lead_model_info{M}")],
            kind="table",
            width=12,
            height=6,
            names={"Value": "present"},
        ),
        Panel(
            "Decided digests",
            "Champion, requested and previous digest as the operator decided.",
            [Query(f"leadmodel_info{M}")],
            kind="table",
            width=12,
            height=6,
            names={"Value": "present"},
        ),
    ),
)
_QUALITY = Row(
    "Quality",
    (
        Panel(
            "Model AUC",
            "AUC of the champion per pod.",
            [
                Query(f"lead_model_auc{M}", "{{pod}}"),
                Query(f"leadmodel_gate_min_auc{M}", "least that may serve"),
            ],
            decimals=3,
            limits=((0.65, "transparent"),),
        ),
        Panel(
            "Gate",
            "AUC of the newest validation with its lower bound, against the least AUC that may serve.",
            [
                Query(f"leadmodel_gate_auc{M}", "AUC"),
                Query(f"leadmodel_gate_auc_lower{M}", "lower bound"),
                Query(f"leadmodel_gate_min_auc{M}", "least"),
            ],
            decimals=3,
        ),
        Panel(
            "Candidate against champion",
            "Difference of AUC on the same rows; below zero the candidate is worse.",
            [Query(f"leadmodel_gate_delta_auc{M}", "candidate - champion")],
            decimals=4,
            width=8,
            must=False,
        ),
        Panel(
            "Rows behind the gate",
            "Rows of the holdout, and rows of the training.",
            [
                Query(f"leadmodel_gate_holdout_rows{M}", "holdout"),
                Query(f"max(lead_model_training_rows{M})", "training"),
            ],
            width=8,
        ),
        Panel(
            "Age of the training data",
            "Since the end of training, and since the newest lead in it.",
            [
                Query(f"time() - leadmodel_champion_trained_timestamp_seconds{M}", "training ended"),
                Query(f"time() - max(lead_model_training_data_newest_timestamp_seconds{M})", "newest lead"),
            ],
            unit="s",
            width=8,
        ),
    ),
)
_DRIFT = Row(
    "Drift",
    (
        Panel(
            "Drift score",
            "Largest shift of a mean in standard deviations, per pod. LeadModelHighDrift fires above 3.",
            [Query(f"lead_model_drift_score{M}", "{{pod}}")],
            decimals=2,
            limits=((3, "red"),),
        ),
        Panel(
            "PSI of champion and previous",
            "Live leads of all pods against both models' references, with the limit. A rollback needs the champion above and the previous model below its limit.",
            [
                Query(f"leadmodel_drift_merged_psi{M}", "{{slot}}"),
                Query(f"leadmodel_drift_psi_limit{M}", "limit"),
            ],
            decimals=2,
        ),
        Panel(
            "PSI by feature",
            "Which feature moved, the largest of the pods.",
            [Query(f"max by (feature) (lead_model_drift_psi{M})", "{{feature}}")],
            decimals=2,
            must=False,
        ),
        Panel(
            "Leads behind the figures",
            "Leads in the windows of all pods, and how many were compared.",
            [
                Query(f"leadmodel_drift_leads{M}", "operator"),
                Query(f"sum(lead_model_drift_window_samples{M})", "in windows"),
                Query(f"sum(lead_model_drift_compared_leads{M})", "compared"),
            ],
        ),
        Panel(
            "Span of the windows",
            "Age of the oldest lead in each window.",
            [Query(f"lead_model_drift_window_seconds{M}", "{{pod}}")],
            unit="s",
            width=8,
        ),
        Panel(
            "Since the last measurement",
            "How long ago enough pods last answered with their drift windows.",
            [
                Query(f"time() - leadmodel_drift_last_measured_timestamp_seconds{M}", "measured"),
                Query(f"time() - leadmodel_drift_breach_since_timestamp_seconds{M}", "in breach"),
            ],
            unit="s",
            width=8,
            must=False,
        ),
        Panel(
            "Refused leads",
            "Share of live leads that a model refuses.",
            [
                Query(f"leadmodel_drift_refused_share{M}", "{{slot}}"),
                Query(
                    f"sum by (slot) (rate(lead_model_bad_leads_total{M}[$__rate_interval]))",
                    "{{slot}}, leads a second",
                ),
            ],
            width=8,
        ),
    ),
)
ONE_MODEL = Dashboard(
    "leadmodel-model",
    "LeadModel / One model",
    "One LeadModel: health, AUC with its threshold, drift of champion and previous model, age, decisions, scores and traffic.",
    (_HEALTH, _QUALITY, LIVE_GATE, _DRIFT, DECISIONS, TRAFFIC, TEXTS, FOLLOW_UPS),
)
