"""Valid specs at random, made from the schema that the API server enforces: each field by its type, bounds and form."""

from __future__ import annotations

import random
from typing import Any

from leadmodel_operator.resource import formats, schedules
from leadmodel_operator.resource.conversion import load
from leadmodel_operator.resource.schema import schema
from leadmodel_operator.resource.spec import Spec
from worlds.fake_cluster import HOLDOUT, URI, digest

LETTERS = "ABCD"
URIS = [URI, "https://leads.example/model.json", "pvc://claim/model.json"]
FOLLOW_UPS: dict[str, Any] = {
    "redis": {"secretName": "followups-redis"},
    "contactKey": {"secretName": "followups"},
    "intake": {"secretName": "followups"},
    "templates": {"configMapName": "followups-templates"},
    "channels": [{"name": "console"}],
    "bands": [
        {"name": "warm", "minScore": 0.5, "steps": [{"name": "a", "channel": "console", "template": "hello"}]}
    ],
}
_FORMS = {
    formats.DURATION: ["30s", "5m", "1h", "90m"],
    formats.DIGEST: [digest(letter) for letter in LETTERS],
    formats.URI: URIS,
    formats.NAME: ["one", "two-2"],
    formats.KEY: ["REDIS_URL", "url"],
    formats.IMAGE: ["predictor:1"],
    formats.LABEL_VALUE: ["blue", "zone-1"],
    formats.COLUMN: ["duration", "Lead Source"],
    formats.TIME_FORMAT: ["%d.%m.%Y %H:%M", "unix-ms"],
    formats.LANGUAGE: ["en", "de", "pt"],
    schedules.TIME_ZONE: ["Etc/UTC", "Europe/Berlin", "Japan"],
    schedules.CRON: ["0 1 * * *", "*/15 6 * * 1-5"],
}
_KUBERNETES: dict[str, list[Any]] = {
    "resources": [{"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}}],
    "env": [[{"name": "TZ", "value": "UTC"}], [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]],
    "tolerations": [[{"key": "spot", "operator": "Exists"}]],
    "affinity": [{"nodeAffinity": {}}],
    "rollout": [{}, {"steps": [{"weight": 5, "for": "10s"}, {"weight": 100, "for": "20s"}]}],
    "topologySpreadConstraints": [
        [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}]
    ],
    "followUps": [
        {**FOLLOW_UPS, "suspend": True},
        {
            **FOLLOW_UPS,
            "worker": {"replicas": 3, "concurrency": 1},
            "silentIntents": ["complaint"],
            "arms": ["a", "b"],
        },
    ],
}


def value(chance: random.Random, name: str, node: dict[str, Any]) -> Any:
    """Any value that a node of the schema allows."""
    if name in _KUBERNETES:
        return chance.choice(_KUBERNETES[name])
    if "enum" in node:
        return chance.choice(node["enum"])
    if (pattern := node.get("pattern")) in _FORMS:
        return chance.choice(_FORMS[pattern])
    match node.get("type"):
        case "object" if "properties" in node:
            return document(chance, node)
        case "object":
            return {
                f"key{n}": value(chance, "", node["additionalProperties"])
                for n in range(chance.randint(1, 2))
            }
        case "array":
            length = chance.randint(max(1, node.get("minItems", 0)), 2)
            return list(dict.fromkeys(value(chance, "", node["items"]) for _ in range(length)))
        case "boolean":
            return chance.random() < 0.3
        case "integer":
            low, high = node.get("minimum", 0), node.get("maximum", 10)
            return chance.randint(low, min(high, low + 4))
        case "number":
            return round(chance.uniform(node["minimum"], node["maximum"]), 3)
    return chance.choice(["text", "chat:*"])


def document(chance: random.Random, node: dict[str, Any]) -> dict[str, Any]:
    """Required properties, and half of the others."""
    wanted = set(node.get("required", []))
    properties = node["properties"]
    return {n: value(chance, n, properties[n]) for n in properties if n in wanted or chance.random() < 0.5}


def spec(chance: random.Random) -> dict[str, Any]:
    """A spec that also holds to the rules across fields, and under which something can serve."""
    found = document(chance, schema(Spec))
    found["holdout"] = {**found["holdout"], "uri": HOLDOUT}
    found["holdout"].pop("digest", None)
    found["minAuc"] = chance.choice([0.5, 0.65, 0.7])
    found["paused"] = False
    found.setdefault("artifact", {})["uri"] = chance.choice(URIS)
    gate = found.get("gate", {})
    found["gate"] = {k: v for k, v in gate.items() if k not in {"minPositives", "minNegatives"}}
    predictor = found.get("predictor", {})
    if "autoscaling" in predictor:
        scaling = predictor["autoscaling"]
        scaling["maxReplicas"] = max(scaling["maxReplicas"], scaling.get("minReplicas", 2))
    if found.get("rollback"):
        found["rollback"].pop("maxPreviousPsi", None)
    found.get("drift", {}).pop("maxPsi", None)
    if (training := found.get("retraining")) is not None:
        training["leads"]["uri"] = "s3://leads/all.csv"
        training["exclude"] = ["duration"]
    load(Spec, found, "spec")
    return found
