"""A real Prometheus scrapes a real predictor and the operator's own web server: every query of every dashboard works there.

The operator's process is its web server and metrics over LeadModels in memory, without an API server; the predictor is the program's
own server with real requests.
"""

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from monitoring.dashboards import DASHBOARDS
from monitoring.drawing import draw
from monitoring.queries import filled
from monitoring.rules import load, overridden
from prometheus_client import ProcessCollector

from leadmodel_operator.kubernetes.apiserver.access import Access
from leadmodel_operator.kubernetes.process.manager import Manager, Settings
from leadmodel_operator.kubernetes.process.web import serve
from leadmodel_operator.kubernetes.render.images import Images
from leadmodel_operator.planning.plan import plan
from leadmodel_operator.reconcile import Key
from leadmodel_operator.resource.status_jobs import BackfillResult
from leadmodel_operator.resource.vocabulary import PLURAL
from support.predictor_thread import Served, served
from support.prometheus import Prometheus, Target, running, static
from support.small_models import leads, linear
from worlds.programs import Truth
from worlds.situations import drifted, serving, upload_and_poll
from worlds.world import World

pytestmark = pytest.mark.slow
PANELS = [(panel, query) for board in DASHBOARDS for panel in board.panels() for query in panel.queries]


class Operator:
    """The operator's web server in a thread, and its metrics."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)

    def start(self) -> str:
        """Start, and return the address."""
        self.thread.start()
        return asyncio.run_coroutine_threadsafe(self._start(), self.loop).result(30)

    async def _start(self) -> str:
        access = Access("https://api.example", ssl.create_default_context())
        settings = Settings(Images("predictor:1", "", ""), "one")
        self.manager = Manager(access, settings, lambda: datetime.now(UTC))  # noqa: TID251  # a server of today
        self.manager.cache.synced.add((PLURAL, ""))  # as after the first list
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.runner = await serve(self.manager.health, "127.0.0.1", self.port)
        self.manager.health.lead(leading=True)
        return f"127.0.0.1:{self.port}"

    def leave(self) -> None:
        """Answer no more, as a process that is gone."""
        asyncio.run_coroutine_threadsafe(self.runner.cleanup(), self.loop).result(30)

    def listen(self) -> None:
        """Answer again."""
        serving_again = serve(self.manager.health, "127.0.0.1", self.port)
        self.runner = asyncio.run_coroutine_threadsafe(serving_again, self.loop).result(30)

    def stop(self) -> None:
        """Stop the server and its thread."""

        async def stop() -> None:
            await self.runner.cleanup()
            await self.manager.client.close()
            await self.manager.election.close()
            await self.manager.scraper.close()

        asyncio.run_coroutine_threadsafe(stop(), self.loop).result(30)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    def note(self, name: str, world: World) -> None:
        """Show a LeadModel as a pass over a world leaves it."""
        status = plan(world.observed()).status
        before = replace(world.observed(), status=replace(status, candidate=None, rollbacks=()))
        self.manager.model_metrics.note(Key("sales", name), before, status)
        for result in ("ok", "idle"):
            self.manager.metrics.ended(0.01, result)
        self.manager.metrics.began(0.01)
        self.manager.metrics.decisions.labels("Promoted").inc()
        self.manager.client.counts["GET", "200"] += 1


@dataclass
class Site:
    """Everything that runs: Prometheus, the operator and one predictor pod of sales/conversion."""

    prometheus: Prometheus
    operator: Operator
    predictor: Served

    def send(self, count: int, **changed: object) -> None:
        """Send leads, each with some fields changed."""
        for lead in leads(count, seed=3):
            assert self.predictor.ask("POST", "/predict", lead | changed).status == 200


def short(folder: Path) -> Path:
    """The rules with `for` of a second and a threshold of a day for the backfill, as the chart's overrides would write them."""
    overrides = {name: {"for": "1s"} for name in FAULTS} | {
        "LeadModelBackfillOverdue": {"for": "1s", "threshold": "86400"}
    }
    file = folder / "alerts.yaml"
    file.write_text(yaml.safe_dump(overridden(load(), overrides)))
    return file


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[Site]:
    folder, operator = tmp_path_factory.mktemp("prometheus"), Operator()
    with served(linear(), linear(0.1, name="older")) as predictor:
        address = operator.start()
        ProcessCollector(registry=predictor.model.metrics.registry)  # as the program does
        targets = [
            Target(address, {"namespace": "ops", "pod": "operator-1"}, honor=True),
            Target(
                f"127.0.0.1:{predictor.port}",
                {"namespace": "sales", "leadmodel": "conversion", "pod": "conversion-1"},
            ),
        ]
        with running(folder, static(targets, [short(folder)])) as prometheus:
            yield Site(prometheus, operator, predictor)
        operator.stop()


def healthy() -> World:
    return serving(live=True)[0]


def refused() -> World:
    world, leader = serving(live=True)
    upload_and_poll(world, "B", Truth(auc=0.6))
    leader.settle()
    return world


def test_every_query_of_every_dashboard_is_answered(site):
    """No query is an error, and what a serving LeadModel must show has data."""
    for turn in range(4):
        site.operator.note("conversion", refused() if turn == 0 else healthy())
        site.send(40)
        site.predictor.ask("POST", "/predict/batch", leads(30))
        site.prometheus.until(lambda prometheus, turn=turn: scraped(prometheus, 40 * (turn + 1)))
    silent = []
    for panel, query in PANELS:
        series = site.prometheus.query(plain(query.expr))
        if panel.must and not any(site.prometheus.query(plain(q.expr)) for q in panel.queries):
            silent.append((panel.title, query.expr))
        assert all("exported_namespace" not in one["metric"] for one in series)
    assert silent == []
    with pytest.raises(AssertionError, match="parse error"):  # the control: an error would be seen
        site.prometheus.query("sum(")


def scraped(prometheus: Prometheus, leads_sent: int) -> bool:
    (count,) = prometheus.query('sum(lead_model_score_count{endpoint="predict"})') or [{"value": (0, "0")}]
    return float(count["value"][1]) >= leads_sent


def plain(expression: str) -> str:
    return filled(expression, "10s")


def test_targets_answer_openmetrics_with_gzip(site):
    """What Prometheus asks for: its own scrape is packed and strict, and loses no series of ours."""
    assert {t["health"] for t in site.prometheus.until(lambda p: p.api("targets")["activeTargets"])} == {"up"}
    assert site.prometheus.query('leadmodel_info{namespace="sales",leadmodel="conversion"}')
    assert site.prometheus.query(
        'lead_model_auc{namespace="sales",leadmodel="conversion",pod="conversion-1"}'
    )


def age_backfill(site: Site, days: float) -> None:
    world = healthy()
    last = datetime.now(UTC) - timedelta(days=days)  # noqa: TID251  # Prometheus has the clock of today
    world.status = replace(world.status, backfill=BackfillResult(mode="Apply", last_success=last, scanned=9))
    site.operator.note("conversion", world)


FAULTS: dict[str, tuple[Callable[[Site], None], Callable[[Site], None]]] = {
    "LeadModelHighDrift": (
        lambda site: site.send(200, details="x" * 9000),
        lambda site: site.predictor.model.swap(site.predictor.model.slots, 0.0),
    ),
    "LeadModelRolledBack": (
        lambda site: site.operator.note("conversion", drifted()[0]),
        lambda site: site.operator.note("conversion", healthy()),
    ),
    "LeadModelGateFailed": (
        lambda site: site.operator.note("conversion", refused()),
        lambda site: site.operator.note("conversion", healthy()),
    ),
    "LeadModelBackfillOverdue": (lambda site: age_backfill(site, 9), lambda site: age_backfill(site, 0)),
    "LeadModelOperatorDown": (lambda site: site.operator.leave(), lambda site: site.operator.listen()),
}


@pytest.mark.parametrize("name", FAULTS)
def test_an_alert_fires_with_its_fault_and_ends_with_it(site, name):
    begin, end = FAULTS[name]
    end(site) if name != "LeadModelOperatorDown" else None
    site.prometheus.until(lambda prometheus: not prometheus.firing(name))
    begin(site)
    labels, *_ = site.prometheus.until(lambda prometheus: prometheus.firing(name))
    assert name == "LeadModelOperatorDown" or labels["leadmodel"] == "conversion"
    end(site)
    site.prometheus.until(lambda prometheus: not prometheus.firing(name))


@pytest.mark.parametrize("board", DASHBOARDS, ids=lambda board: board.uid)
def test_a_dashboard_is_drawn_from_the_answers(site, tmp_path, board):
    """As the pictures of the docs are; without answers the picture is another."""
    begin = time.time()
    site.operator.note("conversion", healthy())
    site.send(40)
    site.prometheus.until(lambda prometheus: prometheus.query("lead_model_drift_score"))
    queries = [query.expr for panel in board.panels() for query in panel.queries]
    answers = {q: site.prometheus.range(plain(q), begin - 10, time.time()) for q in queries}
    pictures = tmp_path / "answers.png", tmp_path / "nothing.png"
    draw(board, answers, pictures[0], "drawn in a test")
    draw(board, dict.fromkeys(queries, ()), pictures[1], "drawn in a test")
    assert all(picture.read_bytes().startswith(b"\x89PNG") for picture in pictures)
    assert pictures[0].stat().st_size > pictures[1].stat().st_size
