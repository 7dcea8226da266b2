"""What the chart renders for five value sets: as kept in golden/, valid to the official client's models, restricted, and complete."""

import copy
import difflib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from chart.golden import GOLDEN, OPERATOR, golden, operator_manifest
from leadmodel_operator.__main__ import parser
from support.helm import CHART, VALUE_SETS, one, render, render_set, template
from support.official_models import CHART_MODELS, check
from support.pod_security import breaches

pytestmark = pytest.mark.slow  # each render starts Helm
MONITORING = {"ServiceMonitor", "PodMonitor", "PrometheusRule", "GrafanaDashboard"}
CLUSTER_WIDE = {"CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding"}


def test_there_are_five_sets():
    assert set(VALUE_SETS) == {"default", "production", "airgapped", "namespaced", "earlier"}
    assert {file.stem for file in GOLDEN.glob("*.yaml")} == set(VALUE_SETS)


@pytest.mark.parametrize("name", VALUE_SETS)
def test_a_value_set_renders_as_kept(name):
    kept, now = (GOLDEN / f"{name}.yaml").read_text(), golden(name)
    changes = difflib.unified_diff(kept.splitlines(), now.splitlines(), "kept", "now", lineterm="")
    assert kept == now, "\n".join(["`make manifests` renews what is kept", *changes])


def test_the_plain_manifests_are_the_chart():
    assert OPERATOR.read_text() == operator_manifest(), "run `make manifests`"


@pytest.mark.parametrize("name", VALUE_SETS)
def test_objects_fit_the_official_models(name):
    objects = render_set(name)
    kinds = {body["kind"] for body in objects}
    assert kinds <= CHART_MODELS.keys() | MONITORING
    for body in objects:
        if body["kind"] not in MONITORING:
            check(body)
    names = [(b["kind"], b["metadata"].get("namespace"), b["metadata"]["name"]) for b in objects]
    assert len(names) == len(set(names))
    for body in objects:
        assert ("namespace" in body["metadata"]) != (body["kind"] in CLUSTER_WIDE)


def test_objects_of_the_plain_manifests_fit():
    objects = list(yaml.safe_load_all(OPERATOR.read_text()))
    assert objects[0]["kind"] == "Namespace"
    for body in objects[1:]:
        check(body)
    assert "Helm" not in OPERATOR.read_text()


def test_control_a_misspelt_field_is_refused():
    body = copy.deepcopy(one(render(), "Deployment"))
    body["spec"]["revisionHistoryLimits"] = body["spec"].pop("revisionHistoryLimit")
    with pytest.raises((ValidationError, AssertionError)):
        check(body)


# --- what must hold in every set ------------------------------------------------------------------------------------------


def pods(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Specs of all pods of a render."""
    found = [body["spec"] for body in objects if body["kind"] == "Pod"]
    return found + [body["spec"]["template"]["spec"] for body in objects if body["kind"] == "Deployment"]


@pytest.mark.parametrize("name", VALUE_SETS)
def test_pods_are_restricted(name):
    found = pods(render_set(name))
    assert found
    assert [breaches(pod) for pod in found] == [[]] * len(found)


@pytest.mark.parametrize("field", ["runAsNonRoot", "seccompProfile"])
def test_control_a_pod_that_is_not_restricted_is_seen(field):
    objects = render(f"--set-json=podSecurityContext.{field}=null")
    assert all(any(field in wrong for wrong in breaches(pod)) for pod in pods(objects))


def unreadable(pod: dict[str, Any]) -> list[str]:
    """Secrets that the pod's user cannot read: without fsGroup their files belong to root."""
    modes = {v["name"]: v["secret"].get("defaultMode", 0o644) for v in pod["volumes"] if "secret" in v}
    grouped = "fsGroup" in pod["securityContext"]
    return [name for name, mode in modes.items() if not mode & (0o044 if grouped else 0o004)]


def test_the_operator_can_read_its_secrets():
    (pod,) = (pod for pod in pods(render_set("production")) if "volumes" in pod)
    assert unreadable(pod) == []
    (secret,) = (volume["secret"] for volume in pod["volumes"] if "secret" in volume)
    secret["defaultMode"] = 0o440  # the control: what only root's group may read
    assert unreadable(pod) == ["webhook"]


@pytest.mark.parametrize("name", VALUE_SETS)
def test_selectors_meet_the_operators_pods_and_no_others(name):
    """The Service, the budget, the policy and the monitor select the operator; the pod of `helm test` is none."""
    objects = render_set(name)
    deployment = one(objects, "Deployment")
    labels = deployment["spec"]["template"]["metadata"]["labels"].items()
    others = [body["metadata"]["labels"].items() for body in objects if body["kind"] == "Pod"]
    selectors = [deployment["spec"]["selector"]["matchLabels"]]
    for body in objects:
        if body["kind"] == "Service":
            selectors.append(body["spec"]["selector"])
            monitored = body["metadata"]["labels"].items()
        if body["kind"] == "PodDisruptionBudget":
            selectors.append(body["spec"]["selector"]["matchLabels"])
        if body["kind"] == "ServiceMonitor":
            assert body["spec"]["selector"]["matchLabels"].items() <= monitored
    assert len(selectors) == 3
    for selector in selectors:
        assert selector.items() <= labels
        assert not any(selector.items() <= other for other in others)


@pytest.mark.parametrize("name", VALUE_SETS)
def test_the_operator_takes_its_arguments(name):
    arguments = one(render_set(name), "Deployment")["spec"]["template"]["spec"]["containers"][0]["args"]
    parser().parse_args(arguments)


def test_control_an_unknown_argument_is_refused(capsys):
    objects = render('--set-json=extraArgs=["--no-such-flag"]')
    with pytest.raises(SystemExit):
        parser().parse_args(one(objects, "Deployment")["spec"]["template"]["spec"]["containers"][0]["args"])
    assert "--no-such-flag" in capsys.readouterr().err


# --- single promises --------------------------------------------------------------------------------------------------------


def test_three_values_make_an_air_gapped_site():
    """Every image comes from the mirror; a digest beats a tag."""
    container = one(render_set("airgapped"), "Deployment")["spec"]["template"]["spec"]["containers"][0]
    mirror = "mirror.example.com:5000/leadmodel"
    assert container["image"] == f"{mirror}/leadmodel-operator@sha256:{'1' * 64}"
    assert container["args"][:4] == [
        f"--predictor-image={mirror}/leadmodel-predictor@sha256:{'2' * 64}",
        f"--training-image={mirror}/leadmodel-training@sha256:{'3' * 64}",
        f"--privacy-image={mirror}/tools/privacy:0.1.0-fips",
        f"--followup-image={mirror}/tools/followup:0.1.0-fips",
    ]


def test_a_mirror_may_have_an_address_of_ipv6():
    container = one(render("--set=imageRegistry=[fd00::7]:5000/lm"), "Deployment")["spec"]["template"][
        "spec"
    ]["containers"][0]
    assert container["image"] == "[fd00::7]:5000/lm/leadmodel-operator:0.1.0"


class Strict(yaml.SafeLoader):
    """YAML as GitOps tools read it: a key that stands twice is an error."""


def _once(loader: Strict, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [loader.construct_object(key) for key, _ in node.value]
    assert len(keys) == len(set(keys)), f"twice: {keys}"
    return loader.construct_mapping(node, deep=True)


Strict.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _once)


def test_each_label_is_set_once_and_the_nearest_value_wins():
    """Those of monitors, which others select; then the chart's own, which it selects pods by; of pods; of all objects."""
    mine = {"app.kubernetes.io/name": "mine", "team": "all", "empty": ""}
    more = {"app.kubernetes.io/name": "more", "team": "near"}
    values = ["--set-json=commonLabels=" + json.dumps(mine), "--set-json=podLabels=" + json.dumps(more)]
    for monitor in ("metrics.serviceMonitor", "metrics.podMonitor", "prometheusRule"):
        values += [
            f"--set={monitor}.enabled=true",
            f"--set-json={monitor}.additionalLabels={json.dumps(more)}",
        ]
    result = template(*values, f"--set-json=grafanaDashboard={json.dumps({'enabled': True, 'labels': more})}")
    objects = [body for body in yaml.load_all(result.stdout, Strict) if body]
    deployment = one(objects, "Deployment")
    pods = deployment["spec"]["template"]["metadata"]["labels"]
    near = ("ServiceMonitor", "PodMonitor", "PrometheusRule")
    monitors = [one(objects, kind)["metadata"]["labels"] for kind in near]
    for labels in (pods, *monitors):
        assert labels["app.kubernetes.io/name"] == ("leadmodel-operator" if labels is pods else "more")
        assert (labels["team"], labels["empty"]) == ("near", "")
    assert deployment["metadata"]["labels"]["team"] == "all"
    assert deployment["spec"]["selector"]["matchLabels"].items() <= pods.items()


def test_labels_that_are_null_are_none():
    """An umbrella chart takes a default away with null."""
    monitors = ("metrics.serviceMonitor", "metrics.podMonitor", "prometheusRule")
    enabled = [f"--set={monitor}.enabled=true" for monitor in monitors]
    places = [f"{monitor}.additionalLabels" for monitor in monitors]
    places += ["commonLabels", "podLabels", "prometheusRule.additionalRuleLabels"]
    assert render(*enabled, *(f"--set={place}=null" for place in places)) == render(*enabled)


def test_control_a_label_that_is_set_twice_is_seen():
    with pytest.raises(AssertionError, match="twice"):
        yaml.load("labels: {a: 1, a: 2}", Strict)


def test_without_a_service_there_is_no_pod_that_asks_it():
    assert "Pod" in {body["kind"] for body in render()}
    assert "Pod" not in {body["kind"] for body in render("--set=service.enabled=false")}


def test_without_a_service_a_name_need_not_suit_one():
    named = one(render("--set=fullnameOverride=7leads,service.enabled=false"), "Deployment")
    assert named["metadata"]["name"] == "7leads"


def test_names_that_yaml_takes_for_numbers_stay_text():
    labels = one(render("--set-string=nameOverride=12"), "Deployment")["spec"]["selector"]["matchLabels"]
    assert labels["app.kubernetes.io/name"] == "12"


def test_a_team_alone_gets_nothing_cluster_wide():
    objects = render_set("namespaced")
    assert not {body["kind"] for body in objects} & CLUSTER_WIDE
    roles = [body for body in objects if body["kind"] == "Role" and body["metadata"]["name"] == "leadmodel"]
    assert {body["metadata"]["namespace"] for body in roles} == {"sales", "support"}
    assert one(objects, "PodMonitor")["spec"]["namespaceSelector"] == {"matchNames": ["sales", "support"]}


def test_the_definition_is_kept_or_not():
    kept = one(render(), "CustomResourceDefinition")
    assert kept["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    gone = one(render("--set=crds.keep=false"), "CustomResourceDefinition")
    assert "annotations" not in gone["metadata"]
    assert gone["spec"] == kept["spec"]
    assert not [b for b in render("--set=crds.install=false") if b["kind"] == "CustomResourceDefinition"]


def test_old_names_mean_the_new_ones():
    """Chart 0.1's values make the objects that their successors make."""
    new = (
        "--set=replicaCount=1,watchNamespaces={sales},image.pullPolicy=Never,imageRegistry=registry.example.com",
        "--set=networkPolicy.enabled=true",
    )
    old = {(b["kind"], b["metadata"]["name"]): b for b in render_set("earlier")}
    for body in render(*new):
        if body["kind"] != "NetworkPolicy":
            assert old[body["kind"], body["metadata"]["name"]] == body
    ports = old["NetworkPolicy", "leadmodel"]["spec"]["egress"][0]["ports"]
    assert [port["port"] for port in ports] == [16443, 53, 53]


@pytest.fixture
def notes(tmp_path: Path) -> Callable[..., str]:
    """What people read after an installation: `helm template` shows no notes, so a copy of the chart has them in a ConfigMap."""
    copied = tmp_path / "leadmodel"
    shutil.copytree(CHART, copied)
    folder = copied / "templates"
    text = (folder / "NOTES.txt").read_text()
    (folder / "_notes.tpl").write_text('{{- define "the.notes" -}}\n' + text + "{{- end }}")
    head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: notes}\ndata:\n  notes: |\n"
    (folder / "notes.yaml").write_text(head + '    {{- include "the.notes" . | nindent 4 }}\n')

    def shown(*values: str) -> str:
        return str(
            one(render("--show-only=templates/notes.yaml", *values, chart=copied), "ConfigMap")["data"][
                "notes"
            ]
        )

    return shown


def test_notes_hold_a_lead_model_to_paste(notes):
    text = notes()
    assert len(text.splitlines()) == 15
    assert "WARNING" not in text
    manifest = text.split("<<EOF\n")[1].split("  EOF")[0]
    body = yaml.safe_load(manifest)
    assert body["kind"] == "LeadModel"
    assert set(body["spec"]) == {"artifact", "holdout", "minAuc"}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("crds.keep=false", "deletes the definition"),
        ("replicaCount=1", "one pod"),
        ("podDisruptionBudget.minAvailable=2", "lets no pod go"),
        ("podDisruptionBudget.minAvailable=100%", "lets no pod go"),
        ("podDisruptionBudget.minAvailable=51%", "lets no pod go"),
        ("podDisruptionBudget.maxUnavailable=0", "lets no pod go"),
        ("securityContext.privileged=true", "restricted"),
        ("rbac.create=false", "can read and write nothing"),
        ("scrape=off", "drift is not measured"),
        ("webhook.url=http://hooks.example.com", "not https"),
        ("argocd.customizations=true", "docs/argocd.md"),
        ("replicas=2", "is now replicaCount"),
    ],
)
def test_notes_warn_of_an_unsafe_value(notes, value, words):
    assert words in notes(f"--set={value}")
    assert words not in notes()


@pytest.mark.parametrize(
    "value",
    [
        "minAvailable=1",
        "minAvailable=50%",
        "maxUnavailable=1",
        "enabled=false,podDisruptionBudget.minAvailable=2",
    ],
)
def test_notes_do_not_warn_of_a_budget_that_lets_a_pod_go(notes, value):
    assert "lets no pod go" not in notes(f"--set=podDisruptionBudget.{value}")
