"""What the predictor's tests share."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def full() -> bool:
    """Whether to run the proofs at full size: LEADMODEL_FULL=1."""
    return os.environ.get("LEADMODEL_FULL") == "1"


@pytest.fixture(scope="session")
def real_leads() -> Path:
    """The folder of real leads."""
    folder = os.environ.get("LEADMODEL_DATA")
    if folder is None:
        pytest.skip("LEADMODEL_DATA names no folder of real leads")
    return Path(folder)
