"""What happens in the demo, step by step. Each step does what a person or a night would do, waits for what must follow, and says what
it saw in a sentence; it raises Broken when that did not hold. Nothing is decided here: the operator's plan decides.
"""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leadmodel_local.demo import conversations, leads
from leadmodel_local.demo.leads import Table
from leadmodel_local.demo.load import Load
from leadmodel_local.demo.stage import Broken, Stage
from leadmodel_operator.resource.digest import short


@dataclass
class Play:
    """What the steps share."""

    stage: Stage
    source: Path | None  # leads of the user, or none: they are made
    label: str
    exclude: Sequence[str]
    seed: int
    past: Table | None = None  # what trainings read
    live: Table | None = None  # what callers send
    load: Load | None = None
    better: subprocess.Popen[str] | None = None
    bad: subprocess.Popen[str] | None = None

    def answered(self) -> str:
        """The requests so far; Broken when one failed."""
        assert self.load is not None
        if self.load.failures:
            raise Broken(
                f"{len(self.load.failures)} of {self.load.sent} requests failed: {self.load.failures[0]}"
            )
        return f"{self.load.sent:,} requests, 0 failed"


@dataclass(frozen=True)
class Act:
    """One step."""

    title: str
    play: Callable[[Play], str]


def make_leads(play: Play) -> str:
    """Take the leads, and set some aside as live."""
    source = play.source
    if source is None:
        source = play.stage.path("made.csv")
        command = [sys.executable, "-m", "leadmodel_training.synth", "--seed", str(play.seed), "--days", "30"]
        play.stage.answer(play.stage.program([*command, "--per-day", "400", "--out", str(source)]))
    table = leads.read(source, play.label, play.exclude, play.seed)
    cut = round(0.7 * len(table.rows))
    play.past, play.live = table.take(0, cut), table.take(cut, len(table.rows))
    whose = "made-up" if play.source is None else "of your"
    return f"{len(table.rows):,} {whose} leads, {leads.share(table):.0%} converted; three in ten play the live ones"


def first_model(play: Play) -> str:
    """Train a modest model, start the runtime, wait until it serves."""
    stage, past = play.stage, play.past
    assert past is not None
    assert play.live is not None
    modest = stage.train("first", past.take(0, len(past.rows) // 2), exclude=past.fields[::2])
    stage.apply()
    stage.answer(modest)
    shutil.copyfile(stage.path("first/holdout.csv.gz"), stage.path("holdout.csv.gz"))
    first = stage.put(stage.path("first/model.json"))
    stage.environ["REDIS_URL"] = conversations.start(stage)
    stage.up()
    play.bad = stage.train("bad", leads.flipped(past))
    stage.wait("the first model serves", lambda: stage.serves(first))
    play.better = stage.train("better", past)
    status = stage.status()
    play.load = Load(status["url"], leads.wire(play.live))
    play.load.__enter__()
    gate = status["gate"]
    return (
        f"{short(first)} serves: AUC {gate['auc']:.3f} measured, {gate['minAuc']:.2f} asked, on "
        f"{gate['positives'] + gate['negatives']:,} leads kept out of training; two predictors behind {status['url']}"
    )


def bad_model(play: Play) -> str:
    """Upload a model that claims much and knows little."""
    stage = play.stage
    assert play.bad is not None
    champion, claimed = stage.champion(), stage.answer(play.bad)["auc"]
    bad = stage.put(stage.path("bad/model.json"))
    stage.wait("the bad model is judged", lambda: (stage.status().get("gate") or {}).get("digest") == bad)
    status = stage.status()
    gate = status["gate"]
    if gate["verdict"] != "Fail" or stage.champion() != champion:
        raise Broken(f"the bad model got {gate['verdict']}, {short(stage.champion())} serves")
    return (
        f"refused: claims AUC {claimed:.3f}, measured {gate['auc']:.3f}; its outcomes were swapped. "
        f"{short(champion)} serves on"
    )


def better_model(play: Play) -> str:
    """Upload a better one under load."""
    stage = play.stage
    assert play.better is not None
    assert play.load is not None
    stage.answer(play.better)
    shutil.copyfile(stage.path("better/holdout.csv.gz"), stage.path("holdout.csv.gz"))
    before = play.load.sent
    better = stage.put(stage.path("better/model.json"))
    stage.wait("the better model serves", lambda: stage.serves(better))
    gate = stage.status()["gate"]
    if not (gate["delta"] is not None and gate["delta"] > 0):
        raise Broken("the model that reads more fields is not better on these leads")
    sent = play.load.sent - before
    play.answered()
    return f"{short(better)} serves: AUC {gate['delta']:+.3f} on the same leads; {sent:,} requests meanwhile, 0 failed"


def corrupt_retrain(play: Play) -> str:
    """A night's training reads a broken export; its holdout comes from there too, so the gate cannot know. Live leads do."""
    stage, past = play.stage, play.past
    assert past is not None
    good = stage.champion()
    stage.wait(
        "the champion is proven on live leads", lambda: (stage.status()["champion"] or {}).get("provenAt")
    )
    _export(stage, leads.spoilt(past, play.seed))
    stage.run("retraining")
    stage.wait("the corrupt model serves", lambda: stage.champion() not in {good, None})
    bad, began = stage.champion(), time.monotonic()
    stage.wait("it is rolled back", lambda: stage.status()["rollbacks"] and stage.champion() == good)
    stage.wait("the good one serves", lambda: good is not None and stage.serves(good))
    newest, evidence = stage.status()["rollbacks"][0], stage.status()["quarantine"]
    if newest["from"] != bad or newest["reason"] != "DriftSustained":
        raise Broken(f"rolled back from {short(newest['from'])} for {newest['reason']}")
    said = next(entry["evidence"] for entry in evidence if entry["digest"] == bad)
    play.answered()
    return f"rolled back after {time.monotonic() - began:.0f} s to {short(good)}: {said}"


def mended(play: Play) -> str:
    """The next night reads a sound export; its model serves once the cooldown of the rollback is over."""
    stage, past, live = play.stage, play.past, play.live
    assert past is not None
    assert live is not None
    before = stage.champion()
    _export(
        stage,
        leads.Table((*past.rows, *live.rows[: len(live.rows) // 4]), past.label, past.numbers, past.words),
    )
    made: str = json.loads(stage.run("retraining").strip().splitlines()[-1])["digest"]
    stage.wait("the new model serves", lambda: stage.serves(made))
    if (stage.status().get("previous") or {}).get("digest") != before:
        raise Broken("the proven champion was not kept as the one to go back to")
    stage.wait("it is proven on live leads", lambda: (stage.status()["champion"] or {}).get("provenAt"))
    return f"{short(made)} serves: the export is mended; {short(before)} is kept to go back to"


def world_moves(play: Play) -> str:
    """The leads themselves change: going back would mend nothing, and nothing is rolled back."""
    stage, load = play.stage, play.load
    assert load is not None
    assert play.live is not None
    champion, rollbacks = stage.champion(), len(stage.status()["rollbacks"])
    load.leads = leads.wire(leads.moved(play.live, play.seed))
    stage.wait("drift is found to last", lambda: (stage.status().get("drift") or {}).get("verdict"))
    status = stage.status()
    if stage.champion() != champion or len(status["rollbacks"]) != rollbacks:
        raise Broken("a model was rolled back though the world moved")
    detected = {c["type"]: c["status"] for c in status["conditions"]}["DriftDetected"]
    if detected != "True":
        raise Broken(f"DriftDetected is {detected}")
    play.answered()
    return f"a warning, {short(champion)} serves on: {status['drift']['verdict']}"


def personal_data(play: Play) -> str:
    """Past conversations hold personal data: count it in a dry run, redact it, and look again."""
    stage = play.stage
    url = stage.environ["REDIS_URL"]
    sample = conversations.fill(url, play.seed)
    counted = _backfill(stage, "DryRun")
    if conversations.left(url, sample) != (sample.messages, sample.personal):
        raise Broken("a dry run changed conversations")
    applied = _backfill(stage, "Apply")
    there, hold = conversations.left(url, sample)
    if (there, hold) != (sample.messages, 0) or not counted["redacted"] == applied[
        "redacted"
    ] == sample.personal:
        raise Broken(
            f"of {sample.personal} messages with personal data {hold} still hold it, {there} messages are there"
        )
    healthy = {c["type"]: c["status"] for c in stage.status()["conditions"]}["BackfillHealthy"]
    if healthy != "True":
        raise Broken(f"BackfillHealthy is {healthy} after a backfill that was verified")
    return (
        f"{counted['redacted']} of {sample.messages:,} messages in a real Valkey hold personal data: counted by a dry run, "
        "redacted by the backfill, none found afterwards"
    )


def _backfill(stage: Stage, mode: str) -> Mapping[str, Any]:
    """Run it in this mode; what the status then says."""
    stage.apply(mode)
    stage.run("backfill")
    done = stage.wait(f"the backfill ({mode}) is noted", lambda: _noted(stage, mode))
    found: Mapping[str, Any] = done
    return found


def _noted(stage: Stage, mode: str) -> Mapping[str, Any] | None:
    found = stage.status().get("backfill") or {}
    return found if found.get("mode") == mode else None


def _export(stage: Stage, rows: Table) -> None:
    """Last night's export of leads with outcomes, where the retraining reads it."""
    beside = stage.path("leads.csv.part")
    leads.write(beside, rows)
    beside.replace(stage.path("leads.csv"))


ACTS: tuple[Act, ...] = (
    Act("Leads", make_leads),
    Act("A first model", first_model),
    Act("A bad model", bad_model),
    Act("A better model", better_model),
    Act("A corrupt night", corrupt_retrain),
    Act("The next night", mended),
    Act("The world moves", world_moves),
    Act("Personal data", personal_data),
)


def end(play: Play) -> None:
    """Whatever happened, nothing is left running."""
    if play.load is not None:
        play.load.__exit__()
    play.stage.close()
