"""What operator, kubelet and Prometheus ask a pod. None of the answers holds a lead, a person or an address."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import prometheus_client as prometheus
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from leadmodel_followup.ledger.errors import LedgerUnavailable
from leadmodel_followup.ledger.ledger import Ledger
from leadmodel_messages.followups_report import LEDGER_OK, FollowUpsProblem, FollowUpsReport, dump

Problems = Callable[
    [], tuple[str | None, tuple[FollowUpsProblem, ...]]
]  # digest of the templates, what is wrong


@dataclass(frozen=True)
class Ops:
    """Answers for one plan.

    Attributes:
        ledger: The tenant's ledger.
        digest: Digest of the settings.
        arms: Arms of experiments whose counts are reported.
        problems: Gives the digest of the templates and what is wrong with settings, templates and secrets.
        registry: Metrics of all processes of the pod.
        now: Milliseconds UTC.
    """

    ledger: Ledger
    digest: str
    arms: tuple[str, ...]
    problems: Problems
    registry: prometheus.CollectorRegistry
    now: Callable[[], int]

    def routes(self) -> list[Route]:
        """Routes without a token."""
        return [
            Route("/healthz", self.live),
            Route("/readyz", self.ready),
            Route("/metrics", self.metrics),
            Route("/ops/followups", self.report),
        ]

    def live(self, _: Request) -> Response:
        """Answer as long as the process answers at all."""
        return PlainTextResponse("ok")

    def ready(self, _: Request) -> Response:
        """Answer whether the ledger can be reached."""
        try:
            self.ledger.overview()
        except LedgerUnavailable:
            return PlainTextResponse("the ledger does not answer", 503)
        return PlainTextResponse("ok")

    def metrics(self, _: Request) -> Response:
        """Metrics in the format of Prometheus."""
        return Response(generate_latest(self.registry), media_type=CONTENT_TYPE_LATEST)

    def report(self, _: Request) -> Response:
        """The report of this pod, which the operator reads."""
        templates, problems = self.problems()
        try:
            seen, arms = self.ledger.overview(), self.ledger.arms(self.arms)
        except LedgerUnavailable as error:
            return JSONResponse(dump(FollowUpsReport(self.digest, templates, problems, str(error))))
        report = FollowUpsReport(
            settings=self.digest,
            templates=templates,
            problems=problems,
            ledger=LEDGER_OK,
            waiting=seen.waiting,
            open=seen.open,
            unknown=seen.unknown,
            oldest_due_ms=seen.oldest_due_ms,
            sent_24h=seen.sent_24h,
            failed_24h=seen.failed_24h,
            arms=arms,
        )
        return JSONResponse(dump(report))


@dataclass(frozen=True)
class LedgerCollector:
    """Gauges of the ledger, looked up when Prometheus asks; none where the ledger does not answer."""

    ledger: Ledger
    now: Callable[[], int]
    arms: tuple[str, ...] = ()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """What waits, what is open, what is unknown, how late the oldest is, and the leads of each arm."""
        try:
            seen, arms = self.ledger.overview(), self.ledger.arms(self.arms)
        except LedgerUnavailable:
            return
        late_ms = self.now() - (seen.oldest_due_ms if seen.oldest_due_ms is not None else self.now())
        gauges = {
            "waiting": ("Follow-ups of the plan that wait.", seen.waiting),
            "open": ("Attempts without an outcome.", seen.open),
            "unknown": ("Follow-ups of which nobody knows whether they were sent.", seen.unknown),
            "oldest_due_seconds": ("How long the oldest that waits is due.", max(late_ms, 0) / 1000),
        }
        for name, (meaning, value) in gauges.items():
            yield GaugeMetricFamily(f"leadmodel_followup_{name}", meaning, value)
        leads = GaugeMetricFamily(
            "leadmodel_followup_arm_leads",
            "Leads of each arm of an experiment since it began, by what became of them.",
            labels=("arm", "reached"),
        )
        for one in arms:
            for reached, count in one.counts.items():
                leads.add_metric((one.arm, reached), count)
        yield leads
