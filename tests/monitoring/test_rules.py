"""Each alert is silent before its fault, fires after it with a true text, and stays silent where nothing is known."""

import json
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from monitoring.catalog import exported
from monitoring.queries import grouped, uses
from monitoring.rules import FILE, RUNBOOKS, alerts, load, overridden

from support.alert_cases import CASES, Case

ALERTS = {alert.name: alert for alert in alerts()}
SECTIONS = ("## Meaning", "## Impact", "## Diagnosis", "## Mitigation")


@pytest.fixture(scope="module")
def promtool() -> str:
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("promtool (Debian: prometheus) is not installed")
    return found


def evaluated(promtool: str, folder: Path, tests: dict[str, dict[str, Any]]) -> dict[str, str]:
    """What promtool says of one unit test per alert, each over a file with that alert alone; empty where it passes."""
    rules = {rule["alert"]: rule for group in load()["groups"] for rule in group["rules"]}
    for name, test in tests.items():
        alone = {"groups": [{"name": name, "rules": [rules[name]]}]}
        (folder / f"{name}.rules").write_text(json.dumps(alone))  # JSON is YAML
        document = {"rule_files": [f"{name}.rules"], "evaluation_interval": "1m", "tests": [test]}
        (folder / f"{name}.test").write_text(json.dumps(document))
    files = [str(folder / f"{name}.test") for name in tests]
    ended = subprocess.run(
        [promtool, "test", "rules", *files],
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=200,
    )
    said = dict(
        re.findall(r"Unit Testing:[^\n]*/(\w+)\.test\n(.*?)(?=Unit Testing:|\Z)", ended.stdout, re.DOTALL)
    )
    assert said.keys() == tests.keys(), ended.stdout
    return {name: "" if "SUCCESS" in text else text for name, text in said.items()}


def unit_test(case: Case, *, firing: bool = True) -> dict[str, Any]:
    alert = ALERTS[case.alert]
    fires = {
        "exp_labels": {**case.labels, "severity": alert.severity},
        "exp_annotations": {**alert.annotations, "description": case.description},
    }
    times = [(case.silent, []), (case.firing, [fires] if firing else [])]
    return {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in case.series.items()],
        "alert_rule_test": [
            {"eval_time": at, "alertname": case.alert, "exp_alerts": expected} for at, expected in times
        ],
    }


def test_there_is_a_case_for_every_alert():
    assert len(ALERTS) >= 29
    assert Counter(case.alert for case in CASES) == Counter(list(ALERTS))


def test_promtool_accepts_the_file(promtool):
    ended = subprocess.run(
        [promtool, "check", "rules", str(FILE)], check=False, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 0, ended.stderr


@pytest.mark.slow
def test_alerts_are_silent_before_and_fire_after(promtool, tmp_path):
    ended = evaluated(promtool, tmp_path, {case.alert: unit_test(case) for case in CASES})
    assert {name: text for name, text in ended.items() if text} == {}


@pytest.mark.slow
def test_a_case_that_fires_fails_when_silence_is_expected(promtool, tmp_path):
    """The control: the cases really fire."""
    ended = evaluated(promtool, tmp_path, {case.alert: unit_test(case, firing=False) for case in CASES})
    assert [name for name, text in ended.items() if "FAILED" not in text] == []


@pytest.mark.slow
def test_nothing_fires_where_no_series_is_known_but_that_the_operator_is_down(promtool, tmp_path):
    description = next(case.description for case in CASES if case.alert == "LeadModelOperatorDown")
    unknown = {name: Case(name, {}, "9m", "3h", description, {}) for name in ALERTS}
    tests = {name: unit_test(case, firing=name == "LeadModelOperatorDown") for name, case in unknown.items()}
    ended = evaluated(promtool, tmp_path, tests)
    assert {name: text for name, text in ended.items() if text} == {}


def test_the_contracted_alert_is_as_agreed():
    alert = ALERTS["LeadModelHighDrift"]
    assert (alert.expr, alert.pending) == ("lead_model_drift_score > 3.0", "1h")


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_reads_metrics_and_labels_that_we_export(name):
    known = {sample: metric for metric in exported() for sample in metric.samples}
    selected = uses(ALERTS[name].expr)
    assert selected
    labels = frozenset().union(*(known[use.metric].all_labels for use in selected))
    for use in selected:
        assert use.labels <= known[use.metric].all_labels
    assert grouped(ALERTS[name].expr) <= labels


def test_a_misspelt_metric_or_label_would_be_seen():
    known = {sample for metric in exported() for sample in metric.samples}
    (use,) = uses('rate(lead_model_request_total{cod="5"}[5m])')
    assert use.metric not in known
    assert use.labels == {"cod"}
    assert grouped("sum by (leedmodel) (x) / on (pot) y") == {"leedmodel", "pot"}


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_what_it_means_and_where_to_read_on(name):
    alert = ALERTS[name]
    assert name.startswith("LeadModel")
    assert alert.severity in {"critical", "warning", "info"}
    assert set(alert.annotations) == {"summary", "description", "runbook_url"}
    assert "{{" not in alert.annotations["summary"]
    assert "$value" in alert.annotations["description"]
    assert alert.annotations["runbook_url"] == f"docs/runbooks/{name}.md"


@pytest.mark.parametrize("name", [name for name, alert in ALERTS.items() if alert.threshold])
def test_a_text_names_no_threshold(name):
    """A chart's value may replace the threshold, and the text must stay true."""
    alert = ALERTS[name]
    words = re.findall(r"[0-9.]*[0-9]", re.sub(r"\{\{.*?\}\}", "", alert.annotations["description"]))
    assert alert.threshold not in words


def test_thresholds_are_numbers_at_the_end():
    found = {name: alert.threshold for name, alert in ALERTS.items() if alert.threshold}
    assert found["LeadModelHighDrift"] == "3.0"
    assert found["LeadModelBackfillOverdue"] == "691200"
    assert len(found) >= 20
    assert not {"LeadModelGateFailed", "LeadModelOperatorDown", "LeadModelOperatorNoLeader"} & set(found)


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_has_a_runbook_of_its_own(name):
    text = (RUNBOOKS / f"{name}.md").read_text()
    assert text.startswith(f"# {name}\n")
    places = [text.index(section) for section in SECTIONS]
    assert places == sorted(places)
    parts = [part.strip() for part in re.split(r"^## .*$", text, flags=re.MULTILINE)[1:]]
    assert all(parts[:4])
    assert "kubectl " in parts[2]
    assert f"```promql\n{ALERTS[name].expr}\n```" in text
    assert f", severity {ALERTS[name].severity}." in text


def test_no_runbook_is_without_its_alert():
    assert {page.stem for page in RUNBOOKS.glob("LeadModel*.md")} == set(ALERTS)


def test_groups_have_names_of_their_own():
    names = [group["name"] for group in load()["groups"]]
    assert len(set(names)) == len(names)


def test_an_override_replaces_the_number_at_the_end():
    by = {
        "LeadModelStale": {"threshold": "3600", "for": "1m", "severity": "info"},
        "LeadModelRolledBack": {"for": "5m"},
    }
    rules = {r["alert"]: r for g in overridden(load(), by)["groups"] for r in g["rules"]}
    assert rules["LeadModelStale"]["expr"] == "time() - lead_model_version > 3600"
    assert (rules["LeadModelStale"]["for"], rules["LeadModelStale"]["labels"]["severity"]) == ("1m", "info")
    assert rules["LeadModelRolledBack"]["for"] == "5m"
    assert rules["LeadModelHighDrift"] == next(
        r for r in load()["groups"][0]["rules"] if r["alert"] == "LeadModelHighDrift"
    )


@pytest.mark.parametrize(
    "by",
    [
        {"LeadModelStaled": {}},
        {"LeadModelRolledBack": {"threshold": "2"}},
        {"LeadModelOperatorDown": {"threshold": "2"}},
    ],
)
def test_an_override_that_means_nothing_is_refused(by):
    with pytest.raises(ValueError, match=r"no alert is called|has no threshold"):
        overridden(load(), by)
