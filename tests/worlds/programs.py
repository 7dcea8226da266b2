"""How the programs of Jobs end, in the words of their messages: the one place where a world speaks for a program.

What an artifact is really like, what the store holds and how many leads have an outcome are facts of the world; the exit code and the
termination message follow from them here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from leadmodel_messages import failure, poll, report, training
from leadmodel_messages.errors import ErrorWord
from leadmodel_messages.exits import PollExit, TrainExit, ValidateExit
from leadmodel_messages.failure import Failure
from leadmodel_messages.poll import PollAnswer, Stored
from leadmodel_messages.report import ArtifactSeen, Comparison, Outcome, Report, Rows
from leadmodel_messages.training import TrainingAnswer
from leadmodel_messages.uris import place

OLDEST_VERSION = 1_767_000_000


@dataclass(frozen=True)
class Truth:
    """What an artifact is really like."""

    auc: float = 0.75
    loads: bool = True  # pods can load it
    drifts: bool = False  # live leads differ from its reference
    readable: bool = True  # has the right schema
    fails: float = 0.0  # share of live leads for which it has no score
    refuses: float = 0.0  # share of live leads that it alone refuses
    takes_s: float = 0.0001  # seconds per answer


@dataclass(frozen=True)
class Ending:
    """How a program ended; `delivered` is the letter of the artifact that lies in the mailbox."""

    exit_code: int
    message: str
    delivered: str | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the Job of this program succeeded."""
        return self.exit_code == 0


@dataclass(frozen=True)
class ValidationRequest:
    """What a validation is to measure: the artifact under `uri`, or the snapshot that is mounted (`held`)."""

    image: str
    uri: str
    digest: str | None = None  # that the artifact must have
    held: bool = False
    champion: str | None = None  # digests of models to compare with
    best: str | None = None


@dataclass(frozen=True)
class Programs:
    """The facts that programs meet. A store that is None does not answer."""

    digest: Callable[[str], str]  # of the artifact or holdout called by a letter
    letter: Callable[[str], str]
    truths: Mapping[str, Truth]
    store: Mapping[str, str] | None  # URI → letter
    holdout: str
    positives: int

    def poll(self, uri: str) -> Ending:
        """End a poll of this URI."""
        letter = self._fetch(uri)
        if isinstance(letter, Ending):
            return letter
        artifact = Stored(self.digest(letter), size=1000, etag=letter)
        holdout = Stored(self.digest(self.holdout), size=500, etag=self.holdout)
        return Ending(PollExit.ANSWERED, poll.dump(PollAnswer(place(uri), artifact, holdout)))

    def train(self, letter: str, uri: str) -> Ending:
        """End a training that wrote the artifact called `letter`."""
        answer = TrainingAnswer(digest=self.digest(letter), auc=self._truth(letter).auc, uri=place(uri))
        return Ending(TrainExit.WRITTEN, training.dump(answer))

    def validate(self, request: ValidationRequest) -> Ending:
        """End a validation: a failure, or a report and (where the bytes are the model asked for) a delivery."""
        letter = self.letter(request.digest or "") if request.held else self._fetch(request.uri)
        if isinstance(letter, Ending):
            return letter
        moved = request.digest not in {None, self.digest(letter)}
        good = self._truth(letter).readable and not moved
        if good and self.store is None:
            line = failure.dump(Failure(ErrorWord.HOLDOUT_UNAVAILABLE, "the store did not answer"))
            return Ending(ValidateExit.UNMEASURED, line)
        line = report.dump(self.report(request, letter, moved=moved))
        return Ending(ValidateExit.REPORTED, line, letter if good else None)

    def report(self, request: ValidationRequest, letter: str, *, moved: bool = False) -> Report:
        """Write the report of a validation that read the artifact called `letter`."""
        truth = self._truth(letter)
        artifact = ArtifactSeen(self.digest(letter), size=1000, gz=500)
        if moved or not truth.readable:
            reason = ErrorWord.SOURCE_MOVED if moved else ErrorWord.SCHEMA_MISMATCH
            return Report(Outcome.REFUSED, reason, request.image, artifact)
        rows = Rows(self.positives * 10, self.positives, self.positives * 9)
        return Report(
            outcome=Outcome.MEASURED,
            reason="",
            image=request.image,
            artifact=replace(artifact, version=OLDEST_VERSION + ord(letter), claimed_auc=truth.auc),
            holdout_digest=self.digest(self.holdout),
            holdout=rows,
            used=rows,
            auc=truth.auc,
            var=0.0001,
            lower=truth.auc - 0.02,
            brier_skill=0.1,
            oe=1.0,
            slope=1.0,
            champion=self._comparison(request.champion, truth.auc),
            best=self._comparison(request.best, truth.auc),
        )

    def _comparison(self, other: str | None, auc: float) -> Comparison | None:
        if other is None:
            return None
        known = self._truth(self.letter(other)).auc
        return Comparison(other, known, auc - known, 0.005, self.positives, self.positives * 9)

    def _fetch(self, uri: str) -> str | Ending:
        if self.store is not None and uri in self.store:
            return self.store[uri]
        word = ErrorWord.ARTIFACT_UNREACHABLE if self.store is None else ErrorWord.ARTIFACT_NOT_FOUND
        return Ending(
            PollExit.UNAVAILABLE, failure.dump(Failure(word, "the store did not give it", place(uri)))
        )

    def _truth(self, letter: str) -> Truth:
        return self.truths.get(letter, Truth())
