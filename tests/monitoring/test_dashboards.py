"""Dashboards are what the Python says, read only what is exported, and say what they show in which unit."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from monitoring.catalog import own
from monitoring.counts import counts, summary
from monitoring.dashboards import DASHBOARDS, FOLDER, files
from monitoring.page import INDEX_PAGE, index
from monitoring.queries import filled, grouped, uses
from monitoring.rules import alerts

from support.alert_cases import CASES

PANELS = [(board, panel) for board in DASHBOARDS for panel in board.panels()]
SEED = ("lead_model_auc", "lead_model_drift_score", "(time() - lead_model_version) / 3600")


def expressions() -> list[str]:
    return [filled(query.expr) for _, panel in PANELS for query in panel.queries]


@pytest.mark.parametrize("path", files(), ids=lambda path: path.stem)
def test_a_file_is_not_stale(path):
    assert path.read_text() == files()[path], "make monitoring"


def test_no_file_is_left_over_and_the_list_of_runbooks_is_not_stale():
    assert set(FOLDER.iterdir()) == set(files())
    assert INDEX_PAGE.read_text() == index(), "make monitoring"


@pytest.mark.parametrize("expression", dict.fromkeys(expressions()))
def test_an_expression_reads_metrics_and_labels_that_we_export(expression):
    from monitoring.catalog import exported

    known: dict[str, frozenset[str]] = {}
    for metric in exported():  # what both parts export, such as process_…, has the labels of both
        for sample in metric.samples:
            known[sample] = known.get(sample, frozenset()) | metric.all_labels
    selected = uses(expression)
    assert selected
    for use in selected:
        assert use.labels <= known[use.metric]
    assert grouped(expression) <= frozenset().union(*(known[use.metric] for use in selected))


@pytest.mark.parametrize("expression", SEED)
def test_the_first_three_panels_are_in(expression):
    shown = [re.sub(r"\{[^}]*\}", "", query.expr) for _, panel in PANELS for query in panel.queries]
    assert expression in shown


@pytest.mark.parametrize(("board", "panel"), PANELS, ids=lambda item: getattr(item, "title", ""))
def test_a_panel_says_what_it_shows(board, panel):
    assert len(panel.text.split()) >= 3
    assert panel.text.endswith(".")
    for query in panel.queries:
        assert not re.search(r"\[[0-9]+[sm]\]", query.expr), "use $__rate_interval"
        if "leadmodel" in board.variables and "leadmodel_models" not in query.expr:
            assert "$namespace" in query.expr
    seconds = [q for q in panel.queries if "time() -" in q.expr and "/ 3600" not in q.expr]
    if seconds and panel.unit != "short":
        assert panel.unit == "s"


@pytest.mark.parametrize("path", files(), ids=lambda path: path.stem)
def test_grafana_can_place_and_load_a_file(path):
    board = json.loads(path.read_text())
    assert board["uid"] == path.stem
    assert len(board["uid"]) <= 40
    numbers = [panel["id"] for panel in board["panels"]]
    assert len(set(numbers)) == len(numbers)
    cells = [
        (x, y)
        for panel in board["panels"]
        for place in [panel["gridPos"]]
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(set(cells)) == len(cells), "panels overlap"
    assert max(x for x, _ in cells) < 24
    assert board["templating"]["list"][0]["type"] == "datasource"
    used = set(re.findall(r"\$\{?(\w+)", path.read_text())) - {"__rate_interval", "__all"}
    assert used <= {variable["name"] for variable in board["templating"]["list"]}


def answered(
    folder: Path, cases: list[tuple[str, list[dict[str, str]], list[float]]]
) -> subprocess.CompletedProcess[str]:
    """What promtool says of expressions after a minute: each with its series, and with the values that it must answer."""
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool (Debian: prometheus) is not installed")
    tests = [
        {
            "interval": "1m",
            "input_series": series,
            "promql_expr_test": [
                {
                    "expr": expr,
                    "eval_time": "1m",
                    "exp_samples": [{"labels": "{}", "value": value} for value in values],
                }
            ],
        }
        for expr, series, values in cases
    ]
    file = folder / "expressions.test"
    file.write_text(json.dumps({"rule_files": [], "evaluation_interval": "1m", "tests": tests}))
    return subprocess.run(
        [promtool, "test", "rules", file], check=False, capture_output=True, text=True, timeout=60
    )


def counts_of_the_fleet() -> dict[str, str]:
    """The expressions of the figures that are zero on a good day."""
    (fleet,) = [board for board in DASHBOARDS if board.uid == "leadmodel-fleet"]
    wanted = ("Need a person", "Drift, no rollback", "Rolled back")
    return {p.title: filled(p.queries[0].expr) for p in fleet.panels() if p.title in wanted}


MODELS = {"series": "leadmodel_models", "values": "3x2"}


def test_without_an_operator_no_figure_says_that_all_is_well(tmp_path):
    """Zero needs an operator that counts; without one there is no answer."""
    expressions = list(counts_of_the_fleet().values())
    assert len(expressions) == 3
    stalled = {
        "series": 'leadmodel_stalled{namespace="a",leadmodel="b",reason="GateFailed"}',
        "values": "1x2",
    }
    silent = [(expr, [], []) for expr in expressions]
    well = [(expr, [MODELS], [0]) for expr in expressions]
    one = [(counts_of_the_fleet()["Need a person"], [MODELS, stalled], [1])]
    done = answered(tmp_path, silent + well + one)
    assert done.returncode == 0, done.stdout + done.stderr


def test_control_a_zero_out_of_nothing_is_seen(tmp_path):
    assert answered(tmp_path, [("count(leadmodel_stalled) or vector(0)", [], [])]).returncode != 0


def test_every_metric_has_an_alert_or_a_panel():
    read = {use.metric for e in [*expressions(), *(alert.expr for alert in alerts())] for use in uses(e)}
    unread = [metric.name for metric in own() if not read.intersection(metric.samples)]
    print("exported and read by no alert and no panel:", *(unread or ["none"]))
    assert unread == []


def test_counts_are_printed():
    print(summary({"alerts": f"{len(CASES)} with promtool tests"}))
    assert counts()["alerts"] == counts()["runbooks"] == len(CASES)
    assert counts()["dashboards"] == 4
    assert counts()["queries"] == len(expressions())
