"""The text models of the small world: what lies in the store, what is kept, what pods load, and how a check of one ends."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from leadmodel_messages import failure, text_report
from leadmodel_messages.errors import ErrorWord
from leadmodel_messages.exits import ValidateExit
from leadmodel_messages.failure import Failure
from leadmodel_messages.report import Outcome
from leadmodel_messages.text_report import Messages, Serving, TextMeasured, TextModelSeen, TextReport
from leadmodel_messages.uris import place
from leadmodel_messages.window import FeatureWindow, TextWindow
from leadmodel_operator.planning.observed import JobKind, TextSeen
from leadmodel_operator.planning.planned import TextCheck
from leadmodel_operator.resource.spec_enrichment import Enrichment, TextHoldout, TextSource
from worlds.names import digest, letter_of
from worlds.programs import Ending

if TYPE_CHECKING:
    from worlds.world import Job, Pod, World

TEXT_URI, TEXT_HOLDOUT = "s3://leads/text.json.gz", "s3://leads/messages.jsonl"
TEXTS = 300  # in the window of each pod


def enrichment(**changes: Any) -> Enrichment:
    """Make the settings of a text model polled every hour."""
    return Enrichment(
        **{"artifact": TextSource(uri=TEXT_URI), "holdout": TextHoldout(uri=TEXT_HOLDOUT), **changes}
    )


@dataclass(frozen=True)
class TextTruth:
    """What a text model is really like."""

    macro_f1: float = 0.75
    scope_auroc: float | None = 0.9
    ece: float = 0.05
    heads: tuple[str, ...] = ("intent", "urgency")
    languages: tuple[str, ...] = ("en",)
    loads: bool = True  # pods can load it
    readable: bool = True  # the check can read it
    drifts: bool = False  # live texts differ from its reference


@dataclass
class Texts:
    """Everything there is of text models. `served` is what lies where predictors look, at its version."""

    store: dict[str, str] = field(default_factory=dict)  # URI → letter
    truths: dict[str, TextTruth] = field(default_factory=dict)
    snapshots: set[str] = field(default_factory=set)
    mailbox: str | None = None
    served: str | None = None
    version: int = 0
    rows: int = 400
    late: bool = False  # kubelets have not brought the newest file yet
    fenced: bool = True  # a write names the version that was read
    checks: dict[str, TextCheck] = field(default_factory=dict)  # by the name of the Job
    versions: Any = field(default_factory=lambda: itertools.count(1))

    def upload(self, letter: str, truth: TextTruth | None = None, uri: str = TEXT_URI) -> None:
        """Put a text model into the store."""
        self.truths[letter] = truth or TextTruth()
        self.store[uri] = letter

    def truth(self, digest_: str) -> TextTruth:
        """Give what the text model with this digest is really like."""
        return self.truths.get(letter_of(digest_), TextTruth())

    def seen(self) -> TextSeen:
        """Describe the text models for the planner."""
        return TextSeen(frozenset(self.snapshots), self.mailbox, self.served)


def finish_checks(world: World) -> bool:
    """End each running check as its program ends; tell whether there was one."""
    checks = world.running(JobKind.TEXT_CHECK)
    for job in checks:
        _end(world, job, check_ending(world, world.texts.checks[job.name]))
    return bool(checks)


def _end(world: World, job: Job, ending: Ending) -> None:
    from worlds.controllers import end_job  # the two files speak for one world

    if ending.delivered is not None:
        world.texts.mailbox = digest(ending.delivered)
    end_job(world, job, ending)


def check_ending(world: World, wanted: TextCheck) -> Ending:
    """End a check: a failure, or a report and (where the bytes are a text model) a delivery."""
    texts = world.texts
    letter = letter_of(wanted.digest or "") if wanted.held else texts.store.get(wanted.uri)
    if letter is None or not world.store_up:
        word = ErrorWord.ARTIFACT_NOT_FOUND if world.store_up else ErrorWord.ARTIFACT_UNREACHABLE
        line = failure.dump(Failure(word, "the store did not give it", place(wanted.uri)))
        return Ending(ValidateExit.UNMEASURED, line)
    report = check_report(texts, wanted, letter)
    good = report.outcome is not Outcome.REFUSED
    return Ending(ValidateExit.REPORTED, text_report.dump(report), letter if good else None)


def check_report(texts: Texts, wanted: TextCheck, letter: str) -> TextReport:
    """Write the report of a check that read the text model called `letter`."""
    truth = texts.truths.get(letter, TextTruth())
    model = TextModelSeen(digest(letter), 1000, 500)
    if wanted.digest not in {None, model.digest}:
        return TextReport(Outcome.REFUSED, ErrorWord.SOURCE_MOVED, wanted.image, model)
    if not truth.readable:
        return TextReport(
            Outcome.REFUSED, ErrorWord.SCHEMA_MISMATCH, wanted.image, model, detail="heads[0].scale"
        )
    model = TextModelSeen(model.digest, 1000, 500, "m", 1, truth.languages, truth.heads)
    holdout = Messages(digest("m"), texts.rows)
    if texts.rows < 50:
        return TextReport(
            Outcome.NOT_MEASURABLE,
            ErrorWord.HOLDOUT_TOO_SMALL,
            wanted.image,
            model,
            holdout,
            detail="12 rows",
        )
    serving = None
    if wanted.serving is not None:
        serving = Serving(wanted.serving, _measured(texts.truth(wanted.serving)))
    measured = _measured(truth) if "intent" in truth.heads else None
    return TextReport(
        Outcome.MEASURED,
        "",
        wanted.image,
        model,
        holdout,
        measured,
        0.9,
        truth.scope_auroc if measured else None,
        serving,
    )


def _measured(truth: TextTruth) -> TextMeasured:
    return TextMeasured(truth.macro_f1, 0.6, truth.ece)


def move_texts(world: World) -> bool:
    """Let each ready pod that looks for a text model load what lies there; tell whether one changed."""
    before = [(pod.text, pod.text_error) for pod in world.pods]
    for pod in world.pods:
        if pod.ready and pod.takes_text and not world.texts.late:
            _load(world, pod)
    return before != [(pod.text, pod.text_error) for pod in world.pods]


def _load(world: World, pod: Pod) -> None:
    served = world.texts.served
    if served is None:
        pod.text, pod.text_error = None, None
    elif world.texts.truth(served).loads:
        pod.text, pod.text_error = served, None
    else:
        pod.text_error = ErrorWord.SCHEMA_MISMATCH


def text_window(world: World, pod: Pod) -> TextWindow | None:
    """Make what a pod reports of its text model."""
    if not pod.takes_text:
        return None
    if pod.text is None:
        return TextWindow(None, pod.text_error)
    observed = (TEXTS, 0) if world.texts.truth(pod.text).drifts else (TEXTS // 2, TEXTS // 2)
    expected = (TEXTS / 2, TEXTS / 2)
    intent = FeatureWindow("categorical", TEXTS, 5000, 1e5, observed, expected)
    return TextWindow(pod.text, pod.text_error, TEXTS, {"intent": intent})
