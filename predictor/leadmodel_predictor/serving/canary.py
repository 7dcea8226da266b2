"""A share in force: which leads the challenger answers, with which words each model answers, and what became of the leads."""

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite

from leadmodel_messages.share import Share
from leadmodel_messages.window import ShareWindow
from leadmodel_predictor.serving.fields import Values
from leadmodel_statistics.buckets import bucketing


@dataclass
class Counts:
    """What became of leads since the process loaded the challenger; the fields are those of `ShareWindow`."""

    answered: int = 0
    failed: int = 0
    refused: int = 0
    seconds: float = 0.0
    champion_answered: int = 0
    champion_seconds: float = 0.0

    def is_answer(self, score: float, values: Values | None, seconds: float) -> bool:
        """Count a lead of the share, and tell whether the challenger answers; else the champion does.

        Args:
            score: the challenger's.
            values: what the challenger read of the lead; None: the challenger refuses the lead.
            seconds: that the challenger took.
        """
        if isfinite(score):
            self.answered += 1
            self.seconds += seconds
            return True
        if values is None:
            self.refused += 1
        else:
            self.failed += 1
        return False

    def champion(self, leads: int, seconds: float) -> None:
        """Count leads that the champion answered in these seconds."""
        self.champion_answered += leads
        self.champion_seconds += seconds


@dataclass(frozen=True)
class Canary:
    """The share in force; a part of the slots, so that it comes and goes between two requests.

    `champion_tail` and `challenger_tail` are everything after the score of an answer; both name the digest that scored.
    """

    share: Share
    takes: Callable[[bytes], bool]  # whether a lead with this unit belongs to the share
    counts: Counts
    champion_tail: bytes
    challenger_tail: bytes

    @classmethod
    def of(cls, share: Share, counts: Counts, champion_tail: bytes, challenger_tail: bytes) -> "Canary":
        """The share in force with the buckets of its challenger."""
        bucket, limit = bucketing(share.digest), share.buckets
        return cls(share, lambda unit: bucket(unit) < limit, counts, champion_tail, challenger_tail)

    def window(self) -> ShareWindow:
        """What the drift window tells of the share."""
        return ShareWindow(self.share.digest, self.share.weight, **vars(self.counts))
