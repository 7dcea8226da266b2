"""FastAPI around a scikit-learn pipeline: each request becomes a DataFrame, as most tutorials do.

python app.py PORT model.json model.joblib
"""

import sys
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

sys.path.append(str(Path(__file__).parents[1]))
from pipeline import Scorer

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


@app.post("/predict")
def predict(lead: Lead):
    """One lead."""
    return {"score": scorer.scores([lead.model_dump()])[0], "model": "lead-conversion"}


@app.post("/predict/batch")
def batch(leads: list[Lead]):
    """A list of leads."""
    return [
        {"score": score, "model": "lead-conversion"}
        for score in scorer.scores([x.model_dump() for x in leads])
    ]


if __name__ == "__main__":
    scorer = Scorer(*sys.argv[2:4])
    uvicorn.run(
        app, port=int(sys.argv[1]), http="httptools", loop="uvloop", access_log=False, log_level="warning"
    )
