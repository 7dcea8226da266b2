"""The alerts of the chart, as Prometheus reads them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
FILE = ROOT / "charts" / "leadmodel" / "files" / "alerts.yaml"
RUNBOOKS = ROOT / "docs" / "runbooks"
THRESHOLD = re.compile(r"(?<=[<>=] )[0-9.]+$")  # the number that a chart's value replaces


@dataclass(frozen=True)
class Alert:
    """An alert as a Prometheus rules file writes it."""

    name: str
    expr: str
    pending: str  # how long the expression must hold; empty: not at all
    severity: str
    annotations: dict[str, str]

    @property
    def threshold(self) -> str | None:
        """The number at the end of the expression that may be replaced; None where the alert has none."""
        match = THRESHOLD.search(self.expr)
        return match[0] if match and self.expr[: match.start()].rstrip()[-2:] not in {"==", "!="} else None


def load() -> dict[str, Any]:
    """The file as a document."""
    document: dict[str, Any] = yaml.safe_load(FILE.read_text())
    return document


def alerts() -> Iterator[Alert]:
    """All alerts, in their order."""
    for group in load()["groups"]:
        for rule in group["rules"]:
            yield Alert(
                rule["alert"],
                rule["expr"],
                rule.get("for", ""),
                rule["labels"]["severity"],
                rule["annotations"],
            )


def overridden(document: dict[str, Any], overrides: dict[str, dict[str, str]]) -> dict[str, Any]:
    """The document with thresholds, `for` and severities replaced by alert, as the chart's `prometheusRule.overrides` do it.

    Raises:
        ValueError: an alert does not exist, or has no threshold.
    """
    known = {rule["alert"] for group in document["groups"] for rule in group["rules"]}
    if unknown := overrides.keys() - known:
        raise ValueError(f"no alert is called {', '.join(sorted(unknown))}")
    return {
        "groups": [
            {**g, "rules": [_overridden(r, overrides.get(r["alert"], {})) for r in g["rules"]]}
            for g in document["groups"]
        ]
    }


def _overridden(rule: dict[str, Any], by: dict[str, str]) -> dict[str, Any]:
    rule = {**rule, "labels": {**rule["labels"]}}
    if "threshold" in by:
        alert = Alert(rule["alert"], rule["expr"], "", "", {})
        if alert.threshold is None:
            raise ValueError(
                f"{alert.name} has no threshold: its expression ends with no comparison by < or >"
            )
        rule["expr"] = THRESHOLD.sub(by["threshold"], rule["expr"])
    if "for" in by:
        rule["for"] = by["for"]
    if "severity" in by:
        rule["labels"]["severity"] = by["severity"]
    return rule
