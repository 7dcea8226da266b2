"""The PII backfill of a LeadModel against a real Redis that pods reach: first a dry run, then it redacts and verifies."""

import json
from pathlib import Path

import pytest

from e2e.harness.conversations import PASSWORD, WRITTEN, Conversations
from e2e.harness.models import Model
from e2e.harness.subject import Subject

pytestmark = pytest.mark.privacy


def test_a_dry_run_and_then_an_apply(subject: Subject, good: Model, tmp_path: Path):
    there = Conversations()
    with there.running(tmp_path) as conversations:
        there.make_secret(subject)
        backfill = there.spec
        subject.serve(good, piiBackfill=backfill, predictor={"replicas": 1})
        subject.run_now("backfill", "look")
        subject.until("BackfillHealthy", "False", "PiiFound")
        assert conversations.lrange("chat:0", 0, 0) == [WRITTEN], "a dry run changed something"
        found = subject.status()["backfill"]
        assert found["mode"] == "DryRun"
        assert found["redacted"] == 10
        subject.apply(piiBackfill={**backfill, "mode": "Apply"}, predictor={"replicas": 1})
        cron = f"{subject.name}-backfill"

        def applies() -> bool:
            return "--apply" in json.dumps(subject.cluster.get("cronjob", cron, subject.namespace))

        subject.wait("the CronJob applies", applies)
        subject.run_now("backfill", "redact")
        subject.until("BackfillHealthy", "True", "Succeeded")
        (said,) = conversations.lrange("chat:0", 0, 0)
        assert "ada" not in said
        assert json.loads(said) == {"role": "user", "text": "write to [EMAIL] please"}
        found = subject.status()["backfill"]
        assert (found["mode"], found["redacted"], found["residue"]) == ("Apply", 10, 0)
        assert subject.condition("Ready") == ("True", "Serving")
        pods = subject.cluster.items("pods", subject.namespace, "customerops.dev/role=backfill")
        logs = "".join(
            subject.cluster.kubectl("logs", "-n", subject.namespace, p["metadata"]["name"]) for p in pods
        )
        for secret in ("ada.lovelace", PASSWORD):
            assert secret not in logs + json.dumps(subject.object())
