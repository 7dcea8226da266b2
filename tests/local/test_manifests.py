"""A manifest that no cluster would carry out is refused on one machine, too, by the name of its field."""

from pathlib import Path

import pytest

from leadmodel_local.state import manifests

LINES = """
apiVersion: customerops.dev/v1alpha1
kind: LeadModel
metadata: {name: conversion}
spec:
  artifact: {uri: "file:///models/model.json"}
  holdout: {uri: "file:///models/holdout.csv.gz"}
"""
RETRAINING = "  retraining: {{leads: {{uri: 'file:///leads.csv'}}, {}}}\n"
BACKFILL = "  piiBackfill: {{redis: {{secretName: redis}}, keyPatterns: ['chat:*'], {}}}\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "conversion.yaml"


@pytest.mark.parametrize(("part", "name"), [(RETRAINING, "retraining"), (BACKFILL, "piiBackfill")])
@pytest.mark.parametrize(
    ("wrong", "right", "says"),
    [
        ("timeZone: Europe/Berln", "timeZone: Europe/Berlin", "timeZone must be a time zone that exists"),
        ("schedule: '0 0 31 2 *'", "schedule: '0 0 29 2 *'", "schedule must name times that come"),
        (
            "schedule: '0 1 * * FRI-MON'",
            "schedule: '0 1 * * MON-FRI'",
            "schedule must have ranges of cron fields that rise",
        ),
        ("schedule: '@every 1h'", "schedule: '@daily'", "schedule must be five cron fields"),
        ("timeZone: Local", "timeZone: CET", "timeZone must be a time zone that exists"),
    ],
)
def test_a_schedule_that_never_comes_is_refused_by_its_field(file, part, name, wrong, right, says):
    file.write_text(LINES + part.format(right))
    assert [manifest.key.name for manifest in manifests.read([file])] == ["conversion"]
    file.write_text(LINES + part.format(wrong))
    with pytest.raises(manifests.ManifestError, match=f"spec.{name}.{says}"):
        manifests.read([file])


def test_control_an_unchecked_schedule_ends_only_when_it_is_used(file, monkeypatch):
    monkeypatch.setattr(manifests, "check", lambda raw: raw)
    file.write_text(LINES + RETRAINING.format("timeZone: Europe/Berln"))
    assert manifests.read([file])[0].spec["retraining"]["timeZone"] == "Europe/Berln"
