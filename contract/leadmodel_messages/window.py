"""The drift window a predictor ships: additive counts of the last leads beside the counts that the model's reference expects.

Windows of replicas add up exactly (`window_sums.py`), and a reader of the document (`window_document.py`) needs no reference. The predictor
counts leads; the planner decides about drift.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from leadmodel_messages.errors import ErrorWord

MAX_MONITORED = 101  # features and the score
MAX_NAME = 128  # characters of a feature's name
MAX_TEXT_FEATURES = 16
TEXT_HEADS = ("intent", "sentiment", "urgency", "language")
UNKNOWN_WORDS, TEXT_LENGTH = "unknown", "length"
DECILES = 10


@dataclass(frozen=True)
class MissingWindow:
    """Leads with and without a value, beside the leads of either kind that the reference leads one to expect; shaped as two bins."""

    n: int
    n_ref: int
    shrink: float
    observed: tuple[int, ...]
    expected: tuple[float, ...]


@dataclass(frozen=True)
class FeatureWindow:
    """One feature, or the score: leads per bin, and Σ_h n_h q(b|h) per bin, both of leads at hours the reference knows.

    `n` counts those leads, `n_ref` the rows of the reference, `shrink` is the K of the PSI's noise; `sum` and `sumsq` add up the values
    of the leads, `mean` and `std` are those of the reference. `missing` also counts leads without a value; None: not counted.
    """

    kind: str
    n: int
    n_ref: int
    shrink: float
    observed: tuple[int, ...]
    expected: tuple[float, ...]
    sum: float = 0.0
    sumsq: float = 0.0
    mean: float = 0.0
    std: float = 0.0
    missing: MissingWindow | None = None


@dataclass(frozen=True)
class HoursWindow:
    """Leads of the last 24 hours per UTC hour, beside the reference's leads per hour scaled to as many."""

    n: int
    n_ref: int
    observed: tuple[int, ...]
    expected: tuple[float, ...]


@dataclass(frozen=True)
class PairedWindow:
    """The challenger's scores beside the champion's, on the `n` leads that both scored; counts and sums add up over processes.

    `sum` and `sumsq` are of the differences, challenger minus champion. `deciles` holds 10 × 10 counts, row by row: the row is the tenth of
    the champion's reference in which the champion's score falls, the column the tenth of the same reference in which the challenger's
    falls. Empty: the champion has no reference of its scores.
    """

    n: int = 0
    sum: float = 0.0
    sumsq: float = 0.0
    deciles: tuple[int, ...] = ()


@dataclass(frozen=True)
class SlotWindow:
    """What one model saw. `bad` counts leads the model refuses or scores non-finite, `unsupported` leads at hours without reference.

    `unread` counts leads of `n` that a challenger could not be given, because what the champion kept of them does not say what the
    challenger would have read; nobody knows whether it would have refused them. `paired` is of a challenger only.
    """

    digest: str
    method: str
    n: int
    bad: int
    unsupported: int
    leads_by_hour: tuple[int, ...]
    ref_by_hour: tuple[int, ...]
    features: Mapping[str, FeatureWindow]
    hours: HoursWindow | None = None
    unread: int = 0
    paired: PairedWindow | None = None


@dataclass(frozen=True)
class ShareWindow:
    """What became of the leads while the challenger of this digest has a share of `weight` per cent; counts and seconds add up over processes.

    All counts begin when the process loads the challenger, and go on while the weight changes. `answered`: leads that got the challenger's
    score. The champion answered the others of the share: `failed` counts leads for which the challenger raised or had no finite score,
    `refused` leads that the challenger did not read though the champion did. `champion_answered` are all leads that got the champion's
    score while a share was in force. `seconds` and `champion_seconds` are the times in which the two read and scored the leads that they
    answered. `is_agreed` is of a sum: whether every process gives this challenger this weight; `weight` is then the smallest.
    """

    digest: str
    weight: int
    answered: int = 0
    failed: int = 0
    refused: int = 0
    seconds: float = 0.0
    champion_answered: int = 0
    champion_seconds: float = 0.0
    is_agreed: bool = True


@dataclass(frozen=True)
class TextWindow:
    """What one text model answered: the newest `n` texts, per head the texts per label, of which the last bin had none.

    `features` holds TEXT_HEADS, `unknown` (share of a text's words that the model does not know) and `length` (words), as far as the
    model has a reference of them; texts have no hours. `digest` None: no text model serves; `error`: why the newest file does not.
    """

    digest: str | None
    error: ErrorWord | None = None
    n: int = 0
    features: Mapping[str, FeatureWindow] = field(default_factory=dict)


@dataclass(frozen=True)
class Window:
    """The document of one process since `boot`; `now` and the keys of `since` are Unix seconds, `since` counts leads newer than its keys.

    `text` is None where the process was started without a text model, or by a release that knows none. `takes_challenger` is false where
    it was started without a place for challengers; `challenger_error`: why what lies in that place is not loaded.
    `share` is None where the challenger answers no leads, or in a release that knows no shares; `share_error`: why the share that lies
    beside the challenger is not in force.
    """

    boot: str
    now: float
    champion: SlotWindow | None
    previous: SlotWindow | None
    span_s: float = 0.0
    since: Mapping[str, int] = field(default_factory=dict)
    text: TextWindow | None = None
    challenger: SlotWindow | None = None
    challenger_error: ErrorWord | None = None
    takes_challenger: bool = False
    share: ShareWindow | None = None
    share_error: ErrorWord | None = None
