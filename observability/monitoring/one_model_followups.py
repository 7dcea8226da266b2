"""The row of follow-ups on the dashboard of one LeadModel; empty for models without follow-ups."""

from monitoring.panels import MODEL, Panel, Query, Row

M = f"{{{MODEL}}}"
RATE = "[$__rate_interval]"


def _rate(name: str, *labels: str) -> str:
    """Follow-ups a second over all pods, by labels."""
    by = f" by ({', '.join(labels)})" if labels else ""
    return f"sum{by} (rate(leadmodel_followup_{name}_total{M}{RATE}))"


def _share(name: str, of: str) -> str:
    """A share, each side counted once per follow-up."""
    return f"{_rate(name)} / {_rate(of)}"


def _share_of_arm(reached: str) -> str:
    """A share of the leads of each arm; every pod reports the counts of the ledger."""
    some, whole = (
        f'max by (arm) (leadmodel_followup_arm_leads{{{MODEL}, reached="{one}"}})'
        for one in (reached, "leads")
    )
    return f"{some} / {whole}"


def _slow(name: str, share: float) -> str:
    """Seconds within which a share of the messages of each channel lies."""
    buckets = f"sum by (channel, le) (rate(leadmodel_followup_{name}_seconds_bucket{M}{RATE}))"
    return f"histogram_quantile({share}, {buckets})"


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
        Panel(
            "Messages a second",
            "Follow-ups that were scheduled, that a provider took, and that it delivered, by channel.",
            [
                Query(_rate("scheduled", "channel"), "scheduled, {{channel}}"),
                Query(_rate("sent", "channel"), "sent, {{channel}}"),
                Query(_rate("delivered", "channel"), "delivered, {{channel}}"),
            ],
            width=8,
            must=False,
        ),
        Panel(
            "Not sent, or sent in vain, a second",
            "By reason: failed for good, not delivered, ended unsent or put off, and attempts without an outcome.",
            [
                Query(_rate("failed", "channel", "reason"), "failed, {{channel}}: {{reason}}"),
                Query(_rate("undelivered", "channel"), "not delivered, {{channel}}"),
                Query(_rate("suppressed", "channel", "reason"), "unsent, {{channel}}: {{reason}}"),
                Query(_rate("unknown_sends", "channel"), "unknown, {{channel}}"),
            ],
            width=8,
            must=False,
        ),
        Panel(
            "What people do, a second",
            "First events of follow-ups. Opens by machines and clicks by scanners are not people.",
            [
                Query(_rate("opened", "channel"), "opened, {{channel}}"),
                Query(_rate("read", "channel"), "read, {{channel}}"),
                Query(_rate("clicked", "channel"), "clicked, {{channel}}"),
                Query(_rate("replied", "channel"), "replied, {{channel}}"),
                Query(_rate("opted_out", "channel"), "opted out, {{channel}}"),
                Query(_rate("converted"), "became customers"),
                Query(_rate("machine_opened", "channel"), "opened by machines, {{channel}}"),
                Query(_rate("scanned", "channel"), "scanned, {{channel}}"),
            ],
            width=8,
            must=False,
        ),
        Panel(
            "Shares of what was sent",
            "Delivered, replied and opted out of what was sent; clicked of what was delivered.",
            [
                Query(_share("delivered", "sent"), "delivered"),
                Query(_share("replied", "sent"), "replied"),
                Query(_share("opted_out", "sent"), "opted out"),
                Query(_share("clicked", "delivered"), "clicked"),
            ],
            unit="percentunit",
            width=8,
            must=False,
        ),
        Panel(
            "Arms of experiments",
            "Shares of the leads that were handed in with each arm since it began. Opens count for none.",
            [
                Query(_share_of_arm("delivered"), "{{arm}}, delivered"),
                Query(_share_of_arm("replied"), "{{arm}}, replied"),
                Query(_share_of_arm("converted"), "{{arm}}, became customers"),
                Query(_share_of_arm("opted-out"), "{{arm}}, opted out"),
            ],
            unit="percentunit",
            width=8,
            must=False,
        ),
        Panel(
            "Lateness of messages",
            "From due to taken by the provider, of 50 and of 99 in 100 messages; hours, caps and rates make a message due later.",
            [
                Query(_slow("lateness", 0.5), "50 %, {{channel}}"),
                Query(_slow("lateness", 0.99), "99 %, {{channel}}"),
            ],
            unit="s",
            width=8,
            must=False,
        ),
        Panel(
            "Time of providers",
            "Within which 99 in 100 requests are answered.",
            [Query(_slow("provider", 0.99), "{{channel}}")],
            unit="s",
            width=8,
            must=False,
        ),
        Panel(
            "Refused webhooks a second",
            "Requests of providers and unsubscribing that were refused, and events that cannot be read, by reason.",
            [
                Query(_rate("webhook_rejected", "channel", "reason"), "refused, {{channel}}: {{reason}}"),
                Query(_rate("webhook_skipped", "channel", "reason"), "left out, {{channel}}: {{reason}}"),
            ],
            width=8,
            must=False,
        ),
        Panel(
            "Ledger of the plan",
            "Follow-ups that wait, attempts without an outcome, and those of them of which nobody knows anything.",
            [
                Query(f"max(leadmodel_followup_waiting{M})", "waiting"),
                Query(f"max(leadmodel_followup_open{M})", "open"),
                Query(f"max(leadmodel_followup_unknown{M})", "unknown"),
            ],
            decimals=0,
            width=8,
            must=False,
        ),
        Panel(
            "Lateness of the ledger",
            "How long the oldest that waits is due: the figure to scale pods by.",
            [Query(f"max(leadmodel_followup_oldest_due_seconds{M})", "oldest")],
            unit="s",
            width=8,
            must=False,
        ),
    ),
)
