"""The truth document beside a file of drawn leads: the parameters, and the chances behind the outcomes, summed per stretch of days."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from leadmodel_training.world import DAY_S, Leads, World, bayes_auc
from leadmodel_training.world_days import draw

SCHEMA = "leadmodel.truth/v1"
EXACT_DRAWS = 200_000  # leads of an undisturbed world over which its Bayes AUC is taken


def seen_labels(leads: Leads, end: float) -> Leads:
    """The leads with the outcomes known at `end` (Unix seconds): a lead that converts later has not converted yet."""
    return replace(leads, y=leads.y & (leads.time + leads.delay * DAY_S <= end))


def truth_path(out: Path) -> Path:
    """The path of the truth document of a file of leads."""
    return out.with_name(out.name + ".truth.json")


def truth(leads: Leads, world: World, seed: int, days: int, labels: str) -> dict[str, Any]:
    """The truth document: the parameters of the draw, and the chance behind each outcome, summed per stretch of days."""
    calm = draw(
        replace(world, shifts=(), per_day=EXACT_DRAWS / 7), seed + 1, range(7)
    )  # one week with its weekend
    turns = sorted({0, *(shift.day for shift in world.shifts if shift.day < days)})
    day = np.floor((leads.time - world.start.timestamp()) / DAY_S)
    return {
        "schema": SCHEMA,
        "seed": seed,
        "days": days,
        "labels": labels,
        "world": {
            **{
                k: v
                for k, v in asdict(world).items()
                if k != "shifts" and (k != "text_odds" or v is not None)
            },
            "start": world.start.isoformat(),
        },
        "shifts": [asdict(shift) for shift in world.shifts],
        "rows": len(leads),
        "y": int(leads.y.sum()),
        "duplicates": int(leads.duplicate.sum()),
        "bayesAuc": round(bayes_auc(calm.chance), 4),
        "stretches": [
            _stretch(leads.take((day >= begin) & (day < end)), begin, end)
            for begin, end in zip(turns, [*turns[1:], days], strict=True)
        ],
    }


def _stretch(leads: Leads, begin: int, end: int) -> dict[str, Any]:
    """One stretch of days between shifts; `bayesAuc` is the best AUC that any model can reach there in expectation."""
    mixed = len(leads) > 1 and leads.chance.max() > leads.chance.min()
    return {
        "fromDay": begin,
        "toDay": end,
        "rows": len(leads),
        "y": int(leads.y.sum()),
        "expectedRate": round(float(leads.chance.mean()), 5) if len(leads) else None,
        "bayesAuc": round(bayes_auc(leads.chance), 4) if mixed else None,
        "shifted": int(leads.shifted.sum()),
        "missing": {
            "details": int(np.isnan(leads.length).sum()),
            "source": int((leads.source < 0).sum()),
            "staff": int(np.isnan(leads.staff).sum()),
        },
    }
