"""The settings of a training, as its program, its tests and a notebook give them."""

from dataclasses import dataclass

from leadmodel_training.lead_texts import TextSource
from leadmodel_training.recipes import Recipe

AUTO = "auto"


@dataclass(frozen=True)
class TrainingRequest:
    """The settings of a training.

    Attributes:
        label: Column with the outcome.
        exclude: Columns known only after the outcome.
        allow: Columns that look as if they knew the outcome, but do not.
        allow_personal: Columns that look like personal data, and stay in artifact and holdout as they are.
        time_column: Column with the time of the lead; None takes `created_at`, if there is one.
        time_format: How that column writes times: a format of `strptime`, a word of `times.UNITS`, or None.
        numeric: Columns that hold numbers, whatever else they hold.
        categorical: Columns that hold categories, even if these are numbers.
        positive: The label of a lead that converted; None: yes, true or 1.
        require: Columns without which no lead is scored; leads without them are left out.
        id_column: Column that identifies a lead; None takes all inputs together.
        recipe: A `Recipe`, or `auto` to compare both.
        horizon_days: Days that a lead's outcome needs; younger leads are left out.
        holdout_share: Share of the newest leads kept out.
        calibration_share: Least share of the newest training leads that calibrates a model of the others; 0: no calibration.
        name: Name of the model.
        parent: Digest of the model that this one follows.
        seed: Seed of everything random.
        texts: The text model and the fields for text features, None for a model without them.
    """

    label: str = "y"
    exclude: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    allow_personal: tuple[str, ...] = ()
    time_column: str | None = None
    time_format: str | None = None
    numeric: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    positive: str | None = None
    require: tuple[str, ...] = ()
    id_column: str | None = None
    recipe: str = Recipe.LINEAR
    horizon_days: float | None = None
    holdout_share: float = 0.2
    calibration_share: float = 0.1
    name: str = "lead-conversion"
    parent: str | None = None
    seed: int = 0
    texts: TextSource | None = None
