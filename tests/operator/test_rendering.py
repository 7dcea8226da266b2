"""Pods are rendered from what was decided and from nothing else, and a rendering once released stays as it was.

A Deployment whose template changes with the operator's version would restart every pod of every model at an upgrade.
"""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from leadmodel_operator.kubernetes.render.jobs import poll_job
from leadmodel_operator.kubernetes.render.objects import deployment, pod_template
from leadmodel_operator.planning.challenger_place import RENDERING
from leadmodel_operator.planning.observed import Observed
from leadmodel_operator.planning.planned import Poll, Serve
from leadmodel_operator.resource.spec_serving import Predictor
from leadmodel_operator.resource.spec_sources import ArtifactSource, HoldoutSource
from worlds.names import spec

GOLDEN = Path(__file__).parent / "golden"
LEAD_MODEL = {"metadata": {"name": "conversion", "namespace": "sales", "uid": "0"}}
SERVE = Serve(
    champion="sha256:" + "a" * 64,
    previous="sha256:" + "b" * 64,
    image="registry.example.com/predictor:1",
    template=1,
    decision=7,
    measured_auc=0.75,
    pod=Predictor(),
    replicas=2,
    autoscaling=None,
    progress_deadline=600.0,
)


@pytest.mark.parametrize("version", [1, 2, 3, 4])
def test_a_released_rendering_stays_as_it_was(version: int):
    """On purpose changed? Keep this version in the code, raise `rendering`, and add a golden file for the new one."""
    found = pod_template(LEAD_MODEL, replace(SERVE, template=version, challenger=version >= RENDERING))
    golden = {1: "pods-1", 4: "pods-4"}.get(version, "pods-2")
    assert found == json.loads((GOLDEN / f"{golden}.json").read_text())


def test_a_text_model_adds_a_volume_a_mount_and_an_argument_and_nothing_else():
    bare, more = (
        pod_template(LEAD_MODEL, SERVE)["spec"],
        pod_template(LEAD_MODEL, replace(SERVE, text=True))["spec"],
    )
    assert more["volumes"].pop() == {
        "name": "text",
        "configMap": {"name": "conversion-text", "optional": True},
    }
    assert more["containers"][0]["volumeMounts"].pop()["mountPath"] == "/models/text"
    more["containers"][0]["args"].remove("--text-model=/models/text/text.json.gz")
    assert more == bare


def test_a_place_for_candidates_adds_a_volume_a_mount_and_an_argument_and_nothing_else():
    """Optional: pods start before there is a candidate, and pods of an earlier rendering go on without a place."""
    serve = replace(SERVE, template=RENDERING)
    bare = pod_template(LEAD_MODEL, serve)["spec"]
    more = pod_template(LEAD_MODEL, replace(serve, challenger=True))["spec"]
    source = {"name": "conversion-challenger", "optional": True}
    assert more["volumes"].pop() == {"name": "challenger", "configMap": source}
    assert more["containers"][0]["volumeMounts"].pop()["mountPath"] == "/models/challenger"
    more["containers"][0]["args"].remove("--challenger=/models/challenger/challenger.json.gz")
    assert more == bare


def test_new_pods_listen_on_every_address():
    """On IPv6 too, for a cluster may have nothing else. Pods of the first rendering stay as they are until a model is promoted."""
    container = pod_template(LEAD_MODEL, replace(SERVE, template=Observed.rendering))["spec"]["containers"][0]
    assert "--host=" in container["args"]


def test_a_decision_that_changes_no_model_restarts_no_pod():
    """The counter stands at the Deployment, not in the template of its pods."""
    later = replace(SERVE, decision=8)
    assert pod_template(LEAD_MODEL, later) == pod_template(LEAD_MODEL, SERVE)
    assert deployment(LEAD_MODEL, later, 2) != deployment(LEAD_MODEL, SERVE, 2)


def test_the_number_of_pods_is_no_part_of_the_template():
    assert pod_template(LEAD_MODEL, replace(SERVE, replicas=9)) == pod_template(LEAD_MODEL, SERVE)


def test_a_slow_start_and_a_starved_minute_are_no_reason_for_a_restart():
    """Where many pods start at once each start is slow; whoever is killed for it starts again, and slows down the others."""
    container = pod_template(LEAD_MODEL, SERVE)["spec"]["containers"][0]
    patience = {
        name: container[name]["periodSeconds"] * container[name]["failureThreshold"]
        for name in ("livenessProbe", "readinessProbe")
    }
    assert patience["livenessProbe"] >= 120
    assert patience["readinessProbe"] <= 1


def secrets_of(artifact: str | None, holdout: str | None) -> list[tuple[str, str]]:
    """The Secrets of a poll's pod, each with the prefix of its names."""
    wanted = replace(
        spec(),
        artifact=ArtifactSource(uri="s3://leads/m.json", secret_name=artifact),
        holdout=HoldoutSource(uri="s3://leads/h.csv", secret_name=holdout),
    )
    poll = Poll("s3://leads/m.json", "s3://leads/h.csv", "0s", None, None, "p:1", once="now")
    pod = poll_job(LEAD_MODEL, wanted, poll)["spec"]["template"]["spec"]
    sources = pod["containers"][0]["envFrom"]
    return [(source.get("prefix", ""), source["secretRef"]["name"]) for source in sources]


@pytest.mark.parametrize(
    ("artifact", "holdout", "rendered"),
    [
        (None, None, []),
        ("one", "one", [("", "one")]),
        ("one", "two", [("", "one"), ("", "two"), ("ARTIFACT_STORE_", "one"), ("HOLDOUT_STORE_", "two")]),
        ("two", "one", [("", "one"), ("", "two"), ("ARTIFACT_STORE_", "two"), ("HOLDOUT_STORE_", "one")]),
        ("one", None, [("", "one"), ("ARTIFACT_STORE_", "one")]),
    ],
)
def test_each_source_has_its_secret_under_a_prefix_of_its_own(artifact, holdout, rendered):
    """One Secret for all is rendered as ever; images of earlier releases find the names without a prefix."""
    assert secrets_of(artifact, holdout) == rendered
