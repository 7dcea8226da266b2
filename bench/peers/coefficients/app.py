"""FastAPI around the artifact's own coefficients, in plain Python: what is left of the distance without pandas and scikit-learn.

python app.py PORT model.json
"""

import json
import sys
from datetime import UTC, datetime
from math import exp
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Lead(BaseModel):
    """What is sent."""

    created_at: str
    details: str
    source: str
    industry: str
    country: str
    staff: float
    visits: float


class Scorer:
    """Numbers and tables of one model."""

    def __init__(self, document):
        model, calibration = (
            document["model"],
            document.get("calibration") or {"slope": 1.0, "intercept": 0.0},
        )
        self.intercept = model["intercept"]
        self.slope, self.shift = calibration["slope"], calibration["intercept"]
        self.terms, left = [], model["coefficients"]
        for feature in document["features"]:
            width = len(feature["levels"]) + 1 if feature["kind"] == "categorical" else 1
            own, left = left[:width], left[width:]
            self.terms.append((feature, dict(zip(feature["levels"], own, strict=False)), own[-1]))

    def score(self, lead):
        """One score."""
        z = self.intercept
        for feature, table, weight in self.terms:
            found = getattr(lead, feature["source"])
            match feature["kind"]:
                case "categorical":
                    z += table.get(found, weight)
                    continue
                case "text_length":
                    found = len(found)
                case "hour_of_day":
                    found = datetime.fromisoformat(found).astimezone(UTC).hour
            z += weight * (found - feature["mean"]) / feature["scale"]
        return 1 / (1 + exp(-(self.slope * z + self.shift)))


@app.post("/predict")
async def predict(lead: Lead):
    """One lead."""
    return {"score": scorer.score(lead), "model": "lead-conversion"}


@app.post("/predict/batch")
async def batch(leads: list[Lead]):
    """A list of leads."""
    return [{"score": scorer.score(lead), "model": "lead-conversion"} for lead in leads]


if __name__ == "__main__":
    scorer = Scorer(json.loads(Path(sys.argv[2]).read_text()))
    uvicorn.run(
        app, port=int(sys.argv[1]), http="httptools", loop="uvloop", access_log=False, log_level="warning"
    )
