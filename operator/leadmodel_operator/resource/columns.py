"""Figures of a status as tables show them, in both runtimes."""

from leadmodel_operator.resource.digest import short
from leadmodel_operator.resource.status import Status


def column_figures(status: Status) -> dict[str, str]:
    """What the columns read besides words."""
    champion, drift = status.champion, status.drift
    found = {
        "champion": short(champion.digest) if champion else None,
        "requested": short(status.requested.digest) if status.requested else None,
        "previous": short(status.previous.digest) if status.previous else None,
        "auc": f"{champion.auc:.4f}" if champion and champion.auc is not None else None,
        "drift": f"{drift.psi:.2f}" if drift and drift.psi is not None else None,
    }
    return {name: value for name, value in found.items() if value is not None}
