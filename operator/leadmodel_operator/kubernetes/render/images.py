"""The images that objects are rendered with where a LeadModel names none. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Images:
    """Images the operator uses where a LeadModel names none."""

    predictor: str
    training: str
    privacy: str
    followup: str = ""
