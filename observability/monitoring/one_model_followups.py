"""The row of follow-ups on the dashboard of one LeadModel; empty for models without follow-ups."""

from monitoring.panels import MODEL, Panel, Query, Row

M = f"{{{MODEL}}}"

FOLLOW_UPS = Row(
    "Follow-ups",
    (
        Panel(
            "Pods that send",
            "Ready pods, and why follow-ups are not healthy, where they are not.",
            [
                Query(f"leadmodel_followups_pods_ready{M}", "ready pods"),
                Query(f"leadmodel_followups_unhealthy{M}", "unhealthy: {{reason}}"),
            ],
            decimals=0,
            width=8,
            must=False,
        ),
        Panel(
            "Follow-ups that wait",
            "Of the namespace, as pods report them, and those of which nobody knows whether they were sent.",
            [
                Query(f"leadmodel_followups_waiting{M}", "waiting"),
                Query(f"leadmodel_followups_unknown{M}", "unknown"),
            ],
            decimals=0,
            width=8,
            must=False,
        ),
        Panel(
            "Sent and failed within 24 hours",
            "Of the namespace, as pods report them.",
            [
                Query(f"leadmodel_followups_sent_24h{M}", "sent"),
                Query(f"leadmodel_followups_failed_24h{M}", "failed"),
            ],
            decimals=0,
            width=8,
            must=False,
        ),
        Panel(
            "Lateness of the oldest follow-up",
            "Time since the oldest that waits is due; below 0 while it is not due yet.",
            [Query(f"time() - leadmodel_followups_oldest_due_timestamp_seconds{M}", "oldest")],
            unit="s",
            width=8,
            must=False,
        ),
    ),
)
