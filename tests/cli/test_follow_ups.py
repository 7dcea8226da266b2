"""What people read about follow-ups: one line of `why`, an advice for what is wrong, and a preview before anything is applied."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from leadmodel_cli.kubectl.manifest import object_schema, with_defaults
from leadmodel_cli.kubectl.preview import preview
from leadmodel_cli.views import tree
from leadmodel_cli.views.advice import advise
from leadmodel_cli.views.children import Children
from leadmodel_cli.views.why import why

EXAMPLES = Path(__file__).parents[2] / "crds" / "examples"
NOW = datetime(2026, 1, 5, tzinfo=UTC)
COUNTS = {"sent24h": 12, "failed24h": 1, "waiting": 3}


def lead_model(status: str, reason: str, message: str, counts: Any = COUNTS) -> dict[str, Any]:
    """A document of a LeadModel that serves, with follow-ups in some state."""
    conditions = [
        {"type": kind, "status": value, "reason": "Serving", "message": "it serves"}
        for kind, value in (("Ready", "True"), ("Stalled", "False"), ("Reconciling", "False"))
    ]
    conditions.append({"type": "FollowUpsHealthy", "status": status, "reason": reason, "message": message})
    known = {"followUps": counts} if counts is not None else {}
    return {
        "metadata": {"name": "conversion", "namespace": "sales"},
        "status": {"conditions": conditions, **known},
    }


@pytest.mark.parametrize(
    ("status", "reason", "words"),
    [
        ("True", "Healthy", "Follow-ups are sent (Healthy): "),
        ("False", "UnsafeLedger", "Follow-ups need a person (UnsafeLedger): "),
        ("Unknown", "Suspended", "Follow-ups are not judged (Suspended): "),
    ],
)
def test_why_has_one_line_with_the_cause_and_the_counts(status, reason, words):
    lines = [line for line in why(lead_model(status, reason, "because")) if line.startswith("Follow-ups")]
    assert lines == [f"{words}because. 12 sent and 1 failed within 24 hours, 3 wait."]


@pytest.mark.parametrize(
    ("status", "reason", "sign"),
    [
        ("True", "Healthy", "✔"),
        ("False", "UnsafeLedger", "✖"),
        ("Unknown", "RollingOut", "◌"),
        ("Unknown", "Suspended", "‖"),
    ],
)
def test_the_tree_has_one_line_with_pods_and_counts(status, reason, sign):
    counts = {**COUNTS, "pods": 2, "readyPods": 1}
    node = tree.build(lead_model(status, reason, "because", counts), Children((), ()), NOW)
    assert tree.plain(node)[1:] == [
        f"└─ {sign} follow-ups {reason}, 1 of 2 pods ready, 3 wait, 12 sent and 1 failed within 24 hours"
    ]


def test_the_tree_has_no_line_without_follow_ups():
    node = tree.build(lead_model("Unknown", "NotConfigured", "", None), Children((), ()), NOW)
    assert node.below == ()


def test_why_has_no_line_without_follow_ups():
    lines = why(lead_model("Unknown", "NotConfigured", "", None))
    assert not [line for line in lines if "ollow" in line]


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("SecretMissing", "a Secret or a key"),
        ("TemplatesInvalid", "leadmodel-followup lint"),
        ("UnsafeLedger", "appendonly yes"),
        ("Overdue", "the message of FollowUpsHealthy says why"),
    ],
)
def test_what_is_wrong_has_an_advice(reason, words):
    lines = advise(lead_model("False", reason, "because"))
    assert [line for line in lines if words in line]
    assert advise(lead_model("True", "Healthy", "because")) == []


def shown(name: str, **changes: Any) -> list[str]:
    body = yaml.safe_load((EXAMPLES / f"{name}.yaml").read_text())
    if "followUps" in body["spec"]:
        body["spec"]["followUps"] |= changes
    return preview(with_defaults(body, object_schema()), NOW)


def test_the_preview_says_who_is_written_to_and_when():
    lines = shown("followups")
    assert "Deployment/conversion-followups" in lines[0]
    assert [line for line in lines if line.startswith("writes")] == [
        "writes    to leads from score 0.5: first after 1h by console (Console), second after 48h by console (Console)"
    ]
    assert not [line for line in lines if line.startswith(("keeps", "suspended"))]
    assert "suspended nothing is sent while spec.followUps.suspend is true" in shown(
        "followups", suspend=True
    )


def test_the_preview_says_which_channels_keep_hours():
    lines = shown("everything")
    assert "keeps     09:00 to 20:00 by the recipient's clock on sms, whatsapp" in lines
    hot = "to leads from score 0.8 and intent buy: hot-sms after 10m by sms (Twilio)"
    assert [line for line in lines if hot in line]


def test_the_preview_of_others_has_no_line_of_it():
    assert not [line for line in shown("minimal") if "ollow" in line or line.startswith(("writes", "keeps"))]
