"""Fits the weights of the name tagger: logistic regression over the features of every word that the tagger would judge."""

import lzma
import random
from collections import Counter, defaultdict
from collections.abc import Iterable

import numpy as np
from scipy.sparse import csr_matrix
from sentences import Sentence
from sklearn.linear_model import LogisticRegression

from leadmodel_privacy.name_features import features
from leadmodel_privacy.name_tagger import SCALE, Tagger
from leadmodel_privacy.name_tokens import CANDIDATE, NAME, UNLISTED, Lexicon, Token, can_continue_name, tokens

UNLISTED_NAMES, UNLISTED_WORDS, FORGOTTEN_WORDS, FORGOTTEN_CONTEXT, OVERLOOKED = 0.14, 0.01, 0.5, 0.25, 0.12
LEAST = 3  # occurrences of a feature that gets a weight
SMALLEST = 2  # weights below are left out
NAMES_COUNT = 1.4  # weight of a row that is a name
Row = tuple[list[str], bool]


class Recorder(Tagger):
    """A tagger that decides by the truth and records what it saw, so that training and reading see the same."""

    def __init__(self, lexicon: Lexicon, chance: random.Random) -> None:
        super().__init__(lexicon, {})
        self.rows: list[Row] = []
        self._chance = chance
        self._names: frozenset[int] = frozenset()

    def record(self, sentence: Sentence) -> None:
        """Record the rows of a sentence."""
        inside = frozenset(i for start, end in sentence.names for i in range(start, end))
        self._names = inside
        read = tokens(sentence.text, sentence.text.lower(), self.lexicon, (), bytes(len(sentence.text)))
        read = [self._worn(token) for token in read]
        for _ in range(2):
            read = self.read(read, 0)

    def _worn(self, token: Token) -> Token:
        """The token, sometimes as if it were in no list."""
        is_name = token.start in self._names
        if self._chance.random() < (UNLISTED_NAMES if is_name else UNLISTED_WORDS) and len(token.word) > 2:
            return token._replace(code=UNLISTED, kind=CANDIDATE)
        return token

    def _is_name(
        self, done: list[Token], token: Token, right: tuple[Token, Token], text_style: str, threshold: int
    ) -> bool:
        del threshold
        if token.kind != CANDIDATE and not can_continue_name(done[-1], token):
            return False
        is_name = token.start in self._names
        around = (done[-2], done[-1], token, *right)
        if self._chance.random() < FORGOTTEN_CONTEXT:
            around = tuple(t if t is token or t.kind == NAME else t._replace(word="~") for t in around)
        known = features(around, text_style)
        if self._chance.random() < FORGOTTEN_WORDS:
            known = [feature for feature in known if feature != f"w{token.word}"]
        self.rows.append((known, is_name))
        return is_name and self._chance.random() >= OVERLOOKED


def rows(sentences: Iterable[Sentence], lexicon: Lexicon, seed: int) -> list[Row]:
    """Every word that the tagger would judge, with its features and whether it is a name."""
    recorder = Recorder(lexicon, random.Random(seed))
    for sentence in sentences:
        recorder.record(sentence)
    return recorder.rows


def fit(judged: list[Row], strength: float) -> dict[str, int]:
    """The weights of the features, as whole numbers; a feature without weight is left out."""
    counts = Counter(feature for known, _ in judged for feature in known)
    index = {feature: i for i, feature in enumerate(sorted(f for f, n in counts.items() if n >= LEAST))}
    places = [sorted({index[f] for f in known if f in index}) for known, _ in judged]
    starts = np.cumsum([0, *map(len, places)])
    columns = np.fromiter((i for row in places for i in row), dtype=np.int32, count=int(starts[-1]))
    table = csr_matrix(
        (np.ones(len(columns), dtype=np.float32), columns, starts), shape=(len(judged), len(index))
    )
    truth = np.array([is_name for _, is_name in judged])
    model = LogisticRegression(
        solver="liblinear",
        C=strength,
        class_weight={False: 1.0, True: NAMES_COUNT},
        random_state=0,
        max_iter=200,
    )
    model.fit(table, truth)
    whole = {f: round(float(model.coef_[0][i]) * SCALE) for f, i in index.items()}
    whole["bias"] = round(float(model.intercept_[0]) * SCALE)
    return {feature: weight for feature, weight in whole.items() if abs(weight) >= SMALLEST}


def packed(weights: dict[str, int]) -> bytes:
    """The weights in one compressed file: a line for each weight with its features."""
    groups: defaultdict[int, list[str]] = defaultdict(list)
    for feature, weight in weights.items():
        groups[weight].append(feature)
    lines = ["\t".join([str(weight), *sorted(groups[weight])]) for weight in sorted(groups)]
    return lzma.compress("\n".join(lines).encode(), preset=9 | lzma.PRESET_EXTREME)
