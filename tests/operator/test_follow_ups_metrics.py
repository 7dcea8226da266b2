"""Metrics of follow-ups: what each pass says of them, with the reason where something is wrong, and that a pod cannot add labels."""

from dataclasses import replace

from prometheus_client.parser import text_string_to_metric_families

from leadmodel_messages.followups_report import FollowUpsProblem, FollowUpsReport
from leadmodel_operator.kubernetes.process.model_metrics import ModelMetrics
from leadmodel_operator.planning.followup_settings import settings_digest, settings_document
from leadmodel_operator.planning.observed import FollowUpsPod, FollowUpsSeen, Observed
from leadmodel_operator.planning.plan import plan
from leadmodel_operator.resource.conversion import load
from leadmodel_operator.resource.spec_followups import FollowUps
from worlds.fuzzed_specs import FOLLOW_UPS
from worlds.names import KEY, START, spec

SPEC = load(FollowUps, FOLLOW_UPS)
REPORT = FollowUpsReport(
    settings_digest(settings_document(KEY.namespace, KEY.name, SPEC)),
    waiting=3,
    unknown=1,
    oldest_due_ms=int(START.timestamp() * 1000),
    sent_24h=12,
    failed_24h=2,
)


def samples_of(
    report: FollowUpsReport | None, *, wanted: bool = True
) -> dict[str, tuple[dict[str, str], float]]:
    """Read the metrics of follow-ups as Prometheus does: labels besides the LeadModel's, and the value."""
    pod = FollowUpsPod("sender", ready=True, report=report)
    seen = Observed(
        now=START,
        rv="1",
        generation=1,
        spec=spec(follow_ups=SPEC if wanted else None),
        name=KEY.name,
        namespace=KEY.namespace,
        follow_ups=FollowUpsSeen((pod,), present=True, asked=report is not None),
    )
    metrics = ModelMetrics()
    metrics.note(KEY, seen, plan(seen).status)
    own = {"namespace", "leadmodel"}
    return {
        sample.name.removeprefix("leadmodel_followups_"): (
            {k: v for k, v in sample.labels.items() if k not in own},
            sample.value,
        )
        for family in text_string_to_metric_families(metrics.text().decode())
        for sample in family.samples
        if sample.name.startswith("leadmodel_followups_")
    }


def test_pods_that_send_have_their_figures():
    assert samples_of(REPORT) == {
        "pods_ready": ({}, 1),
        "waiting": ({}, 3),
        "unknown": ({}, 1),
        "oldest_due_timestamp_seconds": ({}, START.timestamp()),
        "sent_24h": ({}, 12),
        "failed_24h": ({}, 2),
    }


def test_what_is_wrong_can_be_alerted_on_by_its_reason_alone():
    problem = FollowUpsProblem("templates/hello.en.txt", 'reason="x"} 1\nleadmodel_forged 1')
    found = samples_of(replace(REPORT, problems=(problem,)))
    assert found["unhealthy"] == ({"reason": "TemplatesInvalid"}, 1)
    assert all(set(labels) <= {"reason"} for labels, _ in found.values())


def test_figures_that_nobody_reported_are_none():
    assert samples_of(None) == {"pods_ready": ({}, 1)}


def test_without_follow_ups_there_is_no_line():
    assert samples_of(REPORT, wanted=False) == {}
