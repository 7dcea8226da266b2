"""The table of text models in docs/conditions.md: what EnrichmentHealthy says of each state, each reached in the small world."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from leadmodel_messages import failure, text_report
from leadmodel_messages.errors import ErrorWord
from leadmodel_messages.failure import Failure
from leadmodel_messages.report import Outcome
from leadmodel_operator.planning.observed import Fault, FaultKind, JobKind, ScheduleSeen
from leadmodel_operator.planning.plan import plan
from leadmodel_operator.resource.vocabulary import Command, ConditionType
from worlds.controllers import end_job, finish_jobs
from worlds.leader import Leader
from worlds.programs import Ending
from worlds.situations import serving
from worlds.text_situations import healthy, pin_text, upload_text, with_text
from worlds.texts import TextTruth, check_report, enrichment
from worlds.world import World

DOC = Path(__file__).parents[2] / "docs" / "conditions.md"


def not_configured() -> World:
    return serving()[0]


def checking() -> tuple[World, Leader]:
    """Make a world in which the check of a second text model runs."""
    world, leader = with_text()
    world.commands[Command.POLL] = "1"
    leader.run()
    assert world.running(JobKind.TEXT_CHECK)
    return world, leader


def cannot_start() -> World:
    world, leader = checking()
    for job in world.running(JobKind.TEXT_CHECK):
        job.waits, job.fault = (
            True,
            Fault(FaultKind.WAITING, "CreateContainerConfigError", message="no Secret"),
        )
    leader.run()
    return world


def ended(line: str, code: int = 0) -> World:
    world, leader = checking()
    end_job(world, world.running(JobKind.TEXT_CHECK)[0], Ending(code, line))
    leader.run()
    return world


def refused() -> World:
    world, leader = with_text()
    upload_text(world, leader, "b", TextTruth(macro_f1=0.5))
    return world


def cannot_be_loaded() -> World:
    world, leader = with_text()
    upload_text(world, leader, "b", TextTruth(loads=False))
    leader.step(0.1)
    return world


def too_few_messages() -> World:
    world, leader = with_text()
    world.texts.rows = 12
    upload_text(world, leader, "b")
    return world


def unreadable_messages() -> World:
    return ended(failure.dump(Failure(ErrorWord.HOLDOUT_UNAVAILABLE, "no such file")), 1)


def source_away() -> World:
    world, leader = with_text()
    world.store_up = False
    leader.step(1.1)
    return world


def source_empty() -> World:
    world, leader = with_text()
    world.texts.store.clear()
    leader.step(1.1)
    return world


def pinned_elsewhere() -> World:
    world, leader = with_text()
    pin_text(world, "z")
    leader.step(0.1)
    return world


def beginning() -> tuple[World, Leader]:
    """Make a world in which the first text model is measured."""
    world, leader = serving(live=True)
    world.texts.upload("a")
    world.edit(enrichment=enrichment())
    leader.run()
    return world, leader


def first_is_measured() -> World:
    world, leader = beginning()
    leader.run()
    return world


def first_is_not_kept() -> World:
    world, leader = beginning()
    finish_jobs(world)
    leader.run(stop_before=1)
    return world


def drifts() -> World:
    world, leader = with_text()
    world.texts.truths["a"] = TextTruth(drifts=True)
    for _ in range(8):
        leader.step(0.1)
    return world


def training_failed() -> World:
    world, leader = with_text()
    end_job(world, world.add_job("conversion-enrichment-1", JobKind.ENRICHMENT), Ending(1, ""))
    leader.run()
    return world


def overdue() -> str:
    world, _ = with_text()
    late = ScheduleSeen(JobKind.ENRICHMENT, "0 3 * * 0", suspended=False, created=world.now, overdue=True)
    return planned(world, schedules=(late,))


def not_asked() -> str:
    return planned(with_text()[0], scraped=False, scrapes=False)


def planned(world: World, **seen: object) -> str:
    status = plan(replace(world.observed(), **seen)).status  # type: ignore[arg-type]
    condition = next(c for c in status.conditions if c.type is ConditionType.ENRICHMENT_HEALTHY)
    return f"{condition.status} {condition.reason}"


def earlier_release() -> World:
    world, leader = serving(live=True)
    world.status = replace(world.status, champion=replace(world.status.champion, template=2))
    world.texts.upload("a")
    world.edit(enrichment=enrichment())
    leader.step(0.05)
    return world


def loading() -> World:
    world, leader = with_text()
    world.texts.late = True
    world.texts.upload("b", TextTruth(macro_f1=0.8))
    world.commands[Command.POLL] = "1"
    leader.settle()
    return world


def never_loaded() -> World:
    world = loading()
    Leader(world).step(0.5)
    return world


STATES: dict[str, Callable[[], World | str]] = {
    "the spec asks for none": not_configured,
    "the check cannot start (Secret, image, account, quota, no node)": cannot_start,
    "the newest one was refused by the gate": refused,
    "the newest one cannot be loaded by pods: the one before serves": cannot_be_loaded,
    "too few labelled messages to measure it": too_few_messages,
    "the labelled messages cannot be read": unreadable_messages,
    "the source does not answer": source_away,
    "the source holds nothing": source_empty,
    "the source holds another one than the spec pins": pinned_elsewhere,
    "the first one is measured": first_is_measured,
    "the first one passed and is not kept yet": first_is_not_kept,
    "live texts differ from those of the training, for `drift.sustainedFor`": drifts,
    "the last training failed": training_failed,
    "a training that should have started by its schedule did not": overdue,
    "pods are not asked what they load": not_asked,
    "pods run an image of an earlier release": earlier_release,
    "some ready pods do not report it yet": loading,
    "some ready pods do not report it, after `progressDeadline`": never_loaded,
    "every ready pod answers with it": lambda: with_text()[0],
}


def rows() -> dict[str, str]:
    """Read the table: the condition per state."""
    table = DOC.read_text().split("| state of the text models |", 1)[1].split("\n## ", 1)[0]
    lines = [line.strip("| ").split(" | ") for line in table.splitlines()[2:] if line.startswith("| ")]
    return dict(lines)


@pytest.mark.parametrize("name", STATES)
def test_a_row_of_the_page_is_what_the_operator_says(name):
    reached = STATES[name]()
    assert (reached if isinstance(reached, str) else healthy(reached)) == rows()[name]


def test_the_page_has_each_state_and_no_other():
    assert list(rows()) == list(STATES)


def test_a_holdout_that_is_not_measurable_for_another_reason_is_no_fault_of_the_text_model():
    world, leader = checking()
    job = world.running(JobKind.TEXT_CHECK)[0]
    report = check_report(world.texts, world.texts.checks[job.name], "a")
    unread = replace(
        report,
        outcome=Outcome.NOT_MEASURABLE,
        reason=ErrorWord.HOLDOUT_UNAVAILABLE,
        measured=None,
        scope_auroc=None,
    )
    end_job(world, job, Ending(0, text_report.dump(unread)))
    leader.run()
    assert healthy(world) == "False HoldoutUnavailable"


def words_of(world: World) -> str:
    """The message of EnrichmentHealthy."""
    assert world.status is not None
    return next(c.message for c in world.status.conditions if c.type is ConditionType.ENRICHMENT_HEALTHY)


def test_what_answers_texts_is_only_what_pods_report():
    world, leader = with_text()
    upload_text(world, leader, "b", TextTruth(macro_f1=0.5))
    assert words_of(world).endswith("answers texts in 2 pods"), "pods report it"
    assert world.status is not None
    assert world.status.enrichment is not None
    world.status = replace(world.status, enrichment=replace(world.status.enrichment, ready_pods=0))
    world.status = plan(world.observed(scraped=False)).status
    assert words_of(world).endswith("is to serve, and no pod reports it")
