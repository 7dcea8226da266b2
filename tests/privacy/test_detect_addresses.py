"""The town and postcode behind a street are part of the address; other numbers and words behind a street are not."""

import pytest

from leadmodel_privacy import addresses
from leadmodel_privacy.detect import redact

WHOLE = [
    "221 Baker Street, London NW1 6XE",
    "12 High Street, Little Snoring, Norfolk, NR21 0JD",
    "742 Evergreen Terrace\nSpringfield\nIL 62704",
    "742 Evergreen Terrace, Apt 4B, Springfield, IL 62704-1234",
    "15 Collins Street, Melbourne VIC 3000",
    "100 Queen Street West, Toronto, ON M5H 2N2",
    "Hauptstraße 5, 10115 Berlin",
    "Bahnhofstrasse 12, CH-8001 Zürich",
    "Keizersgracht 123, 1015 CJ Amsterdam",
    "12 rue de la Paix, 75002 Paris",
    "Calle Mayor 5, 28013 Madrid",
    "Calle Mayor 5, Madrid, 28013",
    "Via Roma 10, 00184 Roma",
    "Rua Augusta 1500, São Paulo, 01304-001",
    "Rua Garrett 12, 1200-203 Lisboa",
    "14 MG Road, Bangalore 560001",
    "5 Gary Causeway\nTrevinoton, VIC, 2949",
]
SAME_AFTER = [
    ("5 Main Street", ", Order 12345"),
    ("5 Main Street", ", Invoice 560001"),
    ("5 Main Street", ", Bob and 12345 others"),
    ("5 Main Street", " in March 2026"),
    ("5 Main Street", ", March 2026"),
    ("5 Main Street", ", Springfield, 12,500 USD"),
    ("Hauptstraße 5", ", Termin 2026"),
]


@pytest.mark.parametrize("text", WHOLE)
def test_an_address_is_found_to_its_end(text):
    assert redact(f"ship to {text}, please")[0] == "ship to [ADDRESS], please"
    assert redact(f"ship to {text}")[0] == "ship to [ADDRESS]"


@pytest.mark.parametrize(("street", "rest"), SAME_AFTER)
def test_what_is_no_town_stays(street, rest):
    assert redact(f"meet at {street}{rest}")[0] == f"meet at [ADDRESS]{rest}"


def test_without_the_tail_the_postcode_stays(monkeypatch):
    """The control."""
    monkeypatch.setattr(addresses, "with_town", lambda _scanned, street: street)
    assert redact("ship to 14 MG Road, Bangalore 560001")[0] != "ship to [ADDRESS]"
