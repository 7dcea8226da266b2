"""What a cluster does around an API server: Deployments make pods, pods start or fail, Jobs end, the garbage collector collects.

All of it moves only when `step` is called, on a clock that a test sets. It also watches what must never happen and writes each
breach down; whether that is a failure is the test's business.
"""

from __future__ import annotations

import base64
import copy
import gzip
import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from leadmodel_messages import refusal, report, share, window_document
from leadmodel_messages.errors import ErrorWord
from leadmodel_messages.exits import PredictorExit
from leadmodel_messages.places import SHARE_FILE
from leadmodel_messages.refusal import Refusal
from leadmodel_messages.window import PairedWindow, ShareWindow, Window
from worlds.fake_api import FakeApi, Object
from worlds.programs import Programs, Truth, ValidationRequest
from worlds.windows import make_slot, make_window

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
NAMESPACE, NAME = "sales", "conversion"
IMAGE = "predictor:1"
URI, HOLDOUT = "s3://leads/model.json", "s3://leads/holdout.csv.gz"
G = "customerops.dev"
CHAMPION, PREVIOUS = f"{G}/champion", f"{G}/previous"
LEADMODEL = ("leadmodels", NAMESPACE, NAME)


def raw(letter: str) -> bytes:
    """The bytes of the artifact called `letter`."""
    return f"the model called {letter}".encode()


def digest(letter: str) -> str:
    """Its digest."""
    return "sha256:" + hashlib.sha256(raw(letter)).hexdigest()


LETTERS = {digest(chr(n)): chr(n) for n in range(65, 123)}


def stamp(when: datetime) -> str:
    return f"{when:%Y-%m-%dT%H:%M:%SZ}"


def lead_model(**spec: Any) -> Object:
    """A LeadModel that asks its source only when told, and live leads not at all."""
    base: Object = {
        "artifact": {"uri": URI, "pollInterval": "0s"},
        "holdout": {"uri": HOLDOUT},
        "minAuc": 0.65,
        "gate": {"live": {"policy": "Off"}},
        "drift": {"interval": "30s", "sustainedFor": "1h"},
    }
    for key, value in spec.items():
        base[key] = {**base.get(key, {}), **value} if isinstance(value, dict) else value
    metadata = {"name": NAME, "namespace": NAMESPACE}
    return {"apiVersion": f"{G}/v1alpha1", "kind": "LeadModel", "metadata": metadata, "spec": base}


@dataclass
class FakeCluster:
    """Everything around the API server."""

    api: FakeApi
    now: datetime = START
    store: dict[str, str] = field(default_factory=dict)  # uri → letter
    store_up: bool = True
    truths: dict[str, Truth] = field(default_factory=dict)
    positives: int = 500
    live: bool = False  # leads arrive
    pullable: set[str] = field(default_factory=lambda: {IMAGE})
    jobs_run: bool = True
    job_end: Callable[[Object], tuple[bool, str, Object | None] | None] | None = (
        None  # overrides how a Job ends
    )
    move_senders: Callable[[Object], None] | None = None  # moves Deployments that serve no leads
    packer: Callable[[bytes], bytes] = lambda data: gzip.compress(data, mtime=0)
    measured: dict[str, float] = field(default_factory=dict)  # digest → AUC that validation saw
    lowest: float = 1.0
    served: bool = False
    downtime_allowed: bool = False
    broken: list[str] = field(default_factory=list)
    templates: list[str] = field(
        default_factory=list
    )  # models that the Deployment was written to serve, in order
    made: list[str] = field(default_factory=list)  # names of Jobs that were made

    def __post_init__(self) -> None:
        self.api.now = lambda: self.now
        self.api.pods = self.answer_of_pod
        self.api.changed.append(self._watch)

    def save(self) -> bytes:
        """Everything, API server included."""
        import pickle

        facts = (
            self.now,
            self.store,
            self.store_up,
            self.truths,
            self.live,
            self.measured,
            self.lowest,
            self.served,
        )
        return pickle.dumps((self.api.save(), facts))

    def restore(self, saved: bytes) -> None:
        """Back to then."""
        import pickle

        api, facts = pickle.loads(saved)
        self.api.restore(api)
        (
            self.now,
            self.store,
            self.store_up,
            self.truths,
            self.live,
            self.measured,
            self.lowest,
            self.served,
        ) = facts
        for record in (self.broken, self.templates, self.made):
            record.clear()

    # --- what people do --------------------------------------------------------------------------------------------------

    def upload(self, letter: str, truth: Truth | None = None, uri: str = URI) -> None:
        self.truths[letter] = truth or self.truths.get(letter) or Truth()
        self.store[uri] = letter

    def apply(self, **spec: Any) -> None:
        """Create the LeadModel, or change its spec."""
        wanted = lead_model(**spec)
        current = self.api.objects.get(LEADMODEL)
        self.lowest = min(self.lowest, wanted["spec"]["minAuc"])
        if current is None:
            self.api.uids += 1
            identity = {"uid": f"uid-{self.api.uids}", "creationTimestamp": stamp(self.now), "generation": 1}
            self.api.put(LEADMODEL, {**wanted, "metadata": wanted["metadata"] | identity})
        else:
            self.api.put(LEADMODEL, {**copy.deepcopy(current), "spec": wanted["spec"]})

    def annotate(self, verb: str, value: str | None) -> None:
        current = copy.deepcopy(self.api.objects[LEADMODEL])
        notes = current["metadata"].setdefault("annotations", {})
        notes.pop(f"{G}/{verb}", None)
        if value is not None:
            notes[f"{G}/{verb}"] = value
        self.api.put(LEADMODEL, current)

    def edit(self, resource: str, name: str, change: Callable[[Object], None]) -> None:
        """Someone edits an object by hand."""
        body = copy.deepcopy(self.api.objects[(resource, NAMESPACE, name)])
        change(body)
        self.api.put((resource, NAMESPACE, name), body)

    def delete(self, resource: str, name: str = NAME) -> None:
        self.api.remove((resource, NAMESPACE, name))

    @property
    def lead_model(self) -> Object:
        return self.api.objects[LEADMODEL]

    @property
    def status(self) -> Object:
        return self.lead_model.get("status") or {}

    def condition(self, kind: str) -> tuple[str, str]:
        condition = next((c for c in self.status.get("conditions", []) if c["type"] == kind), {})
        return condition.get("status", ""), condition.get("reason", "")

    def champion(self) -> str | None:
        """The letter of the champion in status."""
        champion = self.status.get("champion")
        return LETTERS[champion["digest"]] if champion else None

    def serving(self) -> str | None:
        """The letter that the Deployment's template names."""
        deployment = self.api.objects.get(("deployments", NAMESPACE, NAME))
        return (
            LETTERS[deployment["spec"]["template"]["metadata"]["annotations"][CHAMPION]]
            if deployment
            else None
        )

    def all(self, resource: str) -> list[Object]:
        return [body for place, body in sorted(self.api.objects.items()) if place[0] == resource]

    # --- controllers -----------------------------------------------------------------------------------------------------

    def step(self) -> bool:
        """Every controller takes one step; whether anything changed."""
        before = self.api.version
        self.collect()
        for deployment in self.all("deployments"):
            if serves(deployment):
                self.move_deployment(deployment)
            elif self.move_senders is not None:
                self.move_senders(deployment)
        if self.jobs_run:
            for job in self.all("jobs"):
                self._job(job)
        return self.api.version != before

    def collect(self) -> None:
        """Objects whose owners are gone go."""
        while True:
            alive = {body["metadata"]["uid"] for body in self.api.objects.values()}
            orphans = [
                place
                for place, body in self.api.objects.items()
                if (refs := body["metadata"].get("ownerReferences"))
                and not any(r["uid"] in alive for r in refs)
            ]
            if not orphans:
                return
            for place in orphans:
                self.api.remove(place)

    def make(self, resource: str, name: str, owner: Object, body: Object) -> Object:
        self.api.uids += 1
        kind = owner.get("kind", "ReplicaSet")
        metadata = {
            "name": name,
            "namespace": owner["metadata"]["namespace"],
            "uid": f"uid-{self.api.uids}",
            "generation": 1,
            "creationTimestamp": stamp(self.now),
            "ownerReferences": [
                {
                    "kind": kind,
                    "name": owner["metadata"]["name"],
                    "uid": owner["metadata"]["uid"],
                    "controller": True,
                }
            ],
        }
        return self.api.put(
            (resource, metadata["namespace"], name),
            {**body, "metadata": {**body.get("metadata", {}), **metadata}},
        )

    def move_deployment(self, deployment: Object) -> None:
        template = deployment["spec"]["template"]
        mark = hashlib.sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()[:8]
        name, namespace = deployment["metadata"]["name"], deployment["metadata"]["namespace"]
        wanted = deployment["spec"].get("replicas", 1)
        place = ("replicasets", namespace, f"{name}-{mark}")
        current = self.api.objects.get(place)
        if current is None:
            labels = {"metadata": {"labels": template["metadata"]["labels"]}}
            current = self.make("replicasets", place[2], deployment, {"kind": "ReplicaSet", **labels})
        pods = self._pods_of(deployment)
        new = [p for p in pods if self._owner(p) == current["metadata"]["uid"]]
        old = [p for p in pods if p not in new]
        if len(new) < wanted and len(pods) <= wanted:
            self.api.uids += 1
            pod = {
                "kind": "Pod",
                "metadata": copy.deepcopy(template["metadata"]),
                "spec": copy.deepcopy(template["spec"]),
            }
            self.make("pods", f"{place[2]}-{self.api.uids}", current, pod)
        for pod in pods:
            self._start(pod)
        ready = [p for p in self._pods_of(deployment) if is_ready(p)]
        for pod in [*old, *(new[wanted:])]:
            if not is_ready(pod) or len(ready) > wanted:
                self.api.remove(("pods", namespace, pod["metadata"]["name"]))
                ready = [p for p in ready if p["metadata"]["uid"] != pod["metadata"]["uid"]]
        self._deployment_status(deployment, current, wanted)

    def _pods_of(self, deployment: Object) -> list[Object]:
        sets = {
            rs["metadata"]["uid"]
            for rs in self.all("replicasets")
            if self._owner(rs) == deployment["metadata"]["uid"]
        }
        return [pod for pod in self.all("pods") if self._owner(pod) in sets]

    def _owner(self, item: Object) -> str | None:
        return next(
            (r["uid"] for r in item["metadata"].get("ownerReferences", []) if r.get("controller")), None
        )

    def _deployment_status(self, deployment: Object, current: Object, wanted: int) -> None:
        body = copy.deepcopy(
            self.api.objects[
                ("deployments", deployment["metadata"]["namespace"], deployment["metadata"]["name"])
            ]
        )
        pods = self._pods_of(body)
        new = [p for p in pods if self._owner(p) == current["metadata"]["uid"]]
        ready = sum(map(is_ready, pods))
        before = body.get("status") or {}
        done = ready == wanted == len(new) == len(pods)
        since = before.get("since") if before.get("mark") == current["metadata"]["name"] else stamp(self.now)
        late = not done and self.now - datetime.fromisoformat(since) > timedelta(
            seconds=body["spec"].get("progressDeadlineSeconds", 600)
        )
        body["status"] = {
            "observedGeneration": body["metadata"]["generation"],
            "replicas": len(pods),
            "updatedReplicas": len(new),
            "readyReplicas": ready,
            "availableReplicas": ready,
            "mark": current["metadata"]["name"],
            "since": since,
            "conditions": [
                {"type": "Available", "status": str(ready >= wanted)},
                {
                    "type": "Progressing",
                    "status": str(not late),
                    "reason": "ProgressDeadlineExceeded" if late else "NewReplicaSetAvailable",
                },
            ],
        }
        self.api.put(("deployments", body["metadata"]["namespace"], body["metadata"]["name"]), body)

    def _start(self, pod: Object) -> None:
        if is_ready(pod):
            return
        body = copy.deepcopy(pod)
        container = body["spec"]["containers"][0]
        name = body["metadata"]["annotations"][CHAMPION]
        volume = next(v for v in body["spec"]["volumes"] if v["name"] == "champion")["configMap"]["name"]
        held = self.api.objects.get(("configmaps", body["metadata"]["namespace"], volume))
        if container["image"] not in self.pullable:
            state: Object = {"state": {"waiting": {"reason": "ImagePullBackOff", "message": "not found"}}}
        elif held is None:
            state = {"state": {"waiting": {"reason": "ContainerCreating"}}}
        elif (mounted := unpacked(held)) != name or not self.truths[LETTERS[name]].loads:
            error = "examples differ" if mounted == name else f"{ErrorWord.DIGEST_MISMATCH}: other bytes"
            message = refusal.dump(Refusal(error, name))
            ended = {"exitCode": int(PredictorExit.REFUSED), "reason": "Error", "message": message}
            state = {"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": ended}}
        else:
            body["status"] = {"podIP": "127.0.0.1", "conditions": [{"type": "Ready", "status": "True"}]}
            self.api.put(("pods", body["metadata"]["namespace"], body["metadata"]["name"]), body)
            return
        body["status"] = {"containerStatuses": [state]}
        self.api.put(("pods", body["metadata"]["namespace"], body["metadata"]["name"]), body)

    def answer_of_pod(self, namespace: str, name: str, target: str) -> Any:
        """What a pod answers under /ops."""
        pod = self.api.objects.get(("pods", namespace, name))
        if pod is None or not is_ready(pod):
            return None
        notes = pod["metadata"]["annotations"]
        if target.startswith("/ops/artifact"):
            wanted = target.partition("digest=")[2].rstrip("?")
            held = {notes[CHAMPION], notes.get(PREVIOUS)}
            return raw(LETTERS[wanted]) if wanted in held else None
        if not self.live:
            return None
        champion, previous = notes[CHAMPION], notes.get(PREVIOUS) or None
        drifts = self.truths[LETTERS[champion]].drifts
        also = bool(previous) and self.truths[LETTERS[previous]].drifts
        window = make_window(champion, previous, drifts=drifts, previous_drifts=also, now=self.now)
        window = window_document.dump(self._with_challenger(pod, window))
        since = target.partition("since=")[2]
        return json.dumps({**window, "since": {since: 500} if since else {}}).encode()

    def _with_challenger(self, pod: Object, window: Window) -> Window:
        """Add what the pod reports of the candidate in the ConfigMap that it mounts."""
        if not any(volume["name"] == "challenger" for volume in pod["spec"]["volumes"]):
            return window
        window = replace(window, takes_challenger=True)
        held = self.api.objects.get(("configmaps", NAMESPACE, f"{NAME}-challenger"))
        digest_ = unpacked(held, "challenger.json.gz") if held else None
        if digest_ is None:
            return window
        slot = make_slot(digest_, drifts=self.truths[LETTERS[digest_]].drifts)
        text = (held.get("data") or {}).get(SHARE_FILE) if held else None
        given = share.parse(text) if text else None
        in_force = (
            ShareWindow(digest_, given.weight, answered=50) if given and given.digest == digest_ else None
        )
        return replace(window, challenger=replace(slot, paired=PairedWindow()), share=in_force)

    # --- Jobs --------------------------------------------------------------------------------------------------------------

    def cron_job_runs(self, role: str, message: str | None = None) -> None:
        """The CronJob controller makes a Job of ours; of a retraining it is given what it says."""
        cron = self.api.objects[("cronjobs", NAMESPACE, f"{NAME}-{role}")]
        self.api.uids += 1
        labels = {"metadata": {"labels": dict(cron["spec"]["jobTemplate"]["metadata"]["labels"])}}
        job = {"kind": "Job", **labels, "spec": copy.deepcopy(cron["spec"]["jobTemplate"]["spec"])}
        made = self.make("jobs", f"{NAME}-{role}-{self.api.uids}", cron, job)
        if message is not None:
            self._end(made, succeeded=True, message=message)

    def _job(self, job: Object) -> None:
        if (job.get("status") or {}).get("conditions"):
            return
        ended = self.job_end(job) if self.job_end is not None else None
        if ended is not None:
            succeeded, message, more = ended
            self._end(job, succeeded=succeeded, message=message, **(more or {}))
            return
        role = job["metadata"]["labels"][f"{G}/role"]
        given = arguments(job)
        if role == "poll":
            ending = self.programs().poll(given["artifact"])
            self._end(job, succeeded=ending.succeeded, message=ending.message)
        elif role == "validation":
            self._validate(job, given)

    def _end(
        self, job: Object, *, succeeded: bool, message: str, code: int | None = None, pod: bool = True
    ) -> None:
        if pod:
            ended = {
                "exitCode": code if code is not None else 0 if succeeded else 1,
                "finishedAt": stamp(self.now),
                "message": message,
                "reason": "Completed" if succeeded else "Error",
            }
            body = {
                "kind": "Pod",
                "metadata": {"labels": dict(job["metadata"]["labels"])},
                "spec": {"containers": [{"image": image_of(job)}]},
                "status": {"containerStatuses": [{"state": {"terminated": ended}}]},
            }
            self.make("pods", f"{job['metadata']['name']}-pod", job, body)
        done = copy.deepcopy(job)
        done["status"] = {"conditions": [{"type": "Complete" if succeeded else "Failed", "status": "True"}]}
        self.api.put(("jobs", job["metadata"]["namespace"], job["metadata"]["name"]), done)

    def programs(self) -> Programs:
        """Give the programs of Jobs the facts of this cluster."""
        store = self.store if self.store_up else None
        return Programs(digest, LETTERS.__getitem__, self.truths, store, "h", self.positives)

    def _validate(self, job: Object, given: dict[str, str]) -> None:
        ending = self.programs().validate(request_of(given))
        if ending.delivered is not None:
            self.deliver(given.get("mailbox"), ending.delivered)
            if self.positives >= 100:
                self.measured[digest(ending.delivered)] = self.truths[ending.delivered].auc
        self._end(job, succeeded=ending.succeeded, message=ending.message)

    def deliver(self, mailbox: str | None, letter: str) -> None:
        """Put the packed bytes of an artifact into a mailbox, as a validation does."""
        if mailbox is None:
            return
        namespace, _, name = mailbox.partition("/")
        stored = self.api.objects.get(("configmaps", namespace, name))
        if stored is not None:
            data = {"model.json.gz": base64.b64encode(self.packer(raw(letter))).decode()}
            self.api.put(("configmaps", namespace, name), {**copy.deepcopy(stored), "binaryData": data})

    def report(self, given: dict[str, str], letter: str) -> Object:
        """Write the report of a validation with these arguments that read the artifact called `letter`."""
        return dict(json.loads(report.dump(self.programs().report(request_of(given), letter))))

    # --- what must never happen --------------------------------------------------------------------------------------------

    def _watch(self, before: Object | None, after: Object | None) -> None:
        kind = (after or before or {}).get("kind")
        if kind == "Deployment" and after is not None and serves(after):
            name = after["spec"]["template"]["metadata"]["annotations"].get(CHAMPION)
            if self.templates[-1:] != [LETTERS.get(name, "?")]:
                self.templates.append(LETTERS.get(name, "?"))
            if not self.measured.get(name, 0.0) >= self.lowest:
                self.broken.append(f"{LETTERS.get(name)} is to serve and never passed")
        if kind == "Job" and before is None and after is not None:
            self.made.append(after["metadata"]["labels"][f"{G}/role"])
        if kind == "Pod" and not self.downtime_allowed:
            ready = sum(
                map(
                    is_ready,
                    (p for p in self.all("pods") if CHAMPION in (p["metadata"].get("annotations") or {})),
                )
            )
            self.served = self.served or ready > 0
            if self.served and ready == 0 and LEADMODEL in self.api.objects:
                self.broken.append("no pod serves any more")
        if kind == "LeadModel" and after is not None and "status" in after:
            conditions = {c["type"]: c["status"] for c in after["status"].get("conditions", [])}
            if conditions.get("Reconciling") == "True" == conditions.get("Stalled"):
                self.broken.append("Reconciling and Stalled")


def serves(deployment: Object) -> bool:
    """Whether a Deployment is of predictors."""
    return CHAMPION in (deployment["spec"]["template"]["metadata"].get("annotations") or {})


def is_ready(pod: Object) -> bool:
    """Whether a pod says so."""
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def image_of(job: Object) -> str:
    return str(job["spec"]["template"]["spec"]["containers"][0]["image"])


def arguments(job: Object) -> dict[str, str]:
    """`--name=value` of a Job's container."""
    given = job["spec"]["template"]["spec"]["containers"][0]["args"]
    return dict(item.removeprefix("--").partition("=")[::2] for item in given)


def request_of(given: dict[str, str]) -> ValidationRequest:
    """Read what the arguments of a validation ask for."""
    return ValidationRequest(
        given["image"],
        given["artifact"],
        given.get("expect-digest"),
        held=given["artifact"].startswith("/models/"),
        champion=given.get("champion-digest"),
        best=given.get("best-digest"),
    )


def unpacked(held: Object, key: str = "model.json.gz") -> str | None:
    """The digest of the bytes that a ConfigMap holds under a key."""
    try:
        data = gzip.GzipFile(fileobj=io.BytesIO(base64.b64decode(held["binaryData"][key]))).read(1 << 20)
    except (KeyError, OSError):
        return None
    return "sha256:" + hashlib.sha256(data).hexdigest()


__all__ = ["FakeCluster", "Truth", "replace"]
