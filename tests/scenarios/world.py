"""What a scenario can do and see, on whichever runtime it plays; and how the ends of two runtimes are compared.

A runtime gives a `World`: what a person can do to one LeadModel. `Stage` lays the waiting over it.
"""

import json
import re
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from leadmodel_artifact.artifact import digest
from scenarios.callers import Callers, enrich_url, post_each
from scenarios.goods import NAMES, live

SPEC: dict[str, Any] = {
    "minAuc": 0.55,
    "predictor": {"replicas": 1},
    "drift": {"interval": "1s", "sustainedFor": "2s"},
    "rollback": {"cooldown": "1h"},
    "gate": {"live": {"policy": "Off"}},  # most scenarios send no leads
}


MODEL, HOLDOUT, TEXT, TEXT_HOLDOUT = "model.json", "holdout.csv", "text.json", "messages.jsonl"


def laid(spec: dict[str, Any], uri: Callable[[str], str]) -> dict[str, Any]:
    """The spec with the URIs of a world's files laid under it."""
    whole = {**spec, "artifact": {"uri": uri(MODEL), **spec.get("artifact", {})}}
    whole["holdout"] = {"uri": uri(HOLDOUT), **spec.get("holdout", {})}
    if "enrichment" in spec:
        text = spec["enrichment"]
        places = {"artifact": TEXT, "holdout": TEXT_HOLDOUT}
        whole["enrichment"] = {
            **text,
            **{name: {"uri": uri(file), **text.get(name, {})} for name, file in places.items()},
        }
    return whole


class World(Protocol):
    """One LeadModel, called `conversion`, and the store its URIs name."""

    def put(self, file: str, content: bytes | None) -> None:
        """Upload a file of `FILES`; None takes it away."""

    def apply(self, spec: dict[str, Any], annotations: dict[str, str]) -> None:
        """Apply the resource with exactly this spec, with the URIs of the world laid under it, and these annotations."""

    def status(self) -> dict[str, Any]:
        """Its status, {} without one."""

    def url(self) -> str:
        """Where leads are POSTed."""

    def processes(self) -> set[str]:
        """The processes that serve: another one for each start and each restart."""

    def lose_status(self) -> None:
        """Take the status away, as a restore of the resource alone does; what else was written stays."""

    def delete(self) -> None:
        """Delete the resource and wait until nothing of it serves."""

    def patience(self) -> float:
        """Seconds that one step may take here."""


class Stage:
    """A world with waiting. Scenarios speak to this."""

    def __init__(self, world: World) -> None:
        self.world, self.spec, self.annotations = world, dict(SPEC), {}
        self._polls = 0

    def apply(self, **spec: Any) -> None:
        """Apply with these fields laid over the last ones (None takes one away)."""
        for name, value in spec.items():
            before = self.spec.get(name)
            self.spec[name] = (
                {**before, **value} if isinstance(value, dict) and isinstance(before, dict) else value
            )
        self.spec = {name: value for name, value in self.spec.items() if value is not None}
        self.world.apply(self.spec, self.annotations)

    def ask(self, verb: str, value: str) -> None:
        """Ask for something once."""
        self.annotations[f"customerops.dev/{verb}"] = value
        self.world.apply(self.spec, self.annotations)

    def put(self, raw: bytes | None, holdout: bytes | None = None) -> str:
        """Upload, holdout first as a training does, and have the source asked. The digest of the artifact."""
        if holdout is not None:
            self.world.put(HOLDOUT, holdout)
        return self._upload(MODEL, raw)

    def put_text(self, raw: bytes) -> str:
        """Upload a text model and have the source asked. The digest of the text model."""
        return self._upload(TEXT, raw)

    def _upload(self, file: str, raw: bytes | None) -> str:
        self.world.put(file, raw)
        self._polls += 1
        self.ask("poll", f"now@{self._polls}")
        return digest(raw) if raw is not None else ""

    def predict(self, leads: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """The answers to these leads; raises when one is not answered with 200."""
        return post_each(self.world.url(), leads)

    def enrich(self, texts: Sequence[str]) -> list[dict[str, Any]]:
        """The answers to these English texts; raises when one is not answered with 200."""
        return post_each(enrich_url(self.world.url()), [{"text": text, "language": "en"} for text in texts])

    def callers(self, texts: Sequence[str]) -> Callers:
        """Callers of both paths: ordinary leads, and these texts."""
        predict = self.world.url()
        return Callers({predict: live(), enrich_url(predict): [{"text": text} for text in texts]})

    def until(
        self,
        what: str,
        ready: Callable[[dict[str, Any]], Any],
        leads: Sequence[dict[str, Any]] = (),
        texts: Sequence[str] = (),
    ) -> Any:
        """What `ready` makes of the status, once it is true. `leads` and `texts` come all the while, again and again."""
        end, status, sent = time.monotonic() + self.world.patience(), {}, 0
        while time.monotonic() < end:
            status = self.world.status()
            if status and (found := ready(status)):
                return found
            if leads:
                self.predict([leads[(sent + i) % len(leads)] for i in range(40)])
            if texts:
                self.enrich([texts[(sent + i) % len(texts)] for i in range(40)])
            sent += 40
            time.sleep(0.1)
        raise AssertionError(f"not in time: {what}\n{json.dumps(masked(status), indent=1)}")

    def condition(self, kind: str, status: str, reason: str) -> None:
        """Until a condition says so."""
        wanted = (kind, status, reason)
        self.until(
            f"{kind}={status}/{reason}",
            lambda s: wanted in {(c["type"], c["status"], c["reason"]) for c in s["conditions"]},
        )

    def serves(self, wanted: str) -> None:
        """Until it serves in every pod."""

        def all_of(status: dict[str, Any]) -> bool:
            here = (status.get("champion") or {}).get("digest") == wanted and status.get("rollout") is None
            return (
                here and status["readyReplicas"] == self.spec["predictor"]["replicas"] == status["replicas"]
            )

        self.until(f"{NAMES.get(wanted, wanted)} serves", all_of)

    def judged(self, wanted: str, verdict: str) -> None:
        """Until the gate has said so of this digest."""
        self.until(
            f"{NAMES[wanted]} got {verdict}",
            lambda s: s.get("gate") and (s["gate"]["digest"], s["gate"]["verdict"]) == (wanted, verdict),
        )

    def serves_text(self, wanted: str) -> None:
        """Until every pod that serves reports this text model."""
        replicas = self.spec["predictor"]["replicas"]

        def reported(status: dict[str, Any]) -> bool:
            text = status.get("enrichment") or {}
            return (text.get("digest"), text.get("readyPods")) == (wanted, replicas)

        self.until(f"{NAMES.get(wanted, wanted)} answers texts", reported)

    def proven(self) -> None:
        """Ordinary leads come until they prove the champion."""
        self.until("live leads prove the champion", lambda s: s["champion"].get("provenAt"), live())

    def end(self) -> dict[str, Any]:
        """The status once it rests, masked."""
        last, since = None, time.monotonic()
        end = since + self.world.patience()
        while time.monotonic() < end:
            here = masked(self.world.status())
            resting = {c["type"]: c["status"] for c in here.get("conditions", [])}.get(
                "Reconciling"
            ) == "False"
            if here != last or not resting:
                last, since = here, time.monotonic()
            elif time.monotonic() - since > 1.5:
                self._of_one_generation()
                return here
            time.sleep(0.1)
        raise AssertionError(f"it does not come to rest\n{json.dumps(last, indent=1)}")

    def _of_one_generation(self) -> None:
        status = self.world.status()
        found = {condition["observedGeneration"] for condition in status["conditions"]}
        assert found == {status["observedGeneration"]}


# --- comparing ---------------------------------------------------------------------------------------------------------------

TIMES = {
    "since",
    "until",
    "at",
    "servedAt",
    "provenAt",
    "started",
    "lastSuccess",
    "breachSince",
    "breachSeen",
    "due",
    "asked",
    "movedAt",
    "phaseSince",
    "lastCheck",
}
OWN = {  # what is of one runtime, or of one moment
    *(
        "url",
        "observedGeneration",  # edits close to each other may be read as one
        "selector",
        "inputs",
        "image",
        "template",
        "job",
        "etag",
        "holdoutEtag",
        "fingerprint",
        "uri",
        "attempt",
        "passed",
        "wanted",
        "shown",
    ),
    *(
        "lastTransitionTime",
        "psi",
        "feature",
        "badShare",
        "sigma",
        "samples",
        "answered",
        "compared",
        "previousPsi",
        "championPsi",
        "unread",
        "shift",
        "previousBadShare",
        "pods",
        "error",
        "handled",
    ),
    *("figures", "texts", "abstained"),  # of text models, which a machine learns, and of live texts
}
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def masked(value: Any, key: str = "") -> Any:
    """A status without times and ids: digests by name, figures of live leads left out."""
    match value:
        case dict():
            left_out = {*OWN, "message"} if value.get("type") == "DriftDetected" else OWN
            return {
                k: "time" if k in TIMES else masked(v, k)
                for k, v in sorted(value.items())
                if k not in left_out and v is not None
            }
        case list():
            return [masked(item, key) for item in value]
        case str():
            return _named(value)
        case float():
            return round(value, 9)
        case _:
            return value


def _named(text: str) -> str:
    for found, name in NAMES.items():
        text = text.replace(found, name).replace(found.removeprefix("sha256:")[:12], name)
    text = re.sub(r"\w+://\S+", "URI", _DIGEST.sub("DIGEST", text))
    text = re.sub(r"(macro-F1|calibration error) [\d.]+|(answers) \d+%", r"\1\2 #", text)
    text = re.sub(r"until [-\d: ]+ UTC; \d+ answered", "until a time; # answered", text)
    return re.sub(r"PSI [\d.]+( in \w+)?(, champion [\d.]+ on the same \d+ leads)?", "PSI #", text)
