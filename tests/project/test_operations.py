"""docs/operations.md: its symptoms show the operator's own texts, and its queries run on a Prometheus over our metrics."""

import json
import re
import shutil
import subprocess
import time
import urllib.parse
import urllib.request

import pytest

from project.house import ROOT
from support.redis_servers import free_port
from worlds.symptoms import SYMPTOMS, message

PAGE = (ROOT / "docs" / "operations.md").read_text()
TABLE = PAGE.partition("<!-- table: symptoms -->\n")[2].partition("<!-- end -->")[0]
ROWS = {
    cells[0].strip("`"): cells[1]
    for cells in (line.strip("| ").split(" | ") for line in TABLE.splitlines()[2:])
}
QUERIES = re.findall(r"^```promql\n(.*?)\n```", PAGE, re.MULTILINE | re.DOTALL)
NAME = re.compile(r"\b(lead_?model_[a-z_]+)\b")
SOURCES = [*(ROOT / "operator").rglob("*.py"), *(ROOT / "predictor").rglob("*.py")]
LABELS = 'namespace="sales",leadmodel="conversion",pod="conversion-1",feature="age"'


def test_every_symptom_has_a_row():
    assert set(ROWS) == set(SYMPTOMS)
    assert len(ROWS) >= 15


@pytest.mark.parametrize("name", SYMPTOMS)
def test_the_text_is_the_operators(name):
    assert message(SYMPTOMS[name](), name) == ROWS[name]


def test_a_condition_with_another_reason_is_seen():
    with pytest.raises(AssertionError):
        message(SYMPTOMS["Ready/RolledBack"](), "Ready/GateFailed")


def test_the_guide_has_its_sections():
    numbers = [int(n) for n in re.findall(r"^## (\d+)\. ", PAGE, re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= 13


def exported():
    """The names of metrics in the sources; a counter is declared without its end."""
    text = "\n".join(file.read_text() for file in SOURCES)
    declared = set(re.findall(r'"(lead_?model_[a-z_]+)"', text))
    return declared | {f"{name}_total" for name in declared}


def metrics_of(query):
    """The names of metrics in a query, of a histogram without the end of its series."""
    labels = {"lead_model", "leadmodel"}
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in NAME.findall(query)} - labels


@pytest.mark.parametrize("query", QUERIES)
def test_every_metric_of_a_query_is_exported(query):
    assert metrics_of(query)
    assert metrics_of(query) <= exported()


def samples(now):
    """Two hours of every metric in the queries, in OpenMetrics: counters rise, everything else stays."""
    lines = []
    for name in sorted({name for query in QUERIES for name in NAME.findall(query)} - {"leadmodel"}):
        ends = ['le="0.01"', 'le="+Inf"'] if name.endswith("_bucket") else ['code="200"', 'code="422"']
        for end in ends:
            labels = ",".join(filter(None, (LABELS, end)))
            rises = re.search("_(total|bucket)$", name) is not None
            for step in range(121):
                value = step if rises else now - 3600 if re.search("_(seconds|version)$", name) else 1
                lines.append(f"{name}{{{labels}}} {value} {now - 7200 + 60 * step}")
    return "\n".join([*lines, "# EOF", ""])


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory):
    """A real Prometheus that holds these samples; the address of its API, and the time of the newest sample."""
    folder, now = tmp_path_factory.mktemp("prometheus"), int(time.time()) // 60 * 60 - 60
    (folder / "samples").write_text(samples(now))
    made = [
        "promtool",
        "tsdb",
        "create-blocks-from",
        "openmetrics",
        str(folder / "samples"),
        str(folder / "data"),
    ]
    subprocess.run(made, check=True, capture_output=True, timeout=120)
    (folder / "prometheus.yml").write_text("{}\n")
    port = free_port()
    flags = (f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data")
    server = subprocess.Popen(
        ["prometheus", *flags, f"--web.listen-address=127.0.0.1:{port}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=2).close()
                break
            except OSError:
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}", now
    finally:
        server.terminate()
        server.wait(30)


def ask(prometheus, query):
    """The series that a query answers; an error of Prometheus fails."""
    address, now = prometheus
    what = urllib.parse.urlencode({"query": query, "time": now})
    with urllib.request.urlopen(f"{address}/api/v1/query?{what}", timeout=30) as answer:
        body = json.load(answer)
    assert body["status"] == "success"
    return body["data"]["result"]


@pytest.mark.slow
@pytest.mark.skipif(
    shutil.which("prometheus") is None, reason="Prometheus (Debian: prometheus) is not installed"
)
def test_every_query_runs_and_answers(prometheus):
    empty = [query for query in QUERIES if not ask(prometheus, query)]
    assert empty == []
    assert ask(prometheus, "leadmodel_no_such_metric") == []
    print(f"{len(QUERIES)} queries run")
