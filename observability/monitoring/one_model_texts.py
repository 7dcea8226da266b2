"""The row of texts on the dashboard of one LeadModel; empty for models without a text model."""

from monitoring.panels import MODEL, Panel, Query, Row

M = f"{{{MODEL}}}"
RATE = "[$__rate_interval]"


def _mean(name: str, by: str = "") -> str:
    total = f"sum{by}(rate({name}_sum{M}{RATE}))"
    return f"{total} / sum{by}(rate({name}_count{M}{RATE}))"


TEXTS = Row(
    "Texts",
    (
        Panel(
            "Text model",
            "Name and version of the text model that each pod answers with. All pods should agree.",
            [Query(f"lead_enrich_model_info{M}", "{{pod}} {{name}} {{version}}")],
            decimals=0,
            width=8,
            must=False,
        ),
        Panel(
            "Quality of the text model",
            "Of the text model that serves, on the holdout: macro-F1, share answered, scope AUROC and calibration error.",
            [
                Query(f"leadmodel_enrichment_macro_f1{M}", "macro-F1"),
                Query(f"leadmodel_enrichment_coverage{M}", "answered"),
                Query(f"leadmodel_enrichment_scope_auroc{M}", "scope AUROC"),
                Query(f"leadmodel_enrichment_calibration_error{M}", "calibration error"),
            ],
            decimals=3,
            width=8,
            must=False,
        ),
        Panel(
            "Text model that was decided",
            "Its digest, the ready pods that report it, and whether a newer one is refused.",
            [
                Query(f"leadmodel_enrichment_info{M}", "{{digest}}"),
                Query(f"leadmodel_enrichment_replicas_ready{M}", "pods that report it"),
                Query(f"leadmodel_enrichment_refused{M}", "refused: {{reason}}"),
            ],
            decimals=0,
            width=8,
            must=False,
        ),
        Panel(
            "Live texts of all pods",
            "Largest population stability index, and the share of texts without an intent.",
            [
                Query(f"leadmodel_enrichment_drift_psi{M}", "PSI of {{feature}}"),
                Query(f"leadmodel_enrichment_abstained_share{M}", "without an intent"),
            ],
            decimals=3,
            width=8,
            must=False,
        ),
        Panel(
            "Texts in the windows",
            "Newest texts that are compared with those of the training.",
            [Query(f"leadmodel_enrichment_drift_texts{M}", "texts")],
            decimals=0,
            width=8,
            must=False,
        ),
        Panel(
            "Age of the newest check",
            "Time since a check of the text model at the source last ended with a report.",
            [Query(f"time() - leadmodel_enrichment_last_check_timestamp_seconds{M}", "check")],
            unit="s",
            width=8,
            must=False,
        ),
        Panel(
            "Requests for texts a second",
            "By status, and texts that were longer than what is read.",
            [
                Query(f"sum by (code) (rate(lead_enrich_requests_total{M}{RATE}))", "{{code}}"),
                Query(f"sum(rate(lead_enrich_truncated_total{M}{RATE}))", "cut"),
            ],
            unit="reqps",
            width=8,
            must=False,
        ),
        Panel(
            "Time to answer a text",
            "Mean, without the network.",
            [Query(_mean("lead_enrich_duration_seconds"), "mean")],
            unit="s",
            width=8,
            must=False,
        ),
        Panel(
            "Labels",
            "Answers a second, by head and label.",
            [Query(f"sum by (head, label) (rate(lead_enrich_labels_total{M}{RATE}))", "{{head}} {{label}}")],
            must=False,
        ),
        Panel(
            "Texts without a label",
            "A second, by head and reason.",
            [Query(f"sum by (head, why) (rate(lead_enrich_abstained_total{M}{RATE}))", "{{head}} {{why}}")],
            must=False,
        ),
        Panel(
            "Confidence",
            "Mean confidence of labels; of urgency the mean score.",
            [Query(_mean("lead_enrich_confidence", " by (head) "), "{{head}}")],
            decimals=3,
            width=8,
            must=False,
        ),
        Panel(
            "Unknown words",
            "Mean share of a text's words that the text model does not know.",
            [Query(_mean("lead_enrich_unknown_words_ratio"), "unknown")],
            unit="percentunit",
            width=8,
            must=False,
        ),
        Panel(
            "Drift of texts",
            "Population stability index of labels, unknown words and lengths, per pod.",
            [Query(f"lead_enrich_drift{M}", "{{pod}} {{head}}")],
            decimals=3,
            width=8,
            must=False,
        ),
    ),
)
