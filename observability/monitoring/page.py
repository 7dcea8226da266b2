"""Write docs/metrics.md from the registries of operator, predictor and follow-ups: `make monitoring`."""

from collections.abc import Iterable
from pathlib import Path

from monitoring.catalog import LIBRARY, Exported, exported
from monitoring.dashboards import write
from monitoring.rules import RUNBOOKS, alerts

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "metrics.md"
BAR = r"\|"
HEAD = """# Metrics

<!-- Written by `make monitoring` from the registries of operator, predictor and follow-ups. Change the help texts there. -->

Operator, predictor and the pods that send follow-ups answer `GET /metrics` on port 8080 in the text format of Prometheus; operator and predictor also as
OpenMetrics where the Accept header wants that, and packed with gzip where the client accepts gzip. `_timestamp_seconds` and `_ts` are Unix seconds: `time() - metric` is an age.

- A gauge is absent until its value is known, so that no alert fires on a zero that nobody measured.
- Counters of the operator count since the process that leads began; they start again with another leader. Gauges come from status and
  do not.
- Every label is bounded: by the spec, by a list of words in the code, or by the features of the loaded model. No label holds the id or
  the text of a lead, a URL or a secret.
- Series of a LeadModel carry its `namespace` and `leadmodel`. In the operator's series these are labels of its own, so scrape the
  operator with `honorLabels: true`. For the other pods the scrape adds them from the pod, with `pod`.

The alerts over them are in `charts/leadmodel/files/alerts.yaml`, each with [a runbook](runbooks/README.md); the dashboards are in
`charts/leadmodel/files/dashboards`. [Monitoring](monitoring.md) says how to use both.
"""
INDEX_PAGE = RUNBOOKS / "README.md"
INDEX = """# Runbooks

<!-- Written by `make monitoring` from charts/leadmodel/files/alerts.yaml. -->

One page per alert: what it means, what suffers, what to look at, what to do. The operator's own commands assume the release `leadmodel`
in namespace `leadmodel-system`.
"""
PARTS = {
    "predictor": "## Predictor\n\nOne set per pod.",
    "followup": "## Follow-ups\n\nOne set per pod that sends, over all of its processes. Counters count follow-ups, each once per kind of event. The gauges are "
    "those of the ledger, the same from each pod.",
    "operator": "## Operator\n\nOnly the process that leads shows series of LeadModels. Names without `leadmodel_` are those of client-go, so "
    "that dashboards for other operators work.",
}


def table(metrics: Iterable[Exported]) -> str:
    """A table in Markdown: name, type, labels, meaning."""
    rows = [
        f"| `{m.name}` | {m.kind} | {', '.join(f'`{label}`' for label in m.labels)} | {m.text.replace('|', BAR)} |"
        for m in metrics
    ]
    return "\n".join(["| name | type | labels | meaning |", "|---|---|---|---|", *rows])


def page() -> str:
    """The text of docs/metrics.md."""
    parts = [HEAD]
    for part, head in PARTS.items():
        metrics = [m for m in exported() if m.part == part]
        library = [m.name for m in metrics if m.name.startswith(LIBRARY)]
        own = [m for m in metrics if m.name not in library]
        names = ", ".join(f"`{name}`" for name in library)
        shared = f"\nFrom the client library, as everywhere: {names}.\n" if library else ""
        parts.append(f"{head}\n\n{table(own)}\n{shared}")
    return "\n".join(parts)


def index() -> str:
    """The text of docs/runbooks/README.md: every alert with its severity and its sentence."""
    rows = [
        f"| [{a.name}]({a.name}.md) | {a.severity} | {a.pending or 'at once'} | {a.annotations['summary']} |"
        for a in alerts()
    ]
    return "\n".join([INDEX, "| alert | severity | after | meaning |", "|---|---|---|---|", *rows, ""])


if __name__ == "__main__":
    PAGE.write_text(page())
    INDEX_PAGE.write_text(index())
    write()
