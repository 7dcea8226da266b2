"""A night's training: what it made becomes a candidate, and why it made nothing is said in status, event and metric."""

import pytest

from leadmodel_messages import errors, failure, training
from leadmodel_messages.errors import ErrorWord
from leadmodel_messages.failure import Failure
from leadmodel_messages.training import TrainingAnswer
from leadmodel_operator.kubernetes.process.model_metrics import ModelMetrics
from leadmodel_operator.kubernetes.render.jobs import retraining
from leadmodel_operator.planning.observed import Fault, FaultKind, JobKind, JobState
from leadmodel_operator.resource.conversion import SchemaError, load
from leadmodel_operator.resource.fields import Duration
from leadmodel_operator.resource.spec_schedules import Retraining
from leadmodel_operator.resource.spec_sources import LeadsSource
from worlds.leader import Leader
from worlds.names import KEY, digest, spec
from worlds.programs import Truth
from worlds.world import Job, World


def serving() -> tuple[World, Leader]:
    world = World()
    world.upload("A", Truth(auc=0.75))
    leader = Leader(world)
    leader.settle()
    return world, leader


def failed(world: World, message: str = "", exit_code: int | None = 1, fault: Fault | None = None) -> None:
    """Tonight's Job ended without a model."""
    name = f"{KEY.name}-retraining-{next(world.rv)}"
    world.jobs[name] = Job(
        name, JobKind.RETRAINING, world.now, state=JobState.FAILED, finished=world.now, message=message,
        exit_code=exit_code, fault=fault,
    )  # fmt: skip


def metric(world: World) -> str:
    metrics = ModelMetrics()
    metrics.note(KEY, world.observed(), world.status)
    return next(
        line.rpartition(" ")[2]
        for line in metrics.text().decode().splitlines()
        if line.startswith("leadmodel_retraining_failed{")
    )


def said(word: ErrorWord, message: str) -> str:
    assert word in errors.TRAINING
    return failure.dump(Failure(word, message))


KILLED = Fault(FaultKind.TERMINATED, "OOMKilled", 137)
NO_IMAGE = Fault(FaultKind.WAITING, "ImagePullBackOff", message="not found")


@pytest.mark.parametrize(
    ("end", "says"),
    [
        ({"message": said(ErrorWord.LEADS_UNREADABLE, "the file holds no leads")}, "the file holds no leads"),
        (
            {"message": said(ErrorWord.TOO_FEW_OUTCOMES, "the holdout has 7 positive leads")},
            "the holdout has 7 positive leads",
        ),
        (
            {"message": said(ErrorWord.UNREACHABLE, "s3://leads did not answer"), "exit_code": 75},
            "did not answer",
        ),
        ({"exit_code": 137, "fault": KILLED}, "raise retraining.resources.limits.memory"),
        ({"exit_code": None, "fault": NO_IMAGE}, "could not start (Waiting: ImagePullBackOff: not found)"),
        ({"exit_code": 139}, "exit code 139"),
        ({"exit_code": None}, "did not end in time"),
        ({"message": "{not json"}, "exit code 1"),
    ],
    ids=["no leads", "too few", "store down", "memory", "image", "crash", "deadline", "garbage"],
)
def test_a_night_without_a_model_says_why_and_nothing_moves(end, says):
    world, leader = serving()
    failed(world, **end)
    leader.settle()
    assert says in world.status.retraining.error
    assert [e.message for e in world.events if e.reason == "RetrainingFailed"] == [
        world.status.retraining.error
    ]
    assert metric(world) == "1"
    assert world.status.champion.digest == digest("A")
    leader.settle()  # the same Job is not told twice
    assert sum(e.reason == "RetrainingFailed" for e in world.events) == 1


def test_a_model_that_was_written_counts_though_a_signal_ended_the_training():
    world, leader = serving()
    world.upload("B", Truth(auc=0.76))
    failed(world, training.dump(TrainingAnswer(digest("B"))), exit_code=139)
    leader.settle()
    assert world.status.champion.digest == digest("B")
    assert world.status.retraining.error is None


def test_a_training_that_refused_has_no_model_whatever_it_wrote():
    world, leader = serving()
    world.upload("B", Truth(auc=0.76))
    failed(world, training.dump(TrainingAnswer(digest("B"))), exit_code=1)
    leader.settle()
    assert world.status.champion.digest == digest("A")
    assert world.status.retraining.error


def test_the_next_good_night_clears_it():
    world, leader = serving()
    failed(world, exit_code=137, fault=KILLED)
    leader.settle()
    leader.step(24.0)
    world.retrain("B", Truth(auc=0.76))
    leader.settle()
    assert world.status.retraining.error is None
    assert metric(world) == "0"
    assert world.status.champion.digest == digest("B")


def test_the_program_is_told_what_the_spec_says():
    asked = Retraining(
        leads=LeadsSource(uri="s3://leads/leads.csv.gz"), label="won", recipe="auto", exclude=("duration", "fee"),
        allow=("visits",), horizon=Duration("720h"),
    )  # fmt: skip
    made = retraining(
        {"metadata": {"name": "conversion", "namespace": "sales", "uid": "u"}}, spec(), asked, "t:1"
    )
    command = made["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]
    words = [*command.get("command", []), *command.get("args", [])]
    for word in ("--label=won", "--recipe=auto", "--exclude=duration,fee", "--allow=visits", "--horizon=30"):
        assert word in words
    from leadmodel_training.__main__ import parser

    given = parser().parse_args(words[1:])
    assert (given.horizon, given.allow) == (30.0, "visits")


RARE = {
    "positive": ("Won, at last", "--positive=Won, at last"),
    "timeColumn": ("came_in", "--time-column=came_in"),
    "idColumn": ("lead_id", "--id-column=lead_id"),
    "holdoutShare": (0.3, "--holdout-share=0.3"),
    "allowPersonal": (["city", "region"], "--allow-personal=city,region"),
    "timeFormat": ("%d.%m.%Y %H:%M", "--time-format=%d.%m.%Y %H:%M"),
    "numeric": (["fee"], "--numeric=fee"),
    "categorical": (["code", "zip"], "--categorical=code,zip"),
    "require": (["age", "source"], "--require=age,source"),
}


def arguments(**fields: object) -> list[str]:
    raw = {"leads": {"uri": "s3://leads/leads.csv.gz"}, **fields}
    lead_model = {"metadata": {"name": "conversion", "namespace": "sales", "uid": "u"}}
    made = retraining(lead_model, spec(), load(Retraining, raw), "t:1")
    return made["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["args"]


@pytest.mark.parametrize("field", RARE)
def test_a_setting_of_the_training_is_one_argument_and_nothing_where_it_is_absent(field):
    value, argument = RARE[field]
    assert sorted(arguments(**{field: value})) == sorted([*arguments(), argument])


def test_without_the_settings_the_arguments_are_those_of_before():
    assert [argument.partition("=")[0] for argument in arguments()] == [
        "--leads", "--artifact", "--holdout", "--name", "--label", "--recipe",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("holdoutShare", 0), ("holdoutShare", 1), ("positive", ""), ("timeColumn", "")],
        *[("timeFormat", "dd.mm.yyyy"), ("timeFormat", "%Q"), ("numeric", ["a,b"]), ("require", ["a\nb"])],
    ],
)
def test_a_setting_that_the_training_would_refuse_is_refused_at_once(field, value):
    with pytest.raises(SchemaError, match=field):
        load(Retraining, {"leads": {"uri": "s3://leads/leads.csv.gz"}, field: value})


def test_suspend_stops_the_schedule_and_keeps_it():
    raw = {"leads": {"uri": "s3://leads/leads.csv.gz"}, "suspend": True}
    made = retraining(
        {"metadata": {"name": "conversion", "namespace": "sales", "uid": "u"}},
        spec(),
        load(Retraining, raw),
        "t:1",
    )
    assert made["spec"]["suspend"] is True
    assert made["spec"]["schedule"] == "0 1 * * *"
