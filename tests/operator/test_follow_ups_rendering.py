"""What sends follow-ups, as it is rendered: nothing of Secrets in it, nothing of settings in pods, nothing at all without the section."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from leadmodel_followup.planning.spec import DAY_MS, HOUR_MS
from leadmodel_followup.settings.reading import parse
from leadmodel_followup.settings.settings import Provider
from leadmodel_operator.kubernetes.render import follow_ups
from leadmodel_operator.planning.followup_settings import settings_digest, settings_document
from leadmodel_operator.planning.planned import FollowUpsWork
from leadmodel_operator.resource import formats
from leadmodel_operator.resource.conversion import load
from leadmodel_operator.resource.spec import Spec
from leadmodel_operator.resource.spec_followups import FollowUps
from worlds.fuzzed_specs import FOLLOW_UPS
from worlds.names import spec
from worlds.rendering import LEAD_MODEL, rendered

EXAMPLES = Path(__file__).parents[2] / "crds" / "examples"


def example(name: str) -> Spec:
    return load(Spec, yaml.safe_load((EXAMPLES / f"{name}.yaml").read_text())["spec"], "spec")


def objects(wanted: FollowUps, **pod: Any) -> dict[str, dict[str, Any]]:
    """The rendered objects by their kind."""
    work = FollowUpsWork(wanted, settings_document("sales", "conversion", wanted))
    made = follow_ups.objects(LEAD_MODEL, work, replace(spec().predictor, **pod), "followup:1")
    return {body["kind"]: body for body in made}


def pod_of(wanted: FollowUps, **pod: Any) -> dict[str, Any]:
    return dict(objects(wanted, **pod)["Deployment"]["spec"]["template"]["spec"])


def test_without_the_section_nothing_is_rendered_and_all_else_is_the_same():
    bare = rendered(spec())
    more = rendered(spec(follow_ups=load(FollowUps, FOLLOW_UPS)))
    assert more[: len(bare)] == bare
    assert sorted(body["kind"] for body in more[len(bare) :]) == sorted(follow_ups.KINDS)


def test_what_is_written_is_what_pods_read():
    wanted = example("everything").follow_ups
    assert wanted is not None
    document = settings_document("sales", "conversion", wanted)
    settings = parse(document.encode())
    assert settings.digest == settings_digest(document)
    assert (settings.tenant, settings.spec.plan, settings.spec.generation) == ("sales", "conversion", 1)
    hot = next(band for band in settings.spec.bands if band.name == "hot")
    assert (hot.min_score, hot.intents, hot.steps[0].after_ms) == (0.8, frozenset({"buy"}), 600_000)
    assert {name: channel.provider for name, channel in settings.channels.items()} == {
        "sms": Provider.TWILIO,
        "mail": Provider.SENDGRID,
        "whatsapp": Provider.WHATSAPP,
        "console": Provider.CONSOLE,
    }
    assert settings.channels["mail"].sender == "sales@example.com"
    assert settings.channels["whatsapp"].phone_number_id == "106540352242922"
    assert set(settings.spec.hours) == {"sms", "whatsapp"}
    assert settings.spec.hours["sms"].days == frozenset(range(5))
    assert settings.spec.time_zone == "Europe/Berlin"
    assert [(cap.count, cap.window_ms) for cap in settings.spec.caps] == [(1, DAY_MS), (3, 7 * DAY_MS)]
    assert (settings.public_url, settings.footer) == (wanted.public_url, wanted.footer)
    assert settings.links == {"calendar": "https://cal.example.com/sales"}
    assert (settings.spec.retention_ms, settings.reconcile_ms) == (720 * HOUR_MS, 24 * HOUR_MS)
    assert (settings.concurrency, settings.max_segments) == (4, 3)


def test_what_is_left_out_means_the_same_to_both():
    wanted = load(FollowUps, FOLLOW_UPS)
    written = json.loads(settings_document("sales", "conversion", wanted))
    given = {key: written[key] for key in ("schema", "tenant", "plan", "channels", "bands")}
    whole, short = parse(json.dumps(written).encode()), parse(json.dumps(given).encode())
    assert replace(whole, digest="") == replace(short, digest="")


def test_settings_hold_no_secret_and_pods_no_settings():
    wanted = load(FollowUps, FOLLOW_UPS)
    document = settings_document("sales", "conversion", wanted)
    assert not [
        name for name in ("followups-redis", "secretName", "intake", "contactKey") if name in document
    ]
    changed = replace(wanted, suspend=True, generation=7, footer="x", silent_intents=("a",))
    assert pod_of(changed) == pod_of(wanted)
    assert settings_document("sales", "conversion", changed) != document


def test_a_pod_mounts_each_secret_where_its_program_looks():
    wanted = example("everything").follow_ups
    assert wanted is not None
    pod = pod_of(wanted)
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    mounts = {m["mountPath"]: volumes[m["name"]] for m in pod["containers"][0]["volumeMounts"]}
    secrets = {where: v["secret"]["secretName"] for where, v in mounts.items() if "secret" in v}
    assert secrets == {
        "/etc/leadmodel/channels/sms": "twilio",
        "/etc/leadmodel/channels/mail": "sendgrid",
        "/etc/leadmodel/channels/whatsapp": "whatsapp",
        "/etc/leadmodel/contact-key": "followups",
        "/etc/leadmodel/intake": "followups",
        "/etc/leadmodel/redis": "followups-redis",
    }
    assert mounts["/etc/leadmodel/redis"]["secret"]["items"] == [{"key": "url", "path": "url"}]
    assert mounts["/etc/leadmodel/contact-key"]["secret"]["items"] == [{"key": "key", "path": "key"}]
    assert mounts["/etc/leadmodel/intake"]["secret"]["items"] == [{"key": "token", "path": "token"}]
    assert mounts["/etc/leadmodel/followups"]["configMap"] == {"name": "conversion-followups"}
    assert mounts["/etc/leadmodel/templates"]["configMap"] == {
        "name": "followups-templates",
        "optional": True,
    }
    assert all(v["secret"]["optional"] for v in mounts.values() if "secret" in v)
    (url,) = pod["containers"][0]["env"]
    assert url["name"] == "LEADMODEL_REDIS_URL"
    assert url["valueFrom"] == {"secretKeyRef": {"name": "followups-redis", "key": "url"}}


def test_a_pod_runs_without_privileges_and_ends_warm():
    pod = pod_of(load(FollowUps, FOLLOW_UPS))
    (container,) = pod["containers"]
    assert (container["command"], container["args"]) == (["leadmodel-followup"], ["run"])
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    assert pod["terminationGracePeriodSeconds"] == 45
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"


@pytest.mark.parametrize(
    ("api_url", "port"),
    [
        (None, None),
        ("https://proxy.example.com/twilio", None),
        ("http://stub.sales.svc/x", 80),
        ("http://stub:8081", 8081),
    ],
)
def test_pods_reach_names_the_redis_and_providers_and_nothing_else(api_url, port):
    wanted = load(FollowUps, FOLLOW_UPS | {"redis": {"secretName": "r", "port": 6380}})
    wanted = replace(wanted, channels=(replace(wanted.channels[0], api_url=api_url),))
    policy = objects(wanted)["NetworkPolicy"]["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert policy["ingress"] == [{"ports": [{"port": 8080, "protocol": "TCP"}]}]
    (rule,) = policy["egress"]
    tcp = {entry["port"] for entry in rule["ports"] if entry["protocol"] == "TCP"}
    assert tcp == {53, 443, 6380} | ({port} if port else set())


def test_selectors_of_senders_and_predictors_meet_no_pod_of_each_other():
    made = objects(load(FollowUps, FOLLOW_UPS))
    labels = made["Deployment"]["spec"]["template"]["metadata"]["labels"]
    predictors = rendered(spec())[0]["spec"]["selector"]
    assert made["Service"]["spec"]["selector"].items() <= labels.items()
    assert made["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert not predictors.items() <= labels.items()


def test_sizes_and_places_of_the_spec_are_taken():
    wanted = example("everything").follow_ups
    assert wanted is not None
    toleration = {"key": "spot", "operator": "Exists"}
    pod = pod_of(wanted, tolerations=(toleration,), image_pull_secrets=("registry",))
    (container,) = pod["containers"]
    assert container["image"] == "registry.example.com/leadmodel-followup:0.1.0"
    assert container["resources"] == {
        "requests": {"cpu": "50m", "memory": "96Mi"},
        "limits": {"memory": "256Mi"},
    }
    assert pod["tolerations"] == [toleration]
    assert pod["imagePullSecrets"] == [{"name": "registry"}]
    assert objects(wanted)["Deployment"]["spec"]["replicas"] == 2


def own_provider(**channel: Any) -> FollowUps:
    """Follow-ups over a provider of one's own."""
    channels = [{"name": "birds", "provider": "Pigeon", **channel}]
    steps = [{"name": "a", "channel": "birds", "template": "hello"}]
    bands = [{"name": "warm", "minScore": 0.5, "steps": steps}]
    return load(FollowUps, FOLLOW_UPS | {"channels": channels, "bands": bands})


def test_a_provider_of_ones_own_gets_its_secret_as_a_folder():
    wanted = own_provider(secretName="coop")
    document = settings_document("sales", "conversion", wanted)
    assert parse(document.encode()).channels["birds"].provider == "Pigeon"
    volumes = {volume["name"]: volume for volume in pod_of(wanted)["volumes"]}
    mounts = {m["mountPath"]: volumes[m["name"]] for m in pod_of(wanted)["containers"][0]["volumeMounts"]}
    assert mounts["/etc/leadmodel/channels/birds"]["secret"] == {"secretName": "coop", "optional": True}
    assert "channel-0" not in {volume["name"] for volume in pod_of(own_provider())["volumes"]}


def test_the_word_of_a_provider_begins_with_a_capital():
    for word, taken in {
        "Pigeon": True,
        "Console": True,
        "pigeon": False,
        "Pi geon": False,
        "P" * 13: False,
    }.items():
        assert bool(re.fullmatch(formats.PROVIDER, word)) is taken
