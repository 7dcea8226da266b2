"""The dashboard of the operator's process: who leads, how long passes wait and take, what the API server answers."""

from monitoring.panels import Dashboard, Panel, Query, Row

N = 'name="leadmodel"'


def quantile(q: float, name: str) -> str:
    """An expression for a quantile of one of the queue's histograms."""
    return f"histogram_quantile({q}, sum by (le) (rate({name}_bucket{{{N}}}[$__rate_interval])))"


OPERATOR = Dashboard(
    "leadmodel-operator",
    "LeadModel / Operator",
    "The operator's own process: leader, queue, passes, requests to the API server, event loop, memory.",
    (
        Row(
            "Passes",
            (
                Panel(
                    "Leader",
                    "1 on the process that leads; exactly one should.",
                    [Query(f"leader_election_master_status{{{N}}}", "{{pod}}")],
                    decimals=0,
                    width=8,
                ),
                Panel(
                    "Passes a second",
                    "By result; idle passes change nothing.",
                    [
                        Query(
                            "sum by (result) (rate(leadmodel_reconciles_total[$__rate_interval]))",
                            "{{result}}",
                        )
                    ],
                    unit="ops",
                    width=8,
                ),
                Panel(
                    "Decisions",
                    "Events recorded within an hour, by reason.",
                    [Query("sum by (reason) (increase(leadmodel_decisions_total[1h]))", "{{reason}}")],
                    decimals=0,
                    width=8,
                ),
                Panel(
                    "Time of a pass",
                    "Half of the passes, and 99 % of them.",
                    [
                        Query(quantile(0.5, "workqueue_work_duration_seconds"), "50 %"),
                        Query(quantile(0.99, "workqueue_work_duration_seconds"), "99 %"),
                    ],
                    unit="s",
                    must=False,
                ),
                Panel(
                    "Wait for a pass",
                    "From the instant a key is due to the begin of its pass.",
                    [
                        Query(quantile(0.5, "workqueue_queue_duration_seconds"), "50 %"),
                        Query(quantile(0.99, "workqueue_queue_duration_seconds"), "99 %"),
                    ],
                    unit="s",
                    must=False,
                ),
                Panel(
                    "Queue",
                    "Keys that are due, and how long the longest pass has run.",
                    [
                        Query(f"workqueue_depth{{{N}}}", "due, {{pod}}"),
                        Query(
                            f"workqueue_longest_running_processor_seconds{{{N}}}",
                            "longest pass, seconds, {{pod}}",
                        ),
                    ],
                    width=8,
                ),
                Panel(
                    "Keys a second",
                    "Keys that became due, and passes made again.",
                    [
                        Query(f"sum(rate(workqueue_adds_total{{{N}}}[$__rate_interval]))", "due"),
                        Query(f"sum(rate(workqueue_retries_total{{{N}}}[$__rate_interval]))", "again"),
                    ],
                    unit="ops",
                    width=8,
                ),
                Panel(
                    "LeadModels",
                    "How many this operator looks after.",
                    [Query("leadmodel_models", "{{pod}}")],
                    decimals=0,
                    width=8,
                ),
            ),
        ),
        Row(
            "Validations and rollouts",
            (
                Panel(
                    "Time of a validation",
                    "From the decision to validate to the verdict, mean by verdict.",
                    [
                        Query(
                            "sum by (result) (rate(leadmodel_validation_duration_seconds_sum[1h])) / sum by (result) (rate(leadmodel_validation_duration_seconds_count[1h]))",
                            "{{result}}",
                        )
                    ],
                    unit="s",
                    must=False,
                ),
                Panel(
                    "Time of a rollout",
                    "From the change of champion to its end, 90 % of them.",
                    [
                        Query(
                            "histogram_quantile(0.9, sum by (le, result) (rate(leadmodel_rollout_duration_seconds_bucket[1h])))",
                            "{{result}}",
                        )
                    ],
                    unit="s",
                    must=False,
                ),
            ),
        ),
        Row(
            "API server and process",
            (
                Panel(
                    "Requests to the API server",
                    "By status and method.",
                    [
                        Query(
                            "sum by (code, method) (rate(rest_client_requests_total[$__rate_interval]))",
                            "{{method}} {{code}}",
                        )
                    ],
                    unit="reqps",
                ),
                Panel(
                    "Refused by the API server",
                    "Share of 403, 429 and 5xx.",
                    [
                        Query(
                            '(sum(rate(rest_client_requests_total{code=~"5..|429|403"}[$__rate_interval])) or vector(0)) / sum(rate(rest_client_requests_total[$__rate_interval]))',
                            "refused",
                        )
                    ],
                    unit="percentunit",
                    must=False,
                ),
                Panel(
                    "Lag of the event loop",
                    "How late the loop wakes. Above a second the process has too little CPU.",
                    [Query("leadmodel_event_loop_lag_seconds", "{{pod}}")],
                    unit="s",
                    limits=((1, "red"),),
                    width=8,
                ),
                Panel(
                    "Tasks",
                    "Tasks of the event loop that have not ended.",
                    [Query("leadmodel_event_loop_tasks", "{{pod}}")],
                    decimals=0,
                    width=8,
                ),
                Panel(
                    "Memory",
                    "Resident memory of the process.",
                    [
                        Query(
                            "process_resident_memory_bytes and on (namespace, pod) leadmodel_models",
                            "{{pod}}",
                        )
                    ],
                    unit="bytes",
                    width=8,
                ),
                Panel(
                    "CPU",
                    "Cores that the process uses.",
                    [
                        Query(
                            "rate(process_cpu_seconds_total[$__rate_interval]) and on (namespace, pod) leadmodel_models",
                            "{{pod}}",
                        )
                    ],
                    decimals=3,
                    width=8,
                ),
                Panel(
                    "Messages to the webhook",
                    "Decisions sent to the address of the operator's settings, by result.",
                    [Query("sum by (result) (increase(leadmodel_webhook_messages_total[1h]))", "{{result}}")],
                    decimals=0,
                    width=8,
                    must=False,
                ),
                Panel(
                    "Open files",
                    "Files and connections.",
                    [Query("process_open_fds and on (namespace, pod) leadmodel_models", "{{pod}}")],
                    decimals=0,
                    width=8,
                ),
            ),
        ),
    ),
    variables=(),
)
