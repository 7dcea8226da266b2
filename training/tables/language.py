"""Fits the table of languages: a multinomial logistic regression over the grams of snippets, rounded to signed bytes."""

from collections import Counter

import numpy as np
import snippets
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from leadmodel_text.document import LanguageHead, Table
from leadmodel_text.language import grams

CLASSES = (*snippets.OURS, "other")
SEED, PER_LANGUAGE, OTHERS = 7, 4_000, 6_000
LEAST, KEPT = 15, 6_000  # snippets in which a gram must stand; grams that get a row
STRENGTH, ROUNDS = 10.0, 250
MIN_CONFIDENCE, MIN_WORDS = 0.7, 3
DIGITS = 4  # of floats, so that machines agree on the file


def head() -> LanguageHead:
    """Return the table, fitted twice: over all frequent grams, then over those that matter."""
    made = snippets.snippets(SEED, PER_LANGUAGE, OTHERS)
    counted = [Counter(gram for word in words for gram in grams(word)) for words, _ in made]
    truth = [CLASSES.index(label) for _, label in made]
    rows_with = Counter(gram for counts in counted for gram in counts)
    frequent = sorted(gram for gram, rows in rows_with.items() if rows >= LEAST)
    weights = _fit(counted, truth, frequent).coef_
    worth = np.linalg.norm(weights, axis=0) * np.sqrt([rows_with[gram] for gram in frequent])
    kept = sorted(frequent[place] for place in np.argsort(-worth, kind="stable")[:KEPT])
    fitted = _fit(counted, truth, kept)
    scale = float(np.abs(fitted.coef_).max()) / 127
    whole = np.rint(fitted.coef_.T / scale).astype(np.int8)
    bias = tuple(round(float(value), DIGITS) for value in fitted.intercept_)
    table = Table(tuple(kept), whole.tobytes(), round(scale, DIGITS + 2), bias)
    return LanguageHead(CLASSES, table, 1.0, MIN_CONFIDENCE, MIN_WORDS)


def _fit(counted: list[Counter[str]], truth: list[int], features: list[str]) -> LogisticRegression:
    """Fit over count / √n of the features, n being the number of grams of the snippet that are features."""
    index = {gram: place for place, gram in enumerate(features)}
    known = [{index[gram]: count for gram, count in counts.items() if gram in index} for counts in counted]
    starts = np.cumsum([0, *map(len, known)])
    columns = np.fromiter((place for row in known for place in row), dtype=np.int32, count=int(starts[-1]))
    values = np.concatenate(
        [np.fromiter(row.values(), float, len(row)) / max(1, sum(row.values())) ** 0.5 for row in known]
    )
    matrix = csr_matrix((values, columns, starts), shape=(len(known), len(features)))
    return LogisticRegression(C=STRENGTH, max_iter=ROUNDS, tol=1e-3).fit(matrix, truth)
