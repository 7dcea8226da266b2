"""The printer columns of `kubectl get leadmodels`, and the figures of a status that the columns show as text."""

from dataclasses import dataclass
from typing import Any

from leadmodel_operator.resource.digest import short
from leadmodel_operator.resource.status import Status


@dataclass(frozen=True)
class PrinterColumn:
    """One column of `kubectl get leadmodels`."""

    name: str
    type: str  # OpenAPI type, or "date"
    path: str  # JSONPath into the object
    priority: int  # 0: always shown; 1: shown with `-o wide` only
    description: str


def _condition(type_: str, field: str) -> str:
    return f'.status.conditions[?(@.type=="{type_}")].{field}'


COLUMNS = (
    PrinterColumn("Ready", "string", _condition("Ready", "status"), 0, "Whether the requested model serves."),
    PrinterColumn("Phase", "string", ".status.phase", 0, "Summary of the conditions, in one word."),
    PrinterColumn("Champion", "string", ".status.shown.champion", 0, "Digest that serves (12 hex)."),
    PrinterColumn("Requested", "string", ".status.shown.requested", 0, "Digest that should serve (12 hex)."),
    PrinterColumn("AUC", "string", ".status.shown.auc", 0, "AUC of the champion, measured in the cluster."),
    PrinterColumn("Drift", "string", ".status.shown.drift", 0, "Largest PSI of live leads."),
    PrinterColumn("Age", "date", ".metadata.creationTimestamp", 0, "Time since the creation."),
    PrinterColumn("Min-AUC", "number", ".spec.minAuc", 1, "Lowest AUC with which an artifact may serve."),
    PrinterColumn(
        "Previous", "string", ".status.shown.previous", 1, "Digest of the rollback target (12 hex)."
    ),
    PrinterColumn(
        "Rolled-Back", "string", _condition("RolledBack", "reason"), 1, "Reason why an older model serves."
    ),
    PrinterColumn(
        "Backfill", "string", _condition("BackfillHealthy", "reason"), 1, "State of the PII backfill."
    ),
    PrinterColumn(
        "Enrichment", "string", _condition("EnrichmentHealthy", "reason"), 1, "State of the text model."
    ),
    PrinterColumn(
        "Follow-Ups", "string", _condition("FollowUpsHealthy", "reason"), 1, "State of the messages to leads."
    ),
    PrinterColumn("URL", "string", ".status.url", 1, "URL to which clients POST leads."),
    PrinterColumn("Reason", "string", _condition("Ready", "reason"), 1, "Reason for the Ready condition."),
)

_FIGURES = {
    "champion": "First 12 hex digits of the champion's digest.",
    "requested": "First 12 hex digits of the requested digest.",
    "previous": "First 12 hex digits of the digest of the rollback target.",
    "auc": "AUC of the champion.",
    "drift": "Largest PSI of live leads.",
}


def column_figures(status: Status) -> dict[str, str]:
    """The figures of a status as text for the printer columns; unknown figures are left out."""
    champion, drift = status.champion, status.drift
    figures = {
        "champion": short(champion.digest) if champion else None,
        "requested": short(status.requested.digest) if status.requested else None,
        "previous": short(status.previous.digest) if status.previous else None,
        "auc": f"{champion.auc:.4f}" if champion and champion.auc is not None else None,
        "drift": f"{drift.psi:.2f}" if drift and drift.psi is not None else None,
    }
    return {name: text for name, text in figures.items() if text is not None}


def figures_schema() -> dict[str, Any]:
    """The OpenAPI schema of `status.shown`, which `column_figures` fills."""
    return {
        "type": "object",
        "description": "Figures for the printer columns, as text.",
        "properties": {
            name: {"type": "string", "description": text, "maxLength": 16} for name, text in _FIGURES.items()
        },
    }
