"""Every pod of a Job is placed, bounded and locked as the spec and the project's rules say, whichever Job it is."""

from dataclasses import replace
from typing import Any

import pytest

from leadmodel_operator.kubernetes.render import job_access
from leadmodel_operator.kubernetes.render.names import ROLE
from leadmodel_operator.planning.observed import JobKind
from leadmodel_operator.resource.spec import Jobs, Spec
from leadmodel_operator.resource.spec_enrichment import MessagesSource, TextSource, TextTraining
from leadmodel_operator.resource.spec_schedules import PiiBackfill, RedisSource, Retraining
from leadmodel_operator.resource.spec_serving import Predictor
from leadmodel_operator.resource.spec_sources import LeadsSource
from worlds.names import spec
from worlds.rendering import rendered
from worlds.texts import enrichment

PREDICTOR = Predictor(
    image_pull_secrets=("registry",),
    tolerations=({"key": "gpu", "operator": "Exists"},),
    node_selector={"kubernetes.io/arch": "arm64"},
)
OWN = {"limits": {"cpu": "3", "memory": "3Gi"}}
ON_PREDICTORS_NODES = {
    JobKind.POLL,
    JobKind.VALIDATION,
    JobKind.TEXT_CHECK,
}  # which use the predictor's image


def everything(**changes: Any) -> Spec:
    """A spec that has every Job."""
    retraining = Retraining(leads=LeadsSource(uri="s3://leads/leads.csv"), resources=OWN)
    training = TextTraining(messages=MessagesSource(uri="s3://leads/messages.jsonl"), resources=OWN)
    redis = RedisSource(secret_name="redis")
    backfill = PiiBackfill(redis=redis, key_patterns=("chat:*",), resources=OWN)
    parts = {
        "predictor": PREDICTOR,
        "retraining": retraining,
        "pii_backfill": backfill,
        "enrichment": enrichment(training=training),
        "jobs": Jobs(resources=OWN),
    }
    return replace(spec(), **{**parts, **changes})


def pods(wanted: Spec) -> list[tuple[JobKind, str, dict[str, Any]]]:
    """Kind, Job or CronJob, and the spec of the pod, of every Job that a spec leads to."""
    found = []
    for body in rendered(wanted):
        job = {"Job": body, "CronJob": body.get("spec", {}).get("jobTemplate")}.get(body["kind"])
        if job is not None:
            kind = JobKind(body["metadata"]["labels"][ROLE])
            found.append((kind, body["kind"], job["spec"]["template"]["spec"]))
    return found


def test_every_kind_of_job_is_looked_at():
    kinds = {(kind, what) for kind, what, _ in pods(everything())}
    assert kinds == {
        (JobKind.VALIDATION, "Job"),
        (JobKind.POLL, "Job"),
        (JobKind.POLL, "CronJob"),
        (JobKind.RETRAINING, "CronJob"),
        (JobKind.BACKFILL, "CronJob"),
        (JobKind.TEXT_CHECK, "Job"),
        (JobKind.ENRICHMENT, "CronJob"),
    }


def test_every_job_may_pull_its_image_and_run_where_the_spec_says():
    for kind, what, pod in pods(everything()):
        assert pod["imagePullSecrets"] == [{"name": "registry"}], (kind, what)
        assert pod["tolerations"] == [{"key": "gpu", "operator": "Exists"}], (kind, what)
        wanted = {"kubernetes.io/arch": "arm64"} if kind in ON_PREDICTORS_NODES else None
        assert pod.get("nodeSelector") == wanted, (kind, what)


def test_control_without_these_fields_no_pod_has_them():
    for _, _, pod in pods(everything(predictor=Predictor())):
        assert not {"imagePullSecrets", "tolerations", "nodeSelector"} & pod.keys()


@pytest.mark.parametrize("own", [True, False])
def test_every_container_has_bounds_its_own_or_the_usual_ones(own):
    bare = everything()
    assert bare.retraining is not None
    assert bare.pii_backfill is not None
    if not own:
        retraining, backfill = (replace(p, resources=None) for p in (bare.retraining, bare.pii_backfill))
        texts = enrichment(training=TextTraining(messages=MessagesSource(uri="s3://leads/messages.jsonl")))
        bare = replace(bare, jobs=Jobs(), retraining=retraining, pii_backfill=backfill, enrichment=texts)
    for kind, what, pod in pods(bare):
        limits = pod["containers"][0]["resources"]["limits"]
        assert (limits == OWN["limits"]) == own, (kind, what)
        assert "memory" in limits, (kind, what)


def test_no_job_has_rights_that_it_does_not_need():
    for kind, what, pod in pods(everything()):
        (container,) = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"] is True, (kind, what)
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, (kind, what)
        locked = container["securityContext"]
        assert locked["allowPrivilegeEscalation"] is False, (kind, what)
        assert locked["readOnlyRootFilesystem"] is True, (kind, what)
        assert locked["capabilities"] == {"drop": ["ALL"]}, (kind, what)
        assert pod["serviceAccountName"] == "conversion-jobs", (kind, what)
        assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys(), (kind, what)


def test_only_a_validation_that_must_deliver_has_the_token():
    with_token = {
        (kind, what) for kind, what, pod in pods(everything()) if pod["automountServiceAccountToken"]
    }
    assert with_token == {(JobKind.VALIDATION, "Job"), (JobKind.TEXT_CHECK, "Job")}
    for kind in (JobKind.VALIDATION, JobKind.TEXT_CHECK):
        tokens = [p["automountServiceAccountToken"] for k, _, p in pods(everything()) if k is kind]
        assert sorted(tokens) == [False, True]  # held bytes are not delivered once more


def test_a_job_is_not_tried_again_but_a_backfill_is():
    for body in rendered(everything()):
        job = {"Job": body, "CronJob": body.get("spec", {}).get("jobTemplate")}.get(body["kind"])
        if job is not None:
            is_backfill = body["metadata"]["labels"][ROLE] == JobKind.BACKFILL
            assert job["spec"]["backoffLimit"] == (3 if is_backfill else 0)
            assert job["spec"]["activeDeadlineSeconds"] > 0


def test_the_account_of_jobs_mounts_no_token_by_itself():
    lead_model = {"metadata": {"name": "conversion", "namespace": "sales", "uid": "0"}}
    account = job_access.access(lead_model, everything())[0]
    assert (account["kind"], account["automountServiceAccountToken"]) == ("ServiceAccount", False)


def retraining_of(features: str) -> dict[str, Any]:
    training = TextTraining(messages=MessagesSource(uri="pvc://inbox/messages.jsonl"))
    texts = enrichment(training=training, features=features)
    found = [pod for kind, _, pod in pods(everything(enrichment=texts)) if kind is JobKind.RETRAINING]
    return found[0]


def test_retraining_offers_the_answers_of_the_text_model_only_where_the_spec_says_so():
    off, offer = retraining_of("Off"), retraining_of("Offer")
    more = set(offer["containers"][0]["args"]) - set(off["containers"][0]["args"])
    served = "/models/text/text.json.gz"  # what lies at the source may be refused
    assert more == {f"--text-model={served}", "--text-messages=pvc://inbox/messages.jsonl"}
    assert {"name": "text", "configMap": {"name": "conversion-text", "optional": True}} in offer["volumes"]
    assert {"name": "text", "mountPath": "/models/text", "readOnly": True} in offer["containers"][0][
        "volumeMounts"
    ]
    claims = [volume.get("persistentVolumeClaim") for volume in offer["volumes"]]
    assert {"claimName": "inbox"} in claims
    bare = next(p for k, _, p in pods(everything(enrichment=None)) if k is JobKind.RETRAINING)
    assert off == bare


def secrets_of_retraining(
    own: Spec, text: str | None, messages: str | None, features: str
) -> list[tuple[str, str]]:
    """The Secrets of the retraining's pod, each with the prefix of its names."""
    training = TextTraining(messages=MessagesSource(uri="s3://more/messages.jsonl", secret_name=messages))
    source = TextSource(uri="s3://texts/text.json.gz", secret_name=text)
    wanted = replace(own, enrichment=enrichment(artifact=source, training=training, features=features))
    (pod,) = [pod for kind, _, pod in pods(wanted) if kind is JobKind.RETRAINING]
    sources = pod["containers"][0]["envFrom"]
    return [(found.get("prefix", ""), found["secretRef"]["name"]) for found in sources]


def test_retraining_reads_the_messages_of_the_text_model_with_their_own_secret():
    own = everything()
    leads = replace(own.retraining, leads=LeadsSource(uri="s3://leads/leads.csv", secret_name="leads"))
    own = replace(own, retraining=leads)
    of_leads = [("", "leads"), ("LEADS_STORE_", "leads")]
    more = [("MESSAGES_STORE_", "more")]
    assert secrets_of_retraining(own, "texts", "more", "Offer") == of_leads + more
    assert secrets_of_retraining(own, "texts", None, "Offer") == of_leads, (
        "the text model comes from no store"
    )
    assert secrets_of_retraining(own, "texts", "more", "Off") == of_leads, "a control"
    bare = next(p for k, _, p in pods(replace(own, enrichment=None)) if k is JobKind.RETRAINING)
    off = enrichment(artifact=TextSource(uri="s3://texts/text.json.gz", secret_name="texts"))
    assert bare == next(p for k, _, p in pods(replace(own, enrichment=off)) if k is JobKind.RETRAINING)
