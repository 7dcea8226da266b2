"""How much there is to watch LeadModels by, in one line."""

from collections.abc import Mapping

from monitoring.catalog import own
from monitoring.dashboards import DASHBOARDS
from monitoring.rules import RUNBOOKS, alerts


def counts() -> Mapping[str, int]:
    """The number of things by their plural: metrics of our own, alerts, runbooks, dashboards, panels, queries."""
    panels = [panel for board in DASHBOARDS for panel in board.panels()]
    return {
        "metrics": len(own()),
        "alerts": len(list(alerts())),
        "runbooks": len(list(RUNBOOKS.glob("LeadModel*.md"))),
        "dashboards": len(DASHBOARDS),
        "panels": len(panels),
        "queries": sum(len(panel.queries) for panel in panels),
    }


def summary(notes: Mapping[str, str] | None = None) -> str:
    """The counts as a line of text; `notes` by plural stand in brackets behind a number."""
    bracketed = {name: f" ({note})" for name, note in (notes or {}).items()}
    return ", ".join(f"{number} {name}{bracketed.get(name, '')}" for name, number in counts().items())
