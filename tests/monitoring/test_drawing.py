"""Figures are written as Grafana writes them, and a drawing takes the values that stand at the end."""

import pytest
from matplotlib.figure import Figure
from monitoring.dashboards import DASHBOARDS
from monitoring.drawn_panels import last, legend, lines, tick
from monitoring.units import shown


@pytest.mark.parametrize(
    ("value", "unit", "decimals", "text"),
    [
        (0.0, "s", None, "0 s"),
        (0.0123, "s", None, "12.3 ms"),
        (90.0, "s", None, "1.50 min"),
        (7200.0, "s", None, "2 h"),
        (691_200.0, "s", None, "8 d"),
        (3 * 2.0**20, "bytes", None, "3 MiB"),
        (0.254, "percentunit", None, "25.4 %"),
        (1234.0, "short", None, "1234"),
        (45_211.0, "short", None, "45.2 k"),
        (0.78123, "short", 3, "0.781"),
        (7848.2, "h", None, "7848 h"),
        (40.0, "reqps", None, "40 req/s"),
        (float("nan"), "s", None, "NaN"),
    ],
)
def test_a_value_with_its_unit(value, unit, decimals, text):
    assert shown(value, unit, decimals) == text


def series(name: str, end: int) -> dict[str, object]:
    return {"metric": {"__name__": "x", "pod": name, "job": "j"}, "values": [[end - 1, "1"], [end, "2"]]}


def test_a_series_that_ended_long_ago_has_no_value_now():
    assert [(s["metric"]["pod"], value) for s, value in last([series("old", 50), series("new", 100)])] == [
        ("new", 2.0)
    ]
    assert last([]) == []


def test_a_legend_names_labels():
    assert legend(series("a", 9), "{{pod}} of {{pod}}") == "a of a"
    assert legend(series("a", 9), "__auto") == "pod=a"


@pytest.mark.parametrize(
    ("least", "unit", "step"),
    [
        (0.3, "short", 0.5),
        (7.0, "short", 10.0),
        (40.0, "s", 60),
        (0.3, "s", 0.5),
        (1e6, "bytes", 2.0**20),
        (2e7, "s", 25_920_000),
    ],
)
def test_ticks_are_round(least, unit, step):
    assert tick(least, unit) == pytest.approx(step)


@pytest.mark.parametrize(
    "values", [(3910915847.891209, 3910915847.8912096), (0.3, 0.30000000000000004), (-2.0, -2.0), (0.0, 0.0)]
)
def test_values_that_differ_by_rounding_are_drawn_as_one(values):
    """Both limits of such an axis become the same number, of which matplotlib warns, and here a warning ends the drawing."""
    panel = next(
        panel
        for board in DASHBOARDS
        for panel in board.panels()
        if panel.kind == "timeseries" and not panel.limits
    )
    series = [
        {
            "metric": {"leadmodel": "conversion"},
            "values": [(at, str(value)) for at, value in enumerate(values)],
        }
    ]
    axis = Figure().subplots()
    lines(axis, panel, {query.expr: series for query in panel.queries}, (0.0, 2.0))
    low, high = axis.get_ylim()
    assert low <= min(values) <= max(values) <= high
    assert high - low > 0.1
