"""Headers of scrapers are read as HTTP means them, and a header that means nothing gets plain text."""

import pytest

from leadmodel_messages.negotiation import accepts_gzip, wants_openmetrics

PROMETHEUS_2_42 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        (PROMETHEUS_2_42, True),
        ("application/openmetrics-text", True),
        ("APPLICATION/OpenMetrics-Text; version=1.0.0", True),
        ("text/plain, application/openmetrics-text", True),
        ("text/plain;q=0.9, application/openmetrics-text;q=0.1", False),
        ("application/openmetrics-text;q=0", False),
        ("application/openmetrics-text;q=often", False),
        ("application/openmetrics-text;q=nan", False),
        ("*/*", False),
        ("text/html,text/plain", False),
        ("", False),
        (";;q==,,", False),
    ],
)
def test_openmetrics_goes_to_whom_it_suits_best(accept, wanted):
    assert wants_openmetrics(accept) is wanted


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        ("gzip", True),
        ("deflate, GZIP;q=0.5", True),
        ("*", True),
        ("gzip;q=0", False),
        ("gzip;q=0, *", False),
        ("br, deflate", False),
        ("", False),
    ],
)
def test_gzip_goes_to_whom_it_suits(header, accepted):
    assert accepts_gzip(header) is accepted
