"""Text models beside the lead-scoring model: judged, served, taken back, and never a reason to touch the champion."""

from dataclasses import replace
from datetime import timedelta

import pytest

from leadmodel_messages import text_report, text_training
from leadmodel_messages.text_training import TextTrainingAnswer
from leadmodel_operator.planning import text_check, text_pods
from leadmodel_operator.planning.observed import JobKind
from leadmodel_operator.planning.plan import plan
from leadmodel_operator.resource.spec_enrichment import MessagesSource, TextTraining
from leadmodel_operator.resource.vocabulary import Command, EventReason, Evidence, Reason
from worlds.controllers import end_job, fail_jobs, finish_jobs
from worlds.invariants import Broken
from worlds.leader import Leader
from worlds.names import digest
from worlds.programs import Ending
from worlds.situations import serving
from worlds.text_situations import count, healthy, pin_text, text_letters, texts, upload_text, with_text
from worlds.texts import TextTruth, check_report, enrichment
from worlds.world import World

WORSE, BETTER = TextTruth(macro_f1=0.7), TextTruth(macro_f1=0.8)
WEAK, BROKEN = TextTruth(macro_f1=0.5), TextTruth(loads=False)


def test_a_text_model_that_passes_is_loaded_by_every_pod():
    world, _ = with_text()
    assert text_letters(world) == ("a", "a", ["a", "a"])
    assert healthy(world) == "True Serving"
    known = texts(world)
    assert (known.ready_pods, known.figures.macro_f1, known.abstained) == (2, 0.75, 0.5)
    assert count(world, EventReason.ENRICHMENT_PROMOTED) == 1


def test_a_better_one_takes_over_and_the_one_before_is_kept():
    world, leader = with_text()
    upload_text(world, leader, "b", BETTER)
    assert text_letters(world) == ("b", "b", ["b", "b"])
    assert (texts(world).previous, world.texts.snapshots) == (digest("a"), {digest("a"), digest("b")})
    upload_text(world, leader, "c", BETTER)
    assert world.texts.snapshots == {digest("b"), digest("c")}


REFUSALS = {
    "worse": (TextTruth(macro_f1=0.72), Reason.WORSE_THAN_SERVING),
    "weak": (WEAK, Reason.MACRO_F1_BELOW_MINIMUM),
    "no scope": (TextTruth(scope_auroc=0.6), Reason.SCOPE_AUROC_BELOW_MINIMUM),
    "uncalibrated": (TextTruth(ece=0.2), Reason.CALIBRATION_ERROR_TOO_LARGE),
    "no intents": (TextTruth(heads=("urgency",)), Reason.HEAD_MISSING),
    "no English": (TextTruth(languages=("de",)), Reason.LANGUAGE_MISSING),
    "no text model": (TextTruth(readable=False), Reason.SCHEMA_MISMATCH),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_text_model_below_a_limit_is_refused_and_the_serving_one_stays(case):
    truth, reason = REFUSALS[case]
    world, leader = with_text(languages=("en",))
    upload_text(world, leader, "b", truth)
    candidate = texts(world).candidate
    assert (candidate.digest, candidate.verdict, candidate.reason) == (digest("b"), Evidence.FAIL, reason)
    assert text_letters(world) == ("a", "a", ["a", "a"])
    assert healthy(world) == "False EnrichmentRejected"
    for _ in range(3):
        leader.step(1.1)
    assert count(world, EventReason.ENRICHMENT_REJECTED) == 1, "each look at the source finds the same"


def without_gate(monkeypatch) -> None:
    """Let every report pass."""
    real = text_check.judge_text

    def passes(*args):
        return replace(real(*args), evidence=Evidence.PASS, reason=Reason.GATE_PASSED)

    monkeypatch.setattr(text_check, "judge_text", passes)


@pytest.mark.parametrize("case", ["worse", "no scope", "uncalibrated"])
def test_control_without_the_gate_it_would_serve(case, monkeypatch):
    without_gate(monkeypatch)
    world, leader = with_text()
    upload_text(world, leader, "b", REFUSALS[case][0])
    assert texts(world).digest == digest("b")


def test_control_without_the_gate_a_weak_one_breaks_the_rules_of_the_world(monkeypatch):
    without_gate(monkeypatch)
    world, leader = with_text()
    with pytest.raises(Broken, match="only a text model that passed"):
        upload_text(world, leader, "b", WEAK)


def test_without_messages_of_no_intent_the_scope_is_not_judged():
    world, _ = with_text(TextTruth(scope_auroc=None))
    assert texts(world).digest == digest("a")


def test_too_few_messages_decide_nothing():
    world, leader = with_text()
    world.texts.rows = 12
    upload_text(world, leader, "b", BETTER)
    assert texts(world).candidate.verdict is Evidence.INSUFFICIENT
    assert (text_letters(world)[0], healthy(world)) == ("a", "False HoldoutTooSmall")
    world.texts.rows = 400
    leader.step(1.1)
    assert text_letters(world)[0] == "b"


# --- when the source is looked at -----------------------------------------------------------------------------------------------------


def test_the_source_is_looked_at_once_an_interval():
    world, leader = with_text()
    world.texts.upload("b", BETTER)
    leader.step(0.5)
    assert texts(world).digest == digest("a")
    leader.step(0.6)
    assert texts(world).digest == digest("b")


def test_the_annotation_looks_at_once():
    world, leader = with_text()
    world.texts.upload("b", BETTER)
    world.commands[Command.POLL] = "1"
    leader.settle()
    assert texts(world).digest == digest("b")
    assert texts(world).due is None


def test_a_changed_limit_looks_at_once_and_the_serving_one_stays():
    world, leader = with_text()
    world.edit(enrichment=enrichment(min_macro_f1=0.9))
    leader.settle()
    assert texts(world).candidate.reason is Reason.MACRO_F1_BELOW_MINIMUM
    assert text_letters(world) == ("a", "a", ["a", "a"])


def test_a_training_looks_at_once():
    messages = TextTraining(messages=MessagesSource(uri="s3://leads/more.jsonl"))
    world, leader = with_text(training=messages)
    world.texts.upload("b", BETTER)
    answer = text_training.dump(TextTrainingAnswer(digest("b")))
    end_job(world, world.add_job("conversion-enrichment-1", JobKind.ENRICHMENT), Ending(0, answer))
    leader.settle()
    assert (texts(world).digest, texts(world).training.digest) == (digest("b"), digest("b"))
    assert texts(world).training.last_success is not None


def test_a_failed_training_is_told_and_changes_nothing():
    messages = TextTraining(messages=MessagesSource(uri="s3://leads/more.jsonl"))
    world, leader = with_text(training=messages)
    end_job(world, world.add_job("conversion-enrichment-1", JobKind.ENRICHMENT), Ending(1, ""))
    leader.settle()
    assert (healthy(world), text_letters(world)[0]) == ("False Failed", "a")
    assert count(world, EventReason.ENRICHMENT_TRAINING_FAILED) == 1


def test_a_check_without_a_report_is_made_again_later_and_later():
    world, leader = with_text()
    world.store_up = False
    leader.step(1.1)
    first = texts(world).check
    assert (first.attempt, first.reason, healthy(world)) == (1, Reason.FETCH_RETRYING, "False FetchRetrying")
    for _ in range(12):
        leader.step(0.05)
    assert 3 <= texts(world).check.attempt <= 6
    assert count(world, EventReason.ENRICHMENT_UNAVAILABLE) == 1
    world.store_up = True
    leader.step(1.1)
    assert (texts(world).check, healthy(world)) == (None, "True Serving")


def test_a_change_that_the_runtime_sees_looks_at_once():
    """Files on one machine. Control: without the change nothing is due."""
    world, _ = with_text()
    seen = world.observed()
    assert plan(seen).desired.text.check is None
    assert plan(replace(seen, text=replace(seen.text, changed=True))).desired.text.check is not None


def test_a_change_that_the_runtime_sees_ends_the_wait_after_a_failure():
    world, leader = with_text()
    world.store_up = False
    leader.step(1.1)
    seen = world.observed()
    assert plan(seen).desired.text.check is None
    assert plan(replace(seen, text=replace(seen.text, changed=True))).desired.text.check is not None


# --- pins ---------------------------------------------------------------------------------------------------------------------------------


def test_a_pin_of_the_one_before_goes_back_without_the_source():
    world, leader = with_text()
    upload_text(world, leader, "b", BETTER)
    world.store_up = False
    pin_text(world, "a")
    leader.step(0.05)
    assert text_letters(world) == ("a", "a", ["a", "a"])
    assert texts(world).previous == digest("b")
    world.store_up = True
    for _ in range(4):
        leader.step(1.1)
    assert text_letters(world)[0] == "a", "the newer one at the source is not taken while another is pinned"
    pin_text(world, None)
    for _ in range(3):
        leader.step(1.1)
    assert text_letters(world) == ("b", "b", ["b", "b"])


def test_control_without_a_kept_snapshot_a_pin_needs_the_source():
    world, leader = with_text()
    upload_text(world, leader, "b", BETTER)
    world.store_up = False
    world.texts.snapshots.discard(digest("a"))
    pin_text(world, "a")
    leader.step(0.05)
    assert text_letters(world)[0] == "b"


def test_a_pin_of_what_the_source_does_not_hold_waits():
    world, leader = with_text()
    pin_text(world, "z")
    leader.step(0.1)
    assert (text_letters(world)[0], healthy(world)) == ("a", "False DigestMismatch")


# --- pods ---------------------------------------------------------------------------------------------------------------------------------


def test_what_pods_cannot_load_goes_back_to_the_one_before():
    world, leader = with_text()
    upload_text(world, leader, "b", replace(BETTER, loads=False))
    for _ in range(3):
        leader.step(0.1)
    assert text_letters(world) == ("a", "a", ["a", "a"])
    assert [entry.digest for entry in texts(world).refused] == [digest("b")]
    assert healthy(world) == "False EnrichmentRejected"
    for _ in range(3):
        leader.step(1.1)
    assert text_letters(world)[0] == "a", "the source still holds it"
    assert count(world, EventReason.ENRICHMENT_ROLLED_BACK) == 1
    upload_text(world, leader, "c", BETTER)
    assert (text_letters(world)[0], healthy(world)) == ("c", "True Serving")


def test_control_without_the_way_back_it_stays(monkeypatch):
    monkeypatch.setattr(text_pods, "BLAMED", frozenset())
    world, leader = with_text()
    upload_text(world, leader, "b", replace(BETTER, loads=False))
    for _ in range(3):
        leader.step(0.1)
    assert text_letters(world)[0] == "b"
    assert healthy(world) == "False ProgressDeadlineExceeded"


def test_the_first_one_that_pods_cannot_load_leaves_none():
    world, leader = with_text(BROKEN)
    for _ in range(3):
        leader.step(0.1)
    assert text_letters(world) == (None, None, [None, None])
    assert healthy(world) == "False EnrichmentRejected"


def seeing_the_last_file() -> tuple[World, Leader]:
    """Make a world in which pods report the error of `b`, and kubelets bring no newer file."""
    world, leader = with_text()
    world.texts.upload("b", replace(BETTER, loads=False))
    world.commands[Command.POLL] = "1"
    leader.settle()
    world.texts.late = True
    world.texts.upload("c", BETTER)
    world.commands[Command.POLL] = "2"
    return world, leader


def test_pods_that_still_see_the_last_file_blame_nobody():
    """A kubelet needs up to a minute and a half."""
    world, leader = seeing_the_last_file()
    leader.settle()
    assert (texts(world).digest, texts(world).refused) == (digest("c"), ())
    assert texts(world).previous == digest("a"), "no pod ever answered with b"
    world.texts.late = False
    leader.settle()
    leader.step(0.1)
    assert (text_letters(world), healthy(world)) == (("c", "c", ["c", "c"]), "True Serving")


def test_control_without_the_grace_they_would(monkeypatch):
    world, leader = seeing_the_last_file()
    monkeypatch.setattr(text_pods, "GRACE", timedelta())
    leader.settle()
    assert digest("c") in {entry.digest for entry in texts(world).refused}


def test_drift_of_texts_is_told_and_swaps_nothing():
    world, leader = with_text()
    world.texts.truths["a"] = TextTruth(drifts=True)
    for _ in range(8):
        leader.step(0.1)
    assert (healthy(world), text_letters(world)[0]) == ("False DriftSustained", "a")
    assert (texts(world).drift.feature, texts(world).drift.sustained) == ("intent", True)
    assert count(world, EventReason.ENRICHMENT_DRIFT) == 1
    world.texts.truths["a"] = TextTruth()
    for _ in range(3):
        leader.step(0.1)
    assert healthy(world) == "True Serving"


def test_control_a_short_breach_is_not_told():
    world, leader = with_text()
    world.texts.truths["a"] = TextTruth(drifts=True)
    leader.step(0.1)
    world.texts.truths["a"] = TextTruth()
    for _ in range(8):
        leader.step(0.1)
    assert count(world, EventReason.ENRICHMENT_DRIFT) == 0
    assert healthy(world) == "True Serving"


# --- accidents ---------------------------------------------------------------------------------------------------------------------------


def test_a_crash_between_record_and_act_repeats_the_act():
    world, leader = with_text()
    upload_text_and_stop(world, leader)
    assert (texts(world).digest, world.texts.served) == (digest("b"), digest("a"))
    Leader(world).settle()
    assert text_letters(world) == ("b", "b", ["b", "b"])


def upload_text_and_stop(world: World, leader: Leader, *, freeze: bool = False) -> None:
    """Let a pass decide for `b`, and stop it after the status was written and before the bytes are."""
    world.texts.upload("b", BETTER)
    world.commands[Command.POLL] = "1"
    for _ in range(30):
        decided = plan(world.observed()).status.enrichment.digest == digest("b")
        if decided:
            break
        leader.run()
        finish_jobs(world)
    assert decided
    leader.run(stop_before=1, freeze=freeze)


def test_a_frozen_leader_does_not_write_over_a_newer_one():
    world, leader = with_text()
    upload_text_and_stop(world, leader, freeze=True)
    upload_text(world, Leader(world), "c", BETTER)
    assert text_letters(world)[:2] == ("c", "c")
    leader.thaw()
    assert text_letters(world)[:2] == ("c", "c")


def test_control_without_the_version_it_would():
    world, leader = with_text()
    upload_text_and_stop(world, leader, freeze=True)
    upload_text(world, Leader(world), "c", BETTER)
    world.texts.fenced = False
    leader.thaw()
    assert text_letters(world)[:2] == ("c", "b")


def test_a_lost_snapshot_is_taken_from_where_predictors_look():
    world, leader = with_text()
    world.texts.snapshots.clear()
    leader.step(0.05)
    assert world.texts.snapshots == {digest("a")}
    assert texts(world).last_check is not None


def test_a_text_model_that_is_lost_everywhere_is_fetched_again():
    world, leader = with_text()
    world.texts.snapshots.clear()
    world.texts.served = None
    for _ in range(3):
        leader.step(0.05)
    assert text_letters(world) == ("a", "a", ["a", "a"])


def test_a_lost_status_leaves_the_text_model_where_it_is():
    world, leader = with_text()
    world.lose_status()
    leader.run()
    assert (texts(world).digest, world.texts.served) == (digest("a"), digest("a"))
    leader.step(0.1)
    assert healthy(world) == "True Serving"


def test_while_paused_nothing_changes():
    world, leader = with_text()
    world.paused = True
    world.texts.upload("b", BETTER)
    for _ in range(3):
        leader.step(1.1)
    assert text_letters(world) == ("a", "a", ["a", "a"])
    world.edit(enrichment=None)
    leader.step(1.1)
    assert world.texts.served == digest("a")
    world.paused = False
    leader.step(1.1)
    assert (world.status.enrichment, world.texts.served, world.texts.snapshots) == (None, None, set())


def test_without_the_settings_everything_of_text_models_goes():
    world, leader = with_text()
    assert world.deployment.serve.text
    world.edit(enrichment=None)
    for _ in range(3):
        leader.step(0.05)
    assert (world.status.enrichment, world.texts.served, world.texts.snapshots) == (None, None, set())
    assert [pod.takes_text for pod in world.pods] == [False, False]
    assert not any(job.kind is JobKind.TEXT_CHECK for job in world.jobs.values())
    assert healthy(world) == "Unknown NotConfigured"


def test_jobs_that_fail_make_no_verdict():
    world, leader = with_text()
    world.texts.upload("b", BETTER)
    world.commands[Command.POLL] = "1"
    leader.run()
    assert world.running(JobKind.TEXT_CHECK)
    fail_jobs(world)
    leader.run()
    assert (texts(world).check.attempt, texts(world).candidate.digest) == (1, digest("a"))
    leader.step(0.1)
    assert texts(world).digest == digest("b")


HOSTILE = "$(rm -rf /)\x1b[2J\x07\n${HOME} \u202e" + "A" * 60


def test_a_hostile_report_reaches_no_status_as_it_is():
    world, leader = with_text()
    check = hostile_check(world, leader)
    found = texts(world).candidate
    assert (found.digest, found.reason) == (digest("b"), Reason.SCHEMA_MISMATCH)
    shown = [found.message, *(event.message for event in world.events), condition_words(world)]
    assert all(text.isprintable() for text in shown)
    assert check.deadline > 0
    assert text_letters(world)[0] == "a"


def hostile_check(world: World, leader: Leader):
    world.texts.upload("b", TextTruth(readable=False))
    world.commands[Command.POLL] = "1"
    leader.run()
    job = world.running(JobKind.TEXT_CHECK)[0]
    check = world.texts.checks[job.name]
    report = replace(check_report(world.texts, check, "b"), detail=HOSTILE, reason=HOSTILE[:60])
    end_job(world, job, Ending(0, text_report.dump(report)))
    leader.settle()
    return check


def condition_words(world: World) -> str:
    return " ".join(condition.message for condition in world.status.conditions)


@pytest.mark.parametrize(
    "line", ["", "{}", '{"schema":"leadmodel.textreport/v1"}', "[" * 4000, "\x1b]0;x\x07"]
)
def test_what_is_no_report_is_no_verdict(line):
    world, leader = with_text()
    world.commands[Command.POLL] = "1"
    leader.run()
    end_job(world, world.running(JobKind.TEXT_CHECK)[0], Ending(0, line))
    leader.run()
    assert texts(world).check.error is not None
    assert texts(world).candidate.digest == digest("a")


def test_a_job_of_somebody_else_does_not_count():
    """Whoever may create Jobs can make one of the same name that reports what they like; its UID is another."""
    world, leader = with_text()
    world.texts.upload("b", WEAK)
    world.commands[Command.POLL] = "1"
    leader.run()
    job = world.running(JobKind.TEXT_CHECK)[0]
    line = text_report.dump(check_report(world.texts, world.texts.checks[job.name], "b"))
    end_job(world, job, Ending(0, line))
    seen = world.observed()
    forged = tuple(replace(j, uid="forged") if j.kind is JobKind.TEXT_CHECK else j for j in seen.jobs)
    assert plan(replace(seen, jobs=forged)).status.enrichment.check is not None
    assert plan(seen).status.enrichment.check is None, "control: the Job's own report counts"


def test_pods_of_an_earlier_release_are_not_started_with_a_flag_that_they_do_not_know():
    world, leader = serving(live=True)
    champion = replace(world.status.champion, template=2)
    world.status = replace(world.status, champion=champion)
    world.texts.upload("a")
    world.edit(enrichment=enrichment())
    for _ in range(3):
        leader.step(0.05)
    assert not world.deployment.serve.text
    assert healthy(world) == "Unknown RollingOut"
    world.commands[Command.REFRESH] = "1"
    for _ in range(3):
        leader.step(0.05)
    assert world.deployment.serve.text
    assert healthy(world) == "True Serving"


def test_the_invariant_notices_a_text_model_that_no_status_named():
    world, _ = with_text()
    world.invariants.texts.clear()
    with pytest.raises(Broken, match="record, then act"):
        world.invariants.check_text(world, digest("b"))
