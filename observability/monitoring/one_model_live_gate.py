"""The row of the live gate on the dashboard of one LeadModel: what live leads say of candidates before these serve."""

from monitoring.panels import MODEL, Panel, Query, Row

M = f"{{{MODEL}}}"


def _per_answer(slot: str, outcome: str) -> str:
    seconds = (
        f'sum(rate(lead_model_challenger_answer_seconds_total{{{MODEL}, slot="{slot}"}}[$__rate_interval]))'
    )
    answers = (
        f'sum(rate(lead_model_challenger_answers_total{{{MODEL}, outcome="{outcome}"}}[$__rate_interval]))'
    )
    return f"{seconds} / {answers}"


LIVE_GATE = Row(
    "Live gate",
    (
        Panel(
            "Candidate on live leads",
            "PSI of the newest candidate and of the champion on the same live leads. The candidate is refused above the limit while the champion is not.",
            [
                Query(f"leadmodel_live_gate_psi{M}", "{{model}}"),
                Query(f"leadmodel_drift_psi_limit{M}", "limit"),
            ],
            decimals=2,
            width=6,
        ),
        Panel(
            "Leads that the candidate was given",
            "In the pods that have loaded it, by what it made of them; and the leads behind its newest verdict.",
            [
                Query(f"sum by (outcome) (lead_model_challenger_leads{M})", "{{outcome}}"),
                Query(f"leadmodel_live_gate_leads{M}", "behind the verdict"),
            ],
            decimals=0,
            width=6,
            must=False,
        ),
        Panel(
            "Shares of live leads",
            "That the newest candidate refuses or could not be given, and that it puts into another tenth of the champion's scores.",
            [
                Query(f"leadmodel_live_gate_unread_share{M}", "unread"),
                Query(f"leadmodel_live_gate_moved_share{M}", "moved"),
            ],
            unit="percentunit",
            width=6,
            must=False,
        ),
        Panel(
            "Verdicts of live leads",
            "Candidates judged, by verdict and reason, since the leader began; minutes of waiting for the next one; pods that refuse the file.",
            [
                Query(f"leadmodel_live_gate_verdicts_total{M}", "{{verdict}} {{reason}}"),
                Query(
                    f"(time() - leadmodel_live_gate_pending_since_timestamp_seconds{M}) / 60",
                    "minutes checked: {{reason}}",
                ),
                Query(
                    f"count by (reason) (lead_model_challenger_refused{M})", "pods that refuse: {{reason}}"
                ),
            ],
            decimals=0,
            width=6,
            must=False,
        ),
        Panel(
            "Share of a canary",
            "Share of leads that the operator decided on for the candidate, and that pods give it: the least of them.",
            [
                Query(f"leadmodel_canary_share{M}", "decided"),
                Query(f"min(lead_model_challenger_share{M})", "in the pods"),
            ],
            unit="percentunit",
            width=6,
            must=False,
        ),
        Panel(
            "Leads of a canary a second",
            "Answered by the candidate; of its share refused or without a score, where the champion answered; all others the champion answered.",
            [
                Query(
                    f"sum by (outcome) (rate(lead_model_challenger_answers_total{M}[$__rate_interval]))",
                    "{{outcome}}",
                ),
            ],
            decimals=2,
            width=6,
            must=False,
        ),
        Panel(
            "Seconds per answer of a canary",
            "In which the candidate and the champion read and score a lead that they answer.",
            [
                Query(_per_answer("challenger", "answered"), "candidate"),
                Query(_per_answer("champion", "champion"), "champion"),
            ],
            unit="s",
            width=6,
            must=False,
        ),
        Panel(
            "Step of a canary",
            "Number of the step, and pods that do not take up the share, by the reason that they report.",
            [
                Query(f"leadmodel_canary_step{M}", "step"),
                Query(f"count by (reason) (lead_model_challenger_share_refused{M})", "pods: {{reason}}"),
            ],
            decimals=0,
            width=6,
            must=False,
        ),
    ),
)
