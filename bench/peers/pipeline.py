"""The artifact's model as people serve it without LeadModel: a scikit-learn pipeline on a DataFrame.

Runs where a peer's packages are, so it knows nothing of LeadModel but the JSON file. The pipeline is a usual one (scaler, one-hot
encoder, logistic regression) with the artifact's own numbers in place of fitted ones: same work, same scores.

    python pipeline.py model.json model.joblib
"""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

CATEGORICAL = "categorical"


def columns(features, leads):
    """Leads → one list a feature. Lengths and hours are found here, in Python: pandas would be slower for one lead."""
    return {feature["name"]: [_value(feature, lead) for lead in leads] for feature in features}


def _value(feature, lead):
    found = lead[feature["source"]]
    match feature["kind"]:
        case "text_length":
            return float(len(found))
        case "hour_of_day":
            return float(datetime.fromisoformat(found).astimezone(UTC).hour)
        case _:
            return found


def build(document):
    """A pipeline that computes what the document means."""
    features = document["features"]
    levels = [f for f in features if f["kind"] == CATEGORICAL]
    numbers = [f for f in features if f["kind"] != CATEGORICAL]
    encoder = OneHotEncoder(categories=[f["levels"] for f in levels], handle_unknown="ignore")
    regression = LogisticRegression()
    steps = ColumnTransformer(
        [("numbers", StandardScaler(), _names(numbers)), ("levels", encoder, _names(levels))]
    )
    pipeline = make_pipeline(steps, regression)
    pipeline.fit(_some_rows(features), [0, 1])
    scaler = steps.named_transformers_["numbers"]
    scaler.mean_ = np.array([f["mean"] for f in numbers])
    scaler.scale_ = np.array([f["scale"] for f in numbers])
    scaler.var_ = scaler.scale_**2
    weights, constant = _weights(document)
    regression.coef_ = np.array([[*_of(weights, numbers), *_of(weights, levels)]])
    regression.intercept_ = np.array([constant])
    return pipeline


def _names(features):
    return [feature["name"] for feature in features]


def _of(weights, features):
    return [weight for feature in features for weight in weights[feature["name"]]]


def _some_rows(features):
    """Two rows to fit on, for the shapes; what is learnt from them is replaced."""
    return pd.DataFrame(
        {
            f["name"]: f["levels"][:1] * 2 if f["kind"] == CATEGORICAL else [f["mean"], f["mean"] + 1]
            for f in features
        }
    )


def _weights(document):
    """Weights a feature and the constant, with the calibration multiplied in.

    The encoder gives an unknown level no column, so what the artifact adds for `other` goes into the constant.
    """
    left = document["model"]["coefficients"]
    calibration = document.get("calibration") or {"slope": 1.0, "intercept": 0.0}
    slope, constant = calibration["slope"], document["model"]["intercept"]
    found = {}
    for feature in document["features"]:
        if feature["kind"] == CATEGORICAL:
            own, left = left[: len(feature["levels"]) + 1], left[len(feature["levels"]) + 1 :]
            constant += own[-1]
            found[feature["name"]] = [slope * (weight - own[-1]) for weight in own[:-1]]
        else:
            found[feature["name"]], left = [slope * left[0]], left[1:]
    return found, slope * constant + calibration["intercept"]


class Scorer:
    """A pipeline from its file, and the features it takes."""

    def __init__(self, document, pipeline):
        self.features = json.loads(Path(document).read_text())["features"]
        self.pipeline = joblib.load(pipeline)

    def scores(self, leads):
        """One score a lead."""
        return self.pipeline.predict_proba(pd.DataFrame(columns(self.features, leads)))[:, 1].tolist()


if __name__ == "__main__":
    joblib.dump(build(json.loads(Path(sys.argv[1]).read_text())), sys.argv[2])
