"""The lead of docs/followups.md is one that the intake takes."""

import copy
import json

import pytest

from leadmodel_artifact.jsonnode import LayoutError
from leadmodel_followup.intake.requests import read_lead
from support.docs_commands import ROOT, marked

NOW_MS = 1_790_000_000_000


def lead_of_the_page():
    """The document that the page shows to callers."""
    documents = [json.loads(block) for block in marked(ROOT / "docs" / "followups.md", "json")]
    (lead,) = [document for document in documents if "lead" in document]
    return lead


def test_the_lead_of_the_page_is_taken_whole():
    shown = lead_of_the_page()
    lead = read_lead(copy.deepcopy(shown), NOW_MS)
    assert (lead.lead, lead.person, lead.score, lead.intent) == ("lead-17", "crm-4711", 0.83, "demo")
    assert (lead.contact.name, lead.contact.language) == ("Ada", "en")
    assert lead.contact.addresses == shown["addresses"]
    assert set(lead.consents) == set(shown["consents"])


def test_control_a_score_out_of_bounds_is_refused():
    with pytest.raises(LayoutError, match="score"):
        read_lead(lead_of_the_page() | {"score": 7}, NOW_MS)
