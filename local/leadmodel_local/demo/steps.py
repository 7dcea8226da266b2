"""The steps of the demo. Each does what a person or a night would do, waits for what must follow and describes the result.

A step raises StepFailed when the result is not as it must be. No step decides anything about a model: the operator's plan does.
"""

import shutil
import sys
import time
from collections.abc import Mapping
from typing import Any

from leadmodel_local.demo import conversations, follow_ups, leads, texts
from leadmodel_local.demo.leads import Table
from leadmodel_local.demo.load import Load
from leadmodel_local.demo.run import DemoRun, DemoStep
from leadmodel_local.demo.sandbox import Sandbox, StepFailed
from leadmodel_messages import training
from leadmodel_operator.resource.digest import short


def make_leads(demo: DemoRun) -> str:
    """Read the user's leads or make some, and set three in ten aside as live ones."""
    source = demo.source
    if source is None:
        source = demo.sandbox.path("made.csv")
        command = [sys.executable, "-m", "leadmodel_training.synth", "--seed", str(demo.seed), "--days", "30"]
        demo.sandbox.answer(demo.sandbox.program([*command, "--per-day", "400", "--out", str(source)]))
    table = leads.read(source, demo.label, demo.exclude, demo.seed)
    cut = round(0.7 * len(table.rows))
    demo.past, demo.live = table.take(0, cut), table.take(cut, len(table.rows))
    whose = "made-up" if demo.source is None else "of your"
    rate = leads.conversion_rate(table)
    return f"{len(table.rows):,} {whose} leads, {rate:.0%} converted; three in ten play the live ones"


def serve_first_model(demo: DemoRun) -> str:
    """Train a modest model, start the runtime and wait until the model serves."""
    sandbox, past = demo.sandbox, demo.past
    assert past is not None
    assert demo.live is not None
    modest = sandbox.train("first", past.take(0, len(past.rows) // 2), exclude=past.fields[::2])
    texts.put_text_model(sandbox)
    sandbox.apply()
    sandbox.answer(modest)
    shutil.copyfile(sandbox.path("first/holdout.csv.gz"), sandbox.path("holdout.csv.gz"))
    first = sandbox.upload(sandbox.path("first/model.json"))
    sandbox.environ["REDIS_URL"] = conversations.start_server(sandbox)
    sandbox.up()
    demo.bad_training = sandbox.train("bad", leads.with_swapped_outcomes(past))
    sandbox.wait("the first model serves", lambda: sandbox.serves(first))
    demo.better_training = sandbox.train("better", past)
    status = sandbox.status()
    demo.load = Load(status["url"], leads.request_bodies(demo.live))
    demo.load.__enter__()
    gate = status["gate"]
    return (
        f"{short(first)} serves: AUC {gate['auc']:.3f} measured, {gate['minAuc']:.2f} asked, on "
        f"{gate['positives'] + gate['negatives']:,} leads kept out of training; two predictors behind {status['url']}"
    )


def refuse_bad_model(demo: DemoRun) -> str:
    """Upload a model that claims a high AUC and measures a low one."""
    sandbox = demo.sandbox
    assert demo.bad_training is not None
    champion, claimed = sandbox.champion(), training.parse(sandbox.answer(demo.bad_training)).auc
    bad = sandbox.upload(sandbox.path("bad/model.json"))
    sandbox.wait("the bad model is judged", lambda: (sandbox.status().get("gate") or {}).get("digest") == bad)
    gate = sandbox.status()["gate"]
    if gate["verdict"] != "Fail" or sandbox.champion() != champion:
        raise StepFailed(f"the bad model got {gate['verdict']}, {short(sandbox.champion())} serves")
    return (
        f"refused: claims AUC {claimed:.3f}, measured {gate['auc']:.3f}; its outcomes were swapped. "
        f"{short(champion)} serves on"
    )


def roll_out_better_model(demo: DemoRun) -> str:
    """Upload a better model under load."""
    sandbox = demo.sandbox
    assert demo.better_training is not None
    assert demo.load is not None
    sandbox.answer(demo.better_training)
    shutil.copyfile(sandbox.path("better/holdout.csv.gz"), sandbox.path("holdout.csv.gz"))
    before = demo.load.sent
    better = sandbox.upload(sandbox.path("better/model.json"))
    sandbox.wait("the better model serves", lambda: sandbox.serves(better))
    gate = sandbox.status()["gate"]
    if not (gate["delta"] is not None and gate["delta"] > 0):
        raise StepFailed("the model that reads more fields is not better on these leads")
    sent = demo.load.sent - before
    demo.check_requests()
    return f"{short(better)} serves: AUC {gate['delta']:+.3f} on the same leads; {sent:,} requests meanwhile, 0 failed"


def refuse_corrupt_night(demo: DemoRun) -> str:
    """Retrain on a broken export; its holdout is broken too, so only the leads that the predictors hold can tell."""
    sandbox, past, good = demo.sandbox, demo.past, demo.sandbox.champion()
    assert past is not None
    sandbox.wait("the champion is proven on live leads", lambda: _is_proven(sandbox))
    _export(sandbox, leads.with_broken_export(past, demo.seed))
    bad = training.parse(sandbox.run("retraining").strip().splitlines()[-1]).digest
    entry = sandbox.wait("live leads are asked about it", lambda: _quarantined(sandbox, bad))
    status = sandbox.status()
    served = any(decision["digest"] == bad for decision in status["history"])
    if entry["reason"] != "UnlikeLiveLeads" or status["gate"]["verdict"] != "Pass" or served:
        raise StepFailed(f"the corrupt model got {status['gate']['verdict']}, then {entry['reason']}")
    demo.corrupt = bad
    demo.check_requests()
    return (
        f"refused before it answered a lead: AUC {status['gate']['auc']:.3f} on a holdout as broken as its training, but "
        f"{entry['evidence']}; {short(good)} serves on"
    )


def roll_back_released_model(demo: DemoRun) -> str:
    """Release the refused model all the same; live leads that differ for a while take it back."""
    sandbox, good, bad = demo.sandbox, demo.sandbox.champion(), demo.corrupt
    assert bad is not None
    sandbox.apply(release=bad)
    sandbox.wait("the corrupt model serves", lambda: sandbox.champion() == bad)
    began = time.monotonic()
    sandbox.wait("it is rolled back", lambda: sandbox.status()["rollbacks"] and sandbox.champion() == good)
    sandbox.wait("the good one serves", lambda: good is not None and sandbox.serves(good))
    newest = sandbox.status()["rollbacks"][0]
    if newest["from"] != bad or newest["reason"] != "DriftSustained":
        raise StepFailed(f"rolled back from {short(newest['from'])} for {newest['reason']}")
    demo.check_requests()
    return (
        f"released by hand, it serves and is rolled back after {time.monotonic() - began:.0f} s to {short(good)}: "
        f"{_quarantined(sandbox, bad)['evidence']}"
    )


def retrain_on_mended_export(demo: DemoRun) -> str:
    """Retrain on a sound export; the model serves once the cooldown of the rollback is over."""
    sandbox, past, live = demo.sandbox, demo.past, demo.live
    assert past is not None
    assert live is not None
    before = sandbox.champion()
    rows = (*past.rows, *live.rows[: len(live.rows) // 4])
    _export(sandbox, Table(rows, past.label, past.numbers, past.words))
    trained = training.parse(sandbox.run("retraining").strip().splitlines()[-1]).digest
    sandbox.wait("the new model serves", lambda: sandbox.serves(trained))
    if (sandbox.status().get("previous") or {}).get("digest") != before:
        raise StepFailed("the proven champion was not kept as the one to go back to")
    sandbox.wait("it is proven on live leads", lambda: _is_proven(sandbox))
    return f"{short(trained)} serves: the export is mended; {short(before)} is kept to go back to"


def warn_of_shifted_population(demo: DemoRun) -> str:
    """Shift the leads themselves: a rollback would not help, so the operator warns and does not roll back."""
    sandbox, load = demo.sandbox, demo.load
    assert load is not None
    assert demo.live is not None
    champion, rollbacks = sandbox.champion(), len(sandbox.status()["rollbacks"])
    load.leads = leads.request_bodies(leads.with_shifted_population(demo.live, demo.seed))
    sandbox.wait("drift is found to last", lambda: (sandbox.status().get("drift") or {}).get("verdict"))
    status = sandbox.status()
    if sandbox.champion() != champion or len(status["rollbacks"]) != rollbacks:
        raise StepFailed("a model was rolled back though the world moved")
    detected = _condition(status, "DriftDetected")
    if detected != "True":
        raise StepFailed(f"DriftDetected is {detected}")
    demo.check_requests()
    return f"a warning, {short(champion)} serves on: {status['drift']['verdict']}"


def redact_personal_data(demo: DemoRun) -> str:
    """Count personal data in past conversations in a dry run, redact it, and count again."""
    sandbox = demo.sandbox
    url = sandbox.environ["REDIS_URL"]
    sample = conversations.fill(url, demo.seed)
    counted = _backfill(sandbox, "DryRun")
    if conversations.count_messages(url, sample) != (sample.messages, sample.personal):
        raise StepFailed("a dry run changed conversations")
    applied = _backfill(sandbox, "Apply")
    messages, personal = conversations.count_messages(url, sample)
    redacted_all = counted["redacted"] == applied["redacted"] == sample.personal
    if (messages, personal) != (sample.messages, 0) or not redacted_all:
        raise StepFailed(
            f"of {sample.personal} messages with personal data {personal} still hold it, {messages} messages are there"
        )
    healthy = _condition(sandbox.status(), "BackfillHealthy")
    if healthy != "True":
        raise StepFailed(f"BackfillHealthy is {healthy} after a backfill that was verified")
    return (
        f"{counted['redacted']} of {sample.messages:,} messages in a real Valkey hold personal data: counted by a dry run, "
        "redacted by the backfill, none found afterwards"
    )


def _is_proven(sandbox: Sandbox) -> bool:
    return bool((sandbox.status()["champion"] or {}).get("provenAt"))


def _quarantined(sandbox: Sandbox, digest: str) -> dict[str, Any]:
    entries: list[dict[str, Any]] = sandbox.status()["quarantine"]
    return next((entry for entry in entries if entry["digest"] == digest), {})


def _condition(status: Mapping[str, Any], kind: str) -> str:
    conditions: dict[str, str] = {c["type"]: c["status"] for c in status["conditions"]}
    return conditions[kind]


def _backfill(sandbox: Sandbox, mode: str) -> Mapping[str, Any]:
    """Run the backfill in this mode and return `status.backfill`."""
    sandbox.apply(mode)
    sandbox.run("backfill")
    report: Mapping[str, Any] = sandbox.wait(
        f"the backfill ({mode}) is noted", lambda: _backfill_report(sandbox, mode)
    )
    return report


def _backfill_report(sandbox: Sandbox, mode: str) -> Mapping[str, Any] | None:
    report = sandbox.status().get("backfill") or {}
    return report if report.get("mode") == mode else None


def _export(sandbox: Sandbox, rows: Table) -> None:
    """Put last night's export of leads with outcomes where the retraining reads it."""
    part = sandbox.path("leads.csv.part")
    leads.write(part, rows)
    part.replace(sandbox.path("leads.csv"))


STEPS: tuple[DemoStep, ...] = (
    DemoStep("Leads", make_leads),
    DemoStep("A first model", serve_first_model),
    DemoStep("A bad model", refuse_bad_model),
    DemoStep("A better model", roll_out_better_model),
    DemoStep("What leads write", texts.refuse_slipped_text_model),
    DemoStep("A corrupt night", refuse_corrupt_night),
    DemoStep("Released anyway", roll_back_released_model),
    DemoStep("The next night", retrain_on_mended_export),
    DemoStep("The world moves", warn_of_shifted_population),
    DemoStep("Personal data", redact_personal_data),
    DemoStep("A message, once", follow_ups.write_to_leads),
)
