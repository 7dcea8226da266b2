"""The dashboard of personal data and of batch Jobs: whether the promised runs happen, and what they leave."""

from monitoring.panels import MODEL, Dashboard, Panel, Query, Row

M = f"{{{MODEL}}}"
WHO = "{{namespace}}/{{leadmodel}}"

JOBS = Dashboard(
    "leadmodel-privacy-jobs",
    "LeadModel / Privacy and jobs",
    "PII backfill, retraining, polls and validations: when they last succeeded, how long they took, and what is left for a person.",
    (
        Row(
            "Personal data",
            (
                Panel(
                    "Since the last verified backfill",
                    "LeadModelBackfillOverdue fires after eight days.",
                    [Query(f"time() - leadmodel_backfill_last_success_timestamp_seconds{M}", WHO)],
                    unit="s",
                    limits=((691_200, "red"),),
                    must=False,
                ),
                Panel(
                    "Messages that still hold personal data",
                    "After the last run; of a dry run, what it found.",
                    [Query(f"leadmodel_backfill_residue_entries{M}", f"{WHO} {{{{mode}}}}")],
                    decimals=0,
                    must=False,
                ),
                Panel(
                    "Messages read",
                    "By the last run.",
                    [Query(f"leadmodel_backfill_scanned_entries{M}", f"{WHO} {{{{mode}}}}")],
                    decimals=0,
                    width=8,
                    must=False,
                ),
                Panel(
                    "Messages redacted",
                    "By the last run; of a dry run, what it would redact.",
                    [Query(f"leadmodel_backfill_redacted_entries{M}", f"{WHO} {{{{mode}}}}")],
                    decimals=0,
                    width=8,
                    must=False,
                ),
                Panel(
                    "Failed backfills",
                    "1 where the newest run failed.",
                    [Query(f"leadmodel_backfill_failed{M}", WHO)],
                    decimals=0,
                    width=8,
                    must=False,
                ),
            ),
        ),
        Row(
            "Retraining",
            (
                Panel(
                    "Since the last retraining",
                    "LeadModelRetrainingOverdue fires after 36 hours.",
                    [Query(f"time() - leadmodel_retraining_last_success_timestamp_seconds{M}", WHO)],
                    unit="s",
                    limits=((129_600, "red"),),
                    must=False,
                ),
                Panel(
                    "Failed retrainings",
                    "1 where the newest retraining made no model.",
                    [Query(f"leadmodel_retraining_failed{M}", WHO)],
                    decimals=0,
                    must=False,
                ),
            ),
        ),
        Row(
            "Jobs",
            (
                Panel(
                    "Time of the newest Job",
                    "From its creation to its end, by kind.",
                    [Query(f"leadmodel_job_duration_seconds{M}", f"{WHO} {{{{kind}}}}")],
                    unit="s",
                    must=False,
                ),
                Panel(
                    "Since the last success",
                    "Of the Jobs that are kept, by kind.",
                    [
                        Query(
                            f"time() - leadmodel_job_last_success_timestamp_seconds{M}", f"{WHO} {{{{kind}}}}"
                        )
                    ],
                    unit="s",
                    must=False,
                ),
                Panel(
                    "Failed Jobs",
                    "1 where the newest ended Job of a kind failed.",
                    [Query(f"leadmodel_job_failed{M}", f"{WHO} {{{{kind}}}}")],
                    decimals=0,
                    width=8,
                    must=False,
                ),
                Panel(
                    "Jobs that wait",
                    "How long the newest Job has waited to begin.",
                    [
                        Query(
                            f"time() - leadmodel_job_waiting_since_timestamp_seconds{M}",
                            f"{WHO} {{{{kind}}}}",
                        )
                    ],
                    unit="s",
                    limits=((900, "red"),),
                    width=8,
                    must=False,
                ),
                Panel(
                    "Polls",
                    "Time since the source answered, and failed polls in a row.",
                    [
                        Query(
                            f"time() - leadmodel_poll_last_success_timestamp_seconds{M}", f"{WHO}, seconds"
                        ),
                        Query(f"leadmodel_poll_failures_in_a_row{M}", f"{WHO} {{{{reason}}}}"),
                    ],
                    width=8,
                    must=False,
                ),
            ),
        ),
    ),
)
