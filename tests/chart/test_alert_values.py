"""Limits of a site on alerts of the chart: left out, other thresholds, times, severities, runbooks. On a chart with rules of its own."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.helm import CHART, one, render, template

pytestmark = pytest.mark.slow  # each render starts Helm
RULES = """
groups:
  - name: models
    rules:
      - alert: High
        expr: lead_model_drift_score > 3.0
        for: 1h
        labels: {severity: warning}
        annotations: {summary: "{{ $labels.leadmodel }} drifts", runbook_url: docs/runbooks/High.md}
      - alert: Gone
        expr: absent(leadmodel_build_info)
        labels: {severity: critical}
        annotations: {summary: gone, runbook_url: docs/runbooks/Gone.md}
  - name: jobs
    rules:
      - alert: Late
        expr: |
          time() - x
            > 129600
        labels: {severity: warning}
        annotations: {summary: late, runbook_url: docs/runbooks/Late.md}
"""


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    """A copy of the chart with three rules and one dashboard."""
    copied = tmp_path / "leadmodel"
    shutil.copytree(CHART, copied)
    (copied / "files" / "alerts.yaml").write_text(RULES)
    shutil.rmtree(copied / "files" / "dashboards", ignore_errors=True)
    (copied / "files" / "dashboards").mkdir()
    (copied / "files" / "dashboards" / "fleet.json").write_text('{"title": "{{namespace}}"}\n')
    return copied


def groups(chart: Path, *values: str) -> list[dict[str, Any]]:
    objects = render("--set=prometheusRule.enabled=true", *values, chart=chart)
    return list(one(objects, "PrometheusRule")["spec"]["groups"])


def rules(chart: Path, *values: str) -> dict[str, dict[str, Any]]:
    return {rule["alert"]: rule for group in groups(chart, *values) for rule in group["rules"]}


def test_without_limits_the_rules_are_those_of_the_file(chart):
    assert groups(chart) == yaml.safe_load(RULES)["groups"]


def test_the_charts_own_rules_are_rendered_as_they_are():
    file = CHART / "files" / "alerts.yaml"
    assert groups(CHART) == yaml.safe_load(file.read_text())["groups"]


def test_an_alert_is_left_out_and_an_empty_group_with_it(chart):
    assert list(rules(chart, "--set=prometheusRule.disabled.High=true")) == ["Gone", "Late"]
    assert [g["name"] for g in groups(chart, "--set=prometheusRule.disabled.Late=true")] == ["models"]
    assert list(rules(chart, "--set=prometheusRule.disabled.High=false")) == ["High", "Gone", "Late"]


@pytest.mark.parametrize(
    ("given", "shown"),
    [("4", "4"), ("0.05", "0.05"), ("1000000", "1000000"), ("100", "100"), ("2.50", "2.5"), ("0", "0")],
)
def test_a_threshold_is_written_as_people_do(chart, given, shown):
    alerts = rules(chart, f"--set-json=prometheusRule.overrides.High.threshold={given}")
    assert alerts["High"]["expr"] == f"lead_model_drift_score > {shown}"
    as_text = rules(chart, f"--set-string=prometheusRule.overrides.High.threshold={given}")
    assert as_text["High"]["expr"] == f"lead_model_drift_score > {given}"


def test_a_threshold_after_a_line_end(chart):
    alerts = rules(chart, "--set=prometheusRule.overrides.Late.threshold=7200")
    assert alerts["Late"]["expr"] == "time() - x\n  > 7200"


def test_time_severity_labels_and_runbooks(chart):
    alerts = rules(
        chart,
        "--set=prometheusRule.overrides.High.for=30m,prometheusRule.overrides.High.severity=critical",
        "--set=prometheusRule.additionalRuleLabels.team=ml,prometheusRule.runbookUrl=https://r.example.com/x/",
    )
    assert alerts["High"]["for"] == "30m"
    assert alerts["High"]["labels"] == {"severity": "critical", "team": "ml"}
    assert alerts["Gone"]["labels"] == {"severity": "critical", "team": "ml"}
    assert "for" not in alerts["Gone"]
    assert alerts["Gone"]["annotations"]["runbook_url"] == "https://r.example.com/x/Gone.md"
    assert alerts["High"]["annotations"]["summary"] == "{{ $labels.leadmodel }} drifts"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("disabled.Nobody=true", "prometheusRule.disabled.Nobody: there is no such alert"),
        ("overrides.Nobody.for=1m", "prometheusRule.overrides.Nobody: there is no such alert"),
        ("overrides.Gone.threshold=1", "this alert has no threshold"),
        ("overrides.High.until=1m", "additional properties 'until' not allowed"),
    ],
)
def test_a_wrong_limit_is_refused(chart, value, words):
    result = template("--set=prometheusRule.enabled=true", f"--set=prometheusRule.{value}", chart=chart)
    assert result.returncode != 0
    assert words in result.stderr


def test_a_dashboard_is_taken_as_it_is_and_grafanas_operator_finds_it(chart):
    values = "--set=grafanaDashboard.enabled=true,grafanaDashboard.operator.create=true,grafanaDashboard.folder=Leads"
    objects = render(values, chart=chart)
    kept = one(objects, "ConfigMap", "leadmodel-dashboard-fleet")
    assert kept["data"] == {"leadmodel-fleet.json": '{"title": "{{namespace}}"}'}
    assert kept["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert kept["metadata"]["annotations"] == {"grafana_folder": "Leads"}
    reference = one(objects, "GrafanaDashboard")["spec"]["configMapRef"]
    assert reference == {"name": "leadmodel-dashboard-fleet", "key": "leadmodel-fleet.json"}
