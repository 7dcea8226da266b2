"""The validator reads a holdout of one's own as a training would, and refuses with a clear reason what could mean two things."""

from dataclasses import replace

import pytest

from leadmodel_artifact.model import Feature, FeatureKind
from leadmodel_predictor.jobs import holdout
from support.small_models import linear

FEE = replace(linear(), features=(Feature("fee", FeatureKind.NUMERIC, "fee", default=0.0),))


def read(delimiter: str, *fees: str) -> list[float | None]:
    lines = [f"fee{delimiter}y", *(f'"{fee}"{delimiter}{i % 2}' for i, fee in enumerate(fees))]
    return [lead.get("fee") for lead, _ in holdout.read("\n".join(lines).encode(), FEE)]


def test_numbers_with_semicolons_that_may_be_decimals_or_thousands_are_refused():
    with pytest.raises(holdout.HoldoutError) as caught:
        read(";", "1,234", "2,345", "7")
    message = str(caught.value)
    assert message == (
        "'fee' of the holdout has numbers such as 1,234, which may be 1234 or 1.234; write plain numbers"
    )
    assert "2,345" not in message


@pytest.mark.parametrize(
    ("delimiter", "fees", "wanted"),
    [
        (";", ["1,234", "2,5"], [1.234, 2.5]),
        (";", ["1.234,5", "2.345"], [1234.5, 2345.0]),
        (",", ["1,234", "2,345"], [1234.0, 2345.0]),
        (";", ["1.234", "2.345"], [1.234, 2.345]),
    ],
)
def test_the_control_one_number_that_decides_or_commas_between_fields_are_enough(delimiter, fees, wanted):
    assert read(delimiter, *fees) == wanted
