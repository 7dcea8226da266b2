"""A real Prometheus scrapes real pods as the chart says: five alerts fire with real faults and end with them, and dashboards show it.

The tests are one story of one LeadModel that gets leads all the time, in this order; each leaves it as healthy as it was.
"""

import contextlib
import os
import time
import urllib.error
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from monitoring.counts import summary
from monitoring.dashboards import DASHBOARDS
from monitoring.drawing import draw
from monitoring.queries import filled
from monitoring.rules import ROOT

from e2e.harness.cluster import HELM_NAMESPACE, HELM_RELEASE, Cluster
from e2e.harness.conversations import Conversations
from e2e.harness.leads import replace, some
from e2e.harness.load import Load, post
from e2e.harness.models import Model
from e2e.harness.monitoring import VALUES, watching
from e2e.harness.senders import Senders, lasting
from e2e.harness.store import Store
from e2e.harness.subject import Subject
from scenarios.callers import Callers, enrich_url
from scenarios.text_goods import better_text, held, text_holdout, texts
from support.prometheus import Prometheus

pytestmark = [pytest.mark.monitoring, pytest.mark.alone]
NAMES = ("conversion", "renewal", "upsell")


@dataclass
class Site:
    """What runs: the LeadModel, who watches it, who sends it leads, and what its backfill reads."""

    prometheus: Prometheus
    subject: Subject
    load: Load
    conversations: Conversations
    senders: Senders
    began: float

    def firing(self, alert: str) -> list[dict[str, str]]:
        """The labels of each alert of this name that fires for this LeadModel or for the operator."""
        whose = {(self.subject.namespace, self.subject.name), (HELM_NAMESPACE, None), (None, None)}
        firing = self.prometheus.firing(alert)
        return [found for found in firing if (found.get("namespace"), found.get("leadmodel")) in whose]

    def raised(self, alert: str) -> dict[str, str]:
        """The labels of an alert, once it fires."""
        return self.subject.wait(f"{alert} fires", lambda: self.firing(alert))[0]

    @contextlib.contextmanager
    def silent_around(self, alert: str) -> Iterator[None]:
        """Before a fault and after its end the alert does not fire."""
        began = time.monotonic()
        assert not self.firing(alert)
        yield
        self.subject.wait(f"{alert} ends", lambda: not self.firing(alert))
        print(f"\n{alert}: silent, firing, silent again in {time.monotonic() - began:.0f} s")


def spec(subject: Subject, conversations: Conversations, senders: Senders) -> dict[str, Any]:
    """What the story needs: a rollback at once, a backfill, a retraining whose leads are too few, a text model, and follow-ups."""
    follow_ups = senders.spec
    later = {"name": "second", "after": "1h", "channel": "console", "template": "hello"}
    follow_ups["bands"][0]["steps"].append(later)
    leads, text, messages = (
        f"/{subject.namespace}/{name}" for name in ("leads.csv", "text.json", "messages.jsonl")
    )
    subject.store.files |= {leads: b"age,y\n40,yes\n30,no\n", text: better_text(), messages: text_holdout()}
    return {
        "enrichment": {
            "artifact": {"uri": subject.store.uri(text)},
            "holdout": {"uri": subject.store.uri(messages)},
            "minMacroF1": 0.55,
        },
        "followUps": follow_ups,
        "rollback": {"maxPreviousPsi": 0.2, "cooldown": "0s"},
        "piiBackfill": {**conversations.spec, "mode": "Apply"},
        "retraining": {"leads": {"uri": subject.store.uri(leads)}, "label": "y"},
    }


@pytest.fixture(scope="module")
def site(
    cluster: Cluster,
    operator: None,
    store: Store,
    good: Model,
    worse: Model,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    """A champion that live leads have spoken for, watched from before its first pod, and two neighbours: one serves, one never will."""
    namespace, conversations = f"sales-{uuid.uuid4().hex[:4]}", Conversations()
    subject, renewal, upsell = (Subject(cluster, store, namespace, name) for name in NAMES)
    senders = Senders(subject, Conversations().port)
    began = time.time()
    try:
        cluster.kubectl("create", "namespace", namespace)
        conversations.make_secret(subject)
        senders.make_secrets()
        with (
            lasting(senders.port, tmp_path_factory.mktemp("ledger")),
            watching(cluster, tmp_path_factory.mktemp("prometheus")) as prometheus,
        ):
            for neighbour, model in ((renewal, good), (upsell, worse)):
                neighbour.put(model)
                neighbour.apply(predictor={"replicas": 1})
            subject.serve(good, **spec(subject, conversations, senders))
            subject.run_now("retraining", "tonight")
            written = [{"text": text} for text in texts(held())]
            with (
                Load(subject.url(), some(good, 400), threads=1) as load,
                Callers({enrich_url(subject.url()): written}),
            ):
                subject.wait("proven", lambda: subject.status()["champion"].get("provenAt"))
                subject.until("EnrichmentHealthy", "True", "Serving")
                subject.until("FollowUpsHealthy", "True", "Healthy", 180)
                yield Site(prometheus, subject, load, conversations, senders, began)
    finally:
        cluster.kubectl("delete", "namespace", namespace, "--ignore-not-found", "--wait=false")


def test_the_chart_decides_what_is_scraped(site: Site):
    """Port, path, labels and dropped series are the monitors'; pods of Jobs and of others are no targets."""

    def up() -> set[str]:
        series = site.prometheus.query("up == 1")
        return {one["metric"]["pod"] for one in series if "pod" in one["metric"]}

    subject = site.subject
    operators = subject.cluster.items("pods", HELM_NAMESPACE, "app.kubernetes.io/name=leadmodel-operator")
    wanted = {pod["metadata"]["name"] for pod in [*operators, *subject.pods()]}
    subject.wait("all are scraped", lambda: wanted <= up())
    everything = site.prometheus.query('{__name__=~".+",pod!=""}')
    assert {one["metric"]["cluster"] for one in everything} == {"e2e"}
    names = {one["metric"]["__name__"] for one in everything}
    assert not [name for name in names if name.startswith("python_gc_")]
    assert "python_info" in names, "control: its neighbours are there"
    assert not [one for one in everything if "exported_namespace" in one["metric"]]
    where = f'namespace="{subject.namespace}",leadmodel="{subject.name}"'
    assert len(site.prometheus.query(f"lead_model_auc{{{where}}}")) == len(subject.pods())
    assert site.prometheus.query(f"leadmodel_gate_auc{{{where}}}")


def test_batches_and_a_refused_lead_are_counted(site: Site, good: Model):
    """Each answer is in the predictors' figures, a refusal by its status."""
    batch = site.load.url + "/batch"
    with pytest.raises(urllib.error.HTTPError, match="422"):
        post(site.load.url, {"age": {"years": 40}})

    def counted(code: str, endpoint: str) -> bool:
        post(batch, some(good, 50))
        where = f'namespace="{site.subject.namespace}",code="{code}",endpoint="{endpoint}"'
        return bool(site.prometheus.query(f"lead_model_requests_total{{{where}}} > 0"))

    site.subject.wait("batches are counted", lambda: counted("200", "batch"))
    site.subject.wait("the refused lead is counted", lambda: counted("422", "predict"))


def test_follow_ups_are_counted(site: Site):
    """Messages leave, one ends for want of consent, and a person becomes a customer; the figures stand behind the LeadModel's name."""
    subject, senders, handed_in = site.subject, site.senders, list[int]()

    def counted(name: str, at_least: int = 1) -> bool:
        where = f'namespace="{subject.namespace}",leadmodel="{subject.name}"'
        return bool(site.prometheus.query(f"sum(leadmodel_followup_{name}_total{{{where}}}) >= {at_least}"))

    def hand_in() -> int:
        handed_in.append(len(handed_in))
        senders.insist(handed_in[-1])
        return handed_in[-1]

    def sends() -> bool:
        hand_in()
        return counted("sent")

    def withdraws() -> bool:
        senders.withdraw(hand_in())
        return counted("suppressed")

    def converts() -> bool:
        senders.convert(0)
        return counted("converted")

    subject.wait("messages counted", sends)
    subject.wait("all of them counted", lambda: counted("sent", len(handed_in)))
    for goal, ready in (("a consent that went", withdraws), ("a customer", converts)):
        subject.wait(f"{goal} counted", ready)
    subject.wait("status has them", lambda: (subject.status().get("followUps") or {}).get("sent24h"))


def test_a_rollback(site: Site, good: Model, broken: Model, better: Model):
    """A model trained on a broken export is taken out; then a sound one comes. Leads that moved before would keep the operator from it."""
    with site.silent_around("LeadModelRolledBack"):
        replace(site.subject, broken)
        labels = site.raised("LeadModelRolledBack")
        assert site.subject.champion() == good.digest
        replace(site.subject, better)
    assert labels["leadmodel"] == site.subject.name


def likely(model: Model, count: int) -> list[dict[str, Any]]:
    """The real leads that this model thinks most of."""
    order = sorted(range(len(model.predicted)), key=model.predicted.__getitem__)[-count:]
    leads = list(model.leads())
    return [leads[number] for number in order]


def test_drifted_leads(site: Site, better: Model):
    """A campaign brings only leads of one kind; then the usual ones come again."""
    usual = site.load.leads
    with site.silent_around("LeadModelHighDrift"):
        site.load.leads = likely(better, 200)
        labels = site.raised("LeadModelHighDrift")
        site.load.leads = usual
    assert labels["pod"] in {pod["metadata"]["name"] for pod in site.subject.pods()}


def test_a_refused_model(site: Site, better: Model, worse: Model):
    """An artifact below minAuc is refused; then the source holds the champion again."""
    with site.silent_around("LeadModelGateFailed"):
        site.subject.put(worse, holdout=better.holdout)
        site.subject.poll()
        labels = site.raised("LeadModelGateFailed")
        assert site.subject.condition("Validated") == ("False", "AucBelowMinimum")
        site.subject.put(better)
        site.subject.poll()
    assert labels["leadmodel"] == site.subject.name


def test_an_overdue_backfill(site: Site, tmp_path_factory: pytest.TempPathFactory):
    """Redis goes away after a verified run, so that the next one comes too late."""
    subject, folder, alert = site.subject, tmp_path_factory.mktemp("redis"), "LeadModelBackfillOverdue"
    with site.conversations.running(folder):
        subject.run_now("backfill", "verified")
        subject.wait("a verified run", lambda: not site.firing(alert))
    with site.silent_around(alert):
        subject.run_now("backfill", "late")
        labels = site.raised(alert)
        with site.conversations.running(folder):
            subject.wait("a verified run", lambda: not site.firing(alert))
    assert labels["leadmodel"] == subject.name


def test_no_operator(site: Site):
    """It is scaled to nothing and back; pods go on answering meanwhile."""
    cluster = site.subject.cluster
    scale = ("scale", "deployment", HELM_RELEASE, "-n", HELM_NAMESPACE)
    before = cluster.get("deployment", HELM_RELEASE, HELM_NAMESPACE)
    assert before is not None
    with site.silent_around("LeadModelOperatorDown"):
        cluster.kubectl(*scale, "--replicas=0")
        try:
            site.raised("LeadModelOperatorDown")
        finally:
            cluster.kubectl(*scale, f"--replicas={before['spec']['replicas']}")
    assert site.load.failures == []


# --- what the dashboards show of this story ------------------------------------------------------------------------------------

FAULTS = set(VALUES["prometheusRule"]["overrides"])
ONE_MODEL = "leadmodel-model"
MAY_BE_EMPTY = {
    "Jobs that wait": "a pod may start between two scrapes",
    "Shares of what was sent": "Console hears of no delivery",
    "Refused webhooks a second": "no provider calls back here",
    "Leads that the candidate was given": "no candidate is checked against live leads here",
    "Shares of live leads": "no candidate is checked against live leads here",
    "Share of a canary": "no candidate goes through steps here",
    "Seconds per answer of a canary": "no candidate goes through steps here",
    "Step of a canary": "no candidate goes through steps here",
    "Leads of a canary a second": "no candidate goes through steps here",
    "Verdicts of live leads": "no candidate is checked against live leads here",
}
CAPTION = (
    "Drawn by matplotlib from a Prometheus that scraped real pods of a test on a real cluster; no screenshot of Grafana."
    " Faults were made one after another: a rollback, drifted leads, a refused model, a late backfill, no operator."
)


def has_data(found: list[dict[str, Any]]) -> bool:
    """Whether a series has a number at any instant."""
    return any(value != "NaN" for series in found for _, value in series["values"])


def test_every_query_of_every_dashboard_is_answered(site: Site, tmp_path: Path):
    """No query is an error, and every panel but a few shows something of the story. LEADMODEL_RENEW=1 draws the pictures of the docs."""
    now, one = time.time(), {"namespace": site.subject.namespace, "leadmodel": site.subject.name}
    answers = {
        (board.uid, query.expr): site.prometheus.range(
            filled(query.expr, "10s", **(one if board.uid == ONE_MODEL else {})), site.began, now
        )
        for board in DASHBOARDS
        for panel in board.panels()
        for query in panel.queries
    }
    panels = [(board, panel) for board in DASHBOARDS for panel in board.panels()]
    empty = {
        panel.title
        for board, panel in panels
        if not any(has_data(answers[board.uid, query.expr]) for query in panel.queries)
    }
    assert empty <= set(MAY_BE_EMPTY) <= {panel.title for _, panel in panels}
    with pytest.raises(AssertionError, match="parse error"):  # the control: an error would be seen
        site.prometheus.range("sum(", site.began, now)
    folder = ROOT / "docs" / "pictures" if os.environ.get("LEADMODEL_RENEW") else tmp_path
    for board in DASHBOARDS:
        own = {expr: found for (uid, expr), found in answers.items() if uid == board.uid}
        draw(board, own, folder / f"{board.uid}.png", CAPTION)
    fired = f'count by (alertname) (count_over_time(ALERTS{{alertstate="firing"}}[{int(now - site.began)}s]))'
    names = {series["metric"]["alertname"] for series in site.prometheus.query(fired)}
    assert names >= FAULTS
    with_data = sum(map(has_data, answers.values()))
    notes = {
        "alerts": f"{len(FAULTS)} of them raised and ended by a fault here",
        "queries": f"{with_data} of {len(answers)} with data",
    }
    print(f"\n{summary(notes)}; the story took {now - site.began:.0f} s")
