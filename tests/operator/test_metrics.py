"""Lines of the LeadModels' metrics can be read by any parser of the text format, whatever a label holds."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families

from leadmodel_operator.kubernetes.process.model_families import FAMILIES
from leadmodel_operator.kubernetes.process.model_metrics import ModelMetrics
from leadmodel_operator.kubernetes.process.model_rows import rows
from leadmodel_operator.kubernetes.process.turning_points import TurningPoints, counted
from leadmodel_operator.planning.challenger_place import RENDERING
from leadmodel_operator.planning.observed import Refusal, RefusalKind
from leadmodel_operator.planning.plan import plan
from leadmodel_operator.reconcile import Key
from leadmodel_operator.resource.conversion import dump, load
from leadmodel_operator.resource.status import Status
from leadmodel_operator.resource.status_jobs import BackfillResult
from leadmodel_operator.resource.status_models import Rollout
from leadmodel_operator.resource.vocabulary import Blocker, Command, Evidence, Reason
from worlds.controllers import finish_jobs, move_pods
from worlds.leader import Leader
from worlds.names import digest
from worlds.programs import Truth
from worlds.situations import champion, drifted, in_a_canary, serving, upload_and_poll
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


def asking() -> World:
    """A world in which A serves in pods that have a place for candidates, and none of them has B yet, which live leads do not fit."""
    world = World(rendering=RENDERING, live=True)
    world.upload("A", Truth())
    Leader(world).step(0.1)
    world.place.reach = 0
    world.retrain("B", Truth(drifts=True))
    Leader(world).step(0.01)
    world.place.reach = 2
    return world


def test_the_share_of_a_canary_is_a_metric_while_there_is_one():
    world, leader = in_a_canary()
    metrics = samples_of(world)
    assert metrics["leadmodel_canary_share"] == [({}, 0.1)]
    assert metrics["leadmodel_canary_step"] == [({}, 1)]
    world.commands[Command.PROMOTE] = digest("B")
    leader.step(0.1)
    assert not {"leadmodel_canary_share", "leadmodel_canary_step"} & set(samples_of(world))


def test_an_alert_can_be_written_for_pods_that_do_not_load_a_candidate():
    world = asking()
    since = ({"reason": "NotLoaded"}, world.status.challenger.since.timestamp())
    found = samples_of(world)
    assert found["leadmodel_live_gate_pending_since_timestamp_seconds"] == [since]
    assert "leadmodel_live_gate_psi" not in found
    Leader(world).step(0.1)
    found = samples_of(world)
    assert "leadmodel_live_gate_pending_since_timestamp_seconds" not in found
    psis = {labels["model"]: value for labels, value in found["leadmodel_live_gate_psi"]}
    assert psis["challenger"] > 0.25 > psis["champion"]
    assert found["leadmodel_live_gate_leads"][0][1] > 150


def test_a_verdict_of_live_leads_counts_once():
    world = asking()
    before = world.status
    Leader(world).step(0.1)
    name = ("leadmodel_live_gate_verdicts_total", "Fail", "UnlikeLiveLeads")
    assert (counts(before, world.status)[name], counts(before, before)[name]) == (1, 0)
    assert counts(world.status, world.status) == Counter()  # the control: a pass that changes nothing
    again = replace(world.status.challenger, decision=world.status.challenger.decision + 1)
    assert counts(world.status, replace(world.status, challenger=again))[name] == 1


def test_a_candidate_released_before_anybody_asked_has_no_verdict_to_count():
    """The control is one that live leads judged."""
    world, leader = drifted()
    before = replace(world.status, challenger=None)
    world.status = before
    world.commands[Command.RELEASE] = before.quarantine[0].digest
    leader.step(0.01)
    released = world.status.challenger
    assert (released.digest, released.verdict) == (before.quarantine[0].digest, None)
    assert live_verdicts(before, world.status) == []
    asked = asking()
    Leader(asked).step(0.1)
    judged = replace(before, challenger=asked.status.challenger)
    assert live_verdicts(before, judged) == [("Fail", "UnlikeLiveLeads")]


def live_verdicts(before: Status, after: Status) -> list[tuple[str, ...]]:
    name = "leadmodel_live_gate_verdicts_total"
    return [event[1:] for event in counted(before, after) if event[0] == name]


@pytest.fixture(scope="module")
def worlds() -> list[World]:
    """Worlds in which as many things as possible were seen: a rollback, a refusal, a withheld rollback, and nothing."""
    served_world, leader = serving(live=True)
    upload_and_poll(served_world, "B", Truth(auc=0.6))
    leader.settle()
    asked = asking()
    Leader(asked).step(0.1)
    return [World(), served_world, drifted()[0], asked, asking()]


def told(world: World) -> ModelMetrics:
    metrics = ModelMetrics()
    metrics.note(Key("sales", "conversion"), world.observed(), plan(world.observed()).status)
    return metrics


def test_samples_have_the_labels_of_their_family(worlds):
    seen = set()
    for world in worlds:
        for name, labels, _ in rows(world.observed(), plan(world.observed()).status):
            assert tuple(labels) == FAMILIES[name].labels
            seen.add(name)
    assert len(seen) > 25


def test_openmetrics_reads_what_text_reads(worlds):
    for world in worlds:
        metrics = told(world)
        strict = list(openmetrics_families(metrics.text(openmetrics=True).decode() + "# EOF\n"))
        plain = list(text_string_to_metric_families(metrics.text().decode()))
        assert [s for f in strict for s in f.samples] == [s for f in plain for s in f.samples]
        assert {f.type for f in strict} <= {"gauge", "counter"}


def counts(before: Status | None, after: Status) -> Counter[tuple[str, ...]]:
    return Counter(counted(before, after))


def test_a_rollback_counts_once():
    world, _ = drifted()
    status = world.status
    assert status is not None
    name = ("leadmodel_rollbacks_total", "DriftSustained")
    assert counts(replace(status, rollbacks=()), status)[name] == 1
    assert counts(status, status) == Counter()  # the control: a pass that changes nothing counts nothing


def test_a_withheld_rollback_counts_when_the_rule_comes():
    world, _ = drifted()
    assert world.status is not None
    assert world.status.drift is not None
    free = replace(world.status, drift=replace(world.status.drift, blocker=None))
    held = replace(free, drift=replace(world.status.drift, blocker=Blocker.COOLDOWN))
    name = ("leadmodel_rollbacks_withheld_total", "Cooldown")
    assert counts(free, held)[name] == 1
    assert counts(held, held) == Counter()
    assert dict(rows_of(held, world))["leadmodel_rollback_withheld"] == {"reason": "Cooldown"}


def rows_of(status: Status, world: World) -> list[tuple[str, dict[str, str]]]:
    return [(name, labels) for name, labels, _ in rows(world.observed(), status)]


def drifts_alone() -> tuple[World, Leader]:
    """A world in which leads drift from the only model there is, for longer than a breach must last."""
    world = World()
    world.upload("A", Truth(drifts=True))
    leader = Leader(world)
    leader.settle()
    world.live = True
    for _ in range(8):
        leader.step(0.1)
    return world, leader


def test_a_withheld_rollback_names_its_rule_as_long_as_the_breach_stands():
    world, leader = drifts_alone()
    found = samples_of(world)
    assert found["leadmodel_rollback_withheld"] == [({"reason": "NoPreviousModel"}, 1)]
    world.upload("A", Truth(drifts=False))  # the leads are as they were
    for _ in range(8):
        leader.step(0.1)
    assert "leadmodel_rollback_withheld" not in samples_of(world)


def test_a_breach_that_an_older_operator_reported_gets_its_blocker():
    """Its status has a verdict and no blocker; who looks at metrics or alerts would see no reason as long as the breach stands."""
    world, leader = drifts_alone()
    document = dump(world.status)
    del document["drift"]["blocker"]
    world.status, reported = load(Status, document), len(world.events)
    assert (world.status.drift.verdict != "", world.status.drift.blocker) == (True, None)
    assert "leadmodel_rollback_withheld" not in dict(rows_of(world.status, world))
    leader.step(0.1)
    assert samples_of(world)["leadmodel_rollback_withheld"] == [({"reason": "NoPreviousModel"}, 1)]
    assert "there is no previous model" in world.status.drift.verdict
    assert world.events[reported:] == []  # it was reported already


MEASURED = "leadmodel_drift_last_measured_timestamp_seconds"


def measured_at(metrics: ModelMetrics) -> float:
    families = text_string_to_metric_families(metrics.text().decode())
    return next(sample.value for family in families for sample in family.samples if sample.name == MEASURED)


@pytest.mark.parametrize("remembers", [True, False], ids=["measured", "control: only status tells"])
def test_figures_that_stay_as_they_are_count_as_measured(remembers):
    """An idle LeadModel causes no writes, so the time in status is that of its last change: an alert would never end."""
    world, leader = serving(live=True)
    metrics, key = ModelMetrics(), Key("sales", "conversion")
    for _ in range(20):
        leader.step(0.2)
        if not remembers:
            metrics.forget(key)
        seen = replace(world.observed(), scraped=remembers)
        metrics.note(key, seen, plan(seen).status)
    assert world.status.drift.evidence is Evidence.PASS
    assert (world.now.timestamp() - measured_at(metrics) < 600) is remembers


def test_pods_that_do_not_answer_are_not_measured():
    world, _ = serving(live=True)
    metrics, key, began = ModelMetrics(), Key("sales", "conversion"), world.now.timestamp()
    for evidence in (Evidence.PASS, Evidence.UNAVAILABLE):
        drift = replace(world.status.drift, evidence=evidence, at=world.now)
        metrics.note(key, replace(world.observed(), scraped=True), replace(world.status, drift=drift))
        world.now += timedelta(hours=2)
    assert measured_at(metrics) == pytest.approx(began, abs=1)


def test_a_verdict_and_its_time_count_once():
    world, leader = serving(live=True)
    upload_and_poll(world, "B", Truth(auc=0.6))
    leader.settle()
    judged = world.status
    assert judged is not None
    assert judged.candidate is not None
    running = replace(
        judged,
        candidate=replace(judged.candidate, verdict=None, since=world.now - timedelta(seconds=20)),
    )
    points = TurningPoints()
    for before in (running, judged):  # the second one changes nothing
        points.observe(replace(world.observed(), status=before), judged)
    assert counts(running, judged) == {("leadmodel_gate_verdicts_total", "Fail", "AucBelowMinimum"): 1}
    assert counts(judged, judged) == Counter()
    assert buckets(points, "leadmodel_validation_duration_seconds", "Fail") == {"10.0": 0, "30.0": 1}


def test_a_verdict_counts_where_the_promotion_follows_in_the_same_pass():
    """The bytes of A are still kept when the source returns to A."""
    world, leader = serving(live=True)
    upload_and_poll(world, "B", Truth(auc=0.8))
    leader.settle()
    upload_and_poll(world, "A", Truth(auc=0.9))
    points, verdicts = TurningPoints(), Counter[tuple[str, ...]]()
    for _ in range(30):
        seen = world.observed()
        after = plan(seen).status
        verdicts += counts(seen.status, after)
        points.observe(seen, after)
        leader.run()
        finish_jobs(world)
        move_pods(world)
        world.now += timedelta(seconds=2)
    assert champion(world) == "A"
    assert verdicts == {
        ("leadmodel_gate_verdicts_total", "Pass", "GatePassed"): 1,
        ("leadmodel_live_gate_verdicts_total", "Insufficient", "NotMounted"): 1,
    }
    assert buckets(points, "leadmodel_validation_duration_seconds", "Pass")["30.0"] == 1


@pytest.mark.parametrize("result", ["done", "failed"])
def test_a_rollout_and_its_time_count_once(result):
    world, _ = drifted()
    status = world.status
    assert status is not None
    assert status.champion is not None
    to = status.champion.digest if result == "done" else "sha256:" + "0" * 64
    rollout = Rollout(to=to, since=world.now - timedelta(seconds=20), reason=Reason.PROMOTED)
    points = TurningPoints()
    for before in (replace(status, rollout=rollout), status):
        points.observe(replace(world.observed(), status=before), status)
    assert buckets(points, "leadmodel_rollout_duration_seconds", result) == {"10.0": 0, "30.0": 1}


def buckets(points: TurningPoints, name: str, result: str) -> dict[str, float]:
    return {
        s.labels["le"]: s.value
        for family in points.collect()
        for s in family.samples
        if s.name == f"{name}_bucket" and s.labels["result"] == result and s.labels["le"] in {"10.0", "30.0"}
    }


def test_counters_of_a_new_lead_model_begin_with_zero():
    found = samples_of(World())
    assert ({"reason": "DriftSustained"}, 0) in found["leadmodel_rollbacks_total"]
    assert found["leadmodel_reconcile_errors_total"] == [({}, 1)]


def number_of_models(metrics: ModelMetrics) -> list[float]:
    return [
        sample.value
        for family in metrics.collect()
        for sample in family.samples
        if family.name == "leadmodel_models"
    ]


def test_the_number_of_lead_models_is_absent_until_all_are_listed():
    """A new leader has made no pass yet; a zero of it would read as an empty fleet."""
    metrics, world = ModelMetrics(), World()
    metrics.listed = lambda: None
    assert number_of_models(metrics) == []
    metrics.listed = lambda: 3
    assert number_of_models(metrics) == [3]
    Leader(world).settle()
    metrics.note(Key("sales", "conversion"), world.observed(), world.status)
    metrics.listed = lambda: 0  # the cache holds none that is over its limit
    assert number_of_models(metrics) == [1]
