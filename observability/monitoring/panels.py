"""Panels of Grafana dashboards as plain dicts of the classic model, which the sidecar of the common charts loads.

Plain dicts and no SDK: the classic JSON is the one format that every Grafana since 7 reads, ours uses six kinds of panels, and
`grafana-foundation-sdk` is a preview that marks the classic model as deprecated, 11 MB for what these functions do.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

Dict = dict[str, Any]
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
WIDTH = 24
MODEL = 'namespace=~"$namespace",leadmodel=~"$leadmodel"'


@dataclass(frozen=True)
class Query:
    """One expression and the legend of its series."""

    expr: str
    legend: str = "__auto"


@dataclass(frozen=True)
class Panel:
    """One panel. `limits`: value from which a colour holds; `must`: whether a cluster that serves has data for it."""

    title: str
    text: str
    queries: Sequence[Query]
    unit: str = "short"
    kind: str = "timeseries"
    width: int = 12
    height: int = 8
    limits: Sequence[tuple[float, str]] = ()
    names: dict[str, str] = field(default_factory=dict)  # of columns of a table
    must: bool = True
    decimals: int | None = None

    def model(self, number: int, x: int, y: int) -> Dict:
        """The panel as Grafana has it, at a place of the grid."""
        is_table = self.kind == "table"
        targets = [
            {
                "refId": chr(ord("A") + i),
                "datasource": SOURCE,
                "expr": query.expr,
                "legendFormat": query.legend,
                "instant": is_table or self.kind == "stat",
                "range": not (is_table or self.kind == "stat"),
                "format": "table" if is_table else "heatmap" if self.kind == "heatmap" else "time_series",
            }
            for i, query in enumerate(self.queries)
        ]
        return {
            "id": number,
            "type": self.kind,
            "title": self.title,
            "description": self.text,
            "datasource": SOURCE,
            "gridPos": {"x": x, "y": y, "w": self.width, "h": self.height},
            "targets": targets,
            "fieldConfig": {"defaults": self._defaults(), "overrides": []},
            "options": _OPTIONS.get(self.kind, {}),
            "transformations": self._transformations() if is_table else [],
        }

    def _defaults(self) -> Dict:
        steps: list[Dict] = [{"color": "green", "value": None}]
        steps += [{"color": color, "value": value} for value, color in self.limits]
        shown = {"drawStyle": "line", "lineWidth": 1, "fillOpacity": 0, "showPoints": "never"}
        if self.limits:
            shown |= {"thresholdsStyle": {"mode": "line"}}
        return {
            "unit": self.unit,
            **({"decimals": self.decimals} if self.decimals is not None else {}),
            "thresholds": {"mode": "absolute", "steps": steps},
            "custom": shown if self.kind == "timeseries" else {},
        }

    def _transformations(self) -> list[Dict]:
        hidden = {
            "Time": True,
            "__name__": True,
            "instance": True,
            "job": True,
            "container": True,
            "endpoint": True,
            "service": True,
        }
        return [
            {"id": "merge", "options": {}},
            {"id": "organize", "options": {"excludeByName": hidden, "renameByName": self.names}},
        ]


_OPTIONS: dict[str, Dict] = {
    "timeseries": {
        "legend": {"displayMode": "list", "placement": "bottom"},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "stat": {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "textMode": "auto",
        "colorMode": "value",
    },
    "table": {"showHeader": True},
    "heatmap": {
        "calculate": False,
        "yAxis": {"unit": "short"},
        "color": {"scheme": "Blues", "mode": "scheme"},
    },
    "bargauge": {
        "displayMode": "basic",
        "orientation": "horizontal",
        "reduceOptions": {"calcs": ["lastNotNull"], "values": False},
    },
}


@dataclass(frozen=True)
class Row:
    """A headline with its panels."""

    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True)
class Dashboard:
    """One dashboard; `uid` is its file's name and the end of its address in Grafana."""

    uid: str
    title: str
    text: str
    rows: Sequence[Row]
    variables: Sequence[str] = ("namespace", "leadmodel")

    def panels(self) -> Iterable[Panel]:
        """All panels, in their order."""
        for row in self.rows:
            yield from row.panels

    def model(self) -> Dict:
        """The dashboard as Grafana's classic JSON."""
        return {
            "uid": self.uid,
            "title": self.title,
            "description": self.text,
            "tags": ["leadmodel"],
            "schemaVersion": 40,
            "editable": False,
            "graphTooltip": 1,
            "refresh": "1m",
            "time": {"from": "now-24h", "to": "now"},
            "timezone": "utc",
            "templating": {"list": [_datasource(), *map(_variable, self.variables)]},
            "annotations": {"list": _annotations() if "leadmodel" in self.variables else []},
            "links": [
                {
                    "type": "dashboards",
                    "tags": ["leadmodel"],
                    "title": "LeadModel",
                    "asDropdown": True,
                    "includeVars": True,
                }
            ],
            "panels": list(self._placed()),
        }

    def _placed(self) -> Iterable[Dict]:
        number, y = 1, 0
        for row in self.rows:
            yield {
                "id": number,
                "type": "row",
                "title": row.title,
                "collapsed": False,
                "panels": [],
                "gridPos": {"x": 0, "y": y, "w": WIDTH, "h": 1},
            }
            number, y, x, height = number + 1, y + 1, 0, 0
            for panel in row.panels:
                if x + panel.width > WIDTH:
                    x, y, height = 0, y + height, 0
                yield panel.model(number, x, y)
                number, x, height = number + 1, x + panel.width, max(height, panel.height)
            y += height


def _datasource() -> Dict:
    return {
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": "prometheus",
        "current": {},
        "hide": 0,
    }


_WHERE = {"namespace": "", "leadmodel": 'namespace=~"$namespace"'}


def _variable(name: str) -> Dict:
    query = f"label_values(leadmodel_info{{{_WHERE[name]}}}, {name})"
    return {
        "name": name,
        "label": name.capitalize() if name == "namespace" else "LeadModel",
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": query, "refId": name},
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".+",
        "current": {"text": "All", "value": "$__all"},
    }


def _annotations() -> list[Dict]:
    marks = (
        ("Rollbacks", "red", f"leadmodel_last_rollback_timestamp_seconds{{{MODEL}}} * 1000"),
        ("Promotions", "green", f"leadmodel_champion_since_timestamp_seconds{{{MODEL}}} * 1000"),
    )
    return [
        {
            "name": name,
            "enable": True,
            "iconColor": color,
            "datasource": SOURCE,
            "expr": expr,
            "useValueForTime": True,
            "titleFormat": name,
            "textFormat": "{{leadmodel}} {{reason}}",
        }
        for name, color, expr in marks
    ]
