"""The parts of a `leadtext/v1` document as frozen values: the tables of a text model, how good the model was, and where its data came from.

The module holds types and limits only; `reading` and `writing` go between a document and its JSON. The vocabulary of a document is
made of features that stand in the messages of several leads, and its examples are made of the vocabulary: no message is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

SCHEMA = "leadtext/v1"
MAX_FEATURES = 12_000  # of one table
MAX_CLASSES = 32
MAX_FEATURE = 64  # characters of a feature
MAX_NAME = 128  # characters of a model's name, a class or a cue
MAX_CUES = 500
MAX_SEQUENCES = 200  # of one cue
MAX_RAW_BYTES = 4 * 1024 * 1024
MAX_GZIP_BYTES = 300 * 1024
UNKNOWN_BINS = 10  # equal bins of the share of unknown words, from 0 to 1
LENGTH_EDGES = (
    2,
    4,
    8,
    16,
    32,
    64,
    128,
    256,
    512,
)  # words; a text of n words falls behind the edges that are at most n


class DocumentError(ValueError):
    """A document is refused; the message names the field's path and holds no text of the document."""


@dataclass(frozen=True)
class Table:
    """A linear table: `weights` holds one row of signed bytes per feature, with one column per number of `bias`.

    A text with n known features of integer sum S in a column scores scale · S / √n + bias there; without a known feature, bias.
    """

    features: tuple[str, ...]
    weights: bytes
    scale: float
    bias: tuple[float, ...]


@dataclass(frozen=True)
class ClassHead:
    """Intents: softmax(scores / temperature) over `classes`, and the logistic function of the one column of `scope`: is the text a case at all."""

    classes: tuple[str, ...]
    table: Table
    temperature: float
    scope: Table
    min_confidence: float  # of confidence times scope
    min_scope: float
    min_known: float  # share of the text's distinct words that the table knows
    min_words: int


@dataclass(frozen=True)
class Cue:
    """A deadline or a pressure in one language: any of the `words`, each a sequence of tokens. Weight 0 marks the denial of one, as in "no rush"."""

    name: str
    language: str
    weight: float
    words: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class ScoreHead:
    """Urgency from 0 to 1: the noisy-or of the logistic function of `table` (one column) / temperature and of the weights of the cues in a text."""

    table: Table
    temperature: float
    medium: float  # a score from here on has level medium ...
    high: float  # ... and from here on level high
    min_known: float
    min_words: int
    cues: tuple[Cue, ...]


@dataclass(frozen=True)
class LexiconHead:
    """Sentiment: valences of words in one column, turned round by a negation up to `window` words before.

    A score up to `band` on either side of 0 is neutral; `slope` turns the distance of a score from the band into a confidence.
    """

    table: Table
    negations: tuple[str, ...]
    window: int
    band: float
    slope: float
    min_confidence: float


@dataclass(frozen=True)
class LanguageHead:
    """Language: softmax(scores / temperature) of letter grams over `classes`; the class `other` stands for languages that are no class."""

    classes: tuple[str, ...]
    table: Table
    temperature: float
    min_confidence: float
    min_words: int


@dataclass(frozen=True)
class Quality:
    """What the trainer measured on messages it had set aside; None where a figure was not measured."""

    macro_f1: float | None = None
    coverage: float | None = None  # share of messages with a label
    precision_kept: float | None = None  # share of these labels that are right
    oos_auroc: float | None = None  # scope of messages in scope against others
    ece: float | None = None  # expected calibration error of the confidence
    transfer: float | None = None  # macro-F1 on a source that was left out of training
    transfer_precision: float | None = (
        None  # share of the answers on such a source that are right; absent in older documents
    )
    urgency_auc: float | None = None
    urgency_f1: float | None = None
    by_class: Mapping[str, float] = field(default_factory=dict)  # F1 per class
    n_train: int = 0
    n_holdout: int = 0
    holdout_digest: str = ""


@dataclass(frozen=True)
class Reference:
    """The answers on the messages set aside, with which live answers are compared: shares of labels per head, and two histograms of texts."""

    labels: Mapping[str, Mapping[str, float]]
    unknown: tuple[int, ...]  # texts per bin of the share of unknown words
    lengths: tuple[int, ...]  # texts per bin of the number of words, between LENGTH_EDGES


@dataclass(frozen=True)
class Example:
    """A text made of the vocabulary, and the label, confidence and urgency that every program must give; None: no answer."""

    text: str
    intent: str | None = None
    confidence: float | None = None
    urgency: float | None = None


@dataclass(frozen=True)
class Source:
    """Where messages for training came from, under which licence, and how many there were."""

    source: str
    licence: str
    rows: int


@dataclass(frozen=True)
class Document:
    """A text model: its heads, each None where the model has none, and all that is needed to serve, judge and watch the model."""

    name: str
    version: int  # Unix time of the end of training
    trained_at: str
    tokenizer: str  # version of the tokeniser that made the features
    languages: tuple[str, ...]  # in which the intents, the sentiment and the table of urgency answer
    intent: ClassHead | None = None
    sentiment: LexiconHead | None = None
    urgency: ScoreHead | None = None
    language: LanguageHead | None = None
    quality: Quality = field(default_factory=Quality)
    reference: Reference | None = None
    examples: tuple[Example, ...] = ()
    provenance: tuple[Source, ...] = ()
