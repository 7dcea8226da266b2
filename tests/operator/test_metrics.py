"""Lines of the LeadModels' metrics can be read by any parser of the text format, whatever a label holds."""

from dataclasses import replace

from prometheus_client.parser import text_string_to_metric_families

from leadmodel_operator.kubernetes.process.model_metrics import ModelMetrics
from leadmodel_operator.planning.observed import Refusal, RefusalKind
from leadmodel_operator.planning.plan import plan
from leadmodel_operator.reconcile import Key
from leadmodel_operator.resource.status import BackfillResult
from worlds.leader import Leader
from worlds.programs import Truth
from worlds.situations import serving, upload_and_poll
from worlds.world import World

HOSTILE = 'a"b\\c\nd'


def test_a_label_with_quotes_backslashes_and_line_ends_is_read_back():
    world = World()
    Leader(world).settle()
    metrics = ModelMetrics()
    metrics.note(Key(HOSTILE, "conversion"), world.observed(), world.status)
    families = list(text_string_to_metric_families(metrics.text().decode()))
    samples = [sample for family in families for sample in family.samples]
    assert samples
    assert {sample.labels["namespace"] for sample in samples} == {HOSTILE}


def test_a_mode_of_a_backfill_adds_no_line():
    """Not even one that somebody wrote into status by hand."""
    world = World()
    Leader(world).settle()
    backfill = BackfillResult(mode='"} 1\nx{y="', last_success=world.now, scanned=1)
    metrics = ModelMetrics()
    metrics.note(Key("sales", "conversion"), world.observed(), replace(world.status, backfill=backfill))
    families = list(text_string_to_metric_families(metrics.text().decode()))
    modes = {s.labels["mode"] for family in families for s in family.samples if "mode" in s.labels}
    assert modes == {backfill.mode}
    assert all(family.name.startswith("leadmodel_") for family in families)


def samples_of(world: World, **seen: object) -> dict[str, list[tuple[dict[str, str], float]]]:
    """Read the metrics of a world as Prometheus does: labels besides the LeadModel's, and the value."""
    metrics, key = ModelMetrics(), Key("sales", "conversion")
    observed = replace(world.observed(), **seen)
    status = plan(observed).status
    metrics.note(key, observed, status)
    metrics.count_error(key)
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in text_string_to_metric_families(metrics.text().decode()):
        for sample in family.samples:
            labels = {k: v for k, v in sample.labels.items() if k not in {"namespace", "leadmodel"}}
            found.setdefault(sample.name, []).append((labels, sample.value))
    return found


def test_an_alert_can_be_written_for_a_source_that_does_not_answer():
    world, leader = serving(live=True)
    world.store_up = False
    world.poll_by_schedule()
    leader.settle()
    found = samples_of(world)
    assert found["leadmodel_poll_failures_in_a_row"] == [({"reason": "FetchRetrying"}, 1)]
    assert found["leadmodel_poll_last_success_timestamp_seconds"][0][1] < world.now.timestamp()
    assert ({"kind": "poll"}, 1) in found["leadmodel_job_failed"]
    assert ({"condition": "SourceReachable", "status": "false"}, 1) in found["leadmodel_status_condition"]


def test_an_alert_can_be_written_for_each_reason_of_stalled():
    world, _ = serving(live=True)
    refusal = Refusal(RefusalKind.QUOTA, "change deployments", "Deployment/conversion", "exceeded quota")
    found = samples_of(world, refused=(refusal,))
    assert found["leadmodel_stalled"] == [({"reason": "QuotaExceeded"}, 1)]
    assert found["leadmodel_refused_objects"] == [({"kind": "Quota"}, 1)]
    assert found["leadmodel_reconcile_errors_total"] == [({}, 1)]
    assert "leadmodel_stalled" not in samples_of(world)


def test_an_alert_can_be_written_for_age_leads_and_refused_candidates():
    world, leader = serving(live=True)
    upload_and_poll(world, "B", Truth(auc=0.6))
    leader.settle()
    found = samples_of(world)
    assert world.status is not None
    assert world.status.champion is not None
    assert found["leadmodel_champion_since_timestamp_seconds"] == [
        ({}, world.status.champion.since.timestamp())
    ]
    assert found["leadmodel_status_phase_since_timestamp_seconds"][0][1] <= world.now.timestamp()
    assert found["leadmodel_refused_candidates"] == [({}, 1)]
    assert found["leadmodel_drift_leads"][0][1] > 0
    assert {labels["kind"] for labels, _ in found["leadmodel_job_duration_seconds"]} == {"poll"}
