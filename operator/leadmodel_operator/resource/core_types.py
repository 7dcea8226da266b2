"""Structural schemas of the parts of a pod that users may set: resources, environment, tolerations, affinity, spreading.

Only as much of Kubernetes' own types as a predictor needs, every field described and bounded.
"""

from typing import Any

from leadmodel_operator.resource.formats import ENV_NAME, QUANTITY

_NAME = {"type": "string", "maxLength": 253}


def _string(description: str, length: int = 253, **more: Any) -> dict[str, Any]:
    return {"type": "string", "description": description, "maxLength": length, **more}


def _integer(description: str, **more: Any) -> dict[str, Any]:
    return {"type": "integer", "format": "int64", "description": description, "minimum": 0, **more}


def _object(description: str, properties: dict[str, Any], *required: str) -> dict[str, Any]:
    found = {"type": "object", "description": description, "properties": properties}
    return {**found, "required": list(required)} if required else found


def _ruled(schema: dict[str, Any], rule: str, message: str) -> dict[str, Any]:
    return {**schema, "x-kubernetes-validations": [{"rule": rule, "message": message}]}


def _list(description: str, items: dict[str, Any], limit: int = 16) -> dict[str, Any]:
    return {
        "type": "array",
        "description": description,
        "items": items,
        "maxItems": limit,
        "x-kubernetes-list-type": "atomic",
    }


def _quantities(description: str) -> dict[str, Any]:
    quantity = {
        "anyOf": [{"type": "integer"}, {"type": "string"}],
        "x-kubernetes-int-or-string": True,
        "pattern": QUANTITY,
        "maxLength": 32,
    }
    return {
        "type": "object",
        "description": description,
        "additionalProperties": quantity,
        "maxProperties": 16,
    }


def _selector(description: str) -> dict[str, Any]:
    expression = _object(
        "One requirement.",
        {
            "key": _string("Label key."),
            "operator": _string(
                "In, NotIn, Exists or DoesNotExist.", 16, enum=["In", "NotIn", "Exists", "DoesNotExist"]
            ),
            "values": _list("Values for In and NotIn.", _NAME, 32),
        },
        "key",
        "operator",
    )
    labels = {
        "type": "object",
        "description": "Labels that must match.",
        "additionalProperties": _NAME,
        "maxProperties": 32,
    }
    return _object(
        description, {"matchLabels": labels, "matchExpressions": _list("Requirements.", expression)}
    )


def _resources() -> dict[str, Any]:
    return _ruled(
        _object(
            "Requests and limits.",
            {"requests": _quantities("What is reserved."), "limits": _quantities("What is the most.")},
        ),
        "!has(self.requests) || !has(self.limits) || self.requests.all(k, !(k in self.limits) || "
        "!isQuantity(string(self.requests[k])) || !isQuantity(string(self.limits[k])) || "
        "quantity(string(self.requests[k])).compareTo(quantity(string(self.limits[k]))) <= 0)",
        "requests must be at most limits: raise the limit or lower the request",
    )


def _env() -> dict[str, Any]:
    def reference(description: str) -> dict[str, Any]:
        flag = {"type": "boolean", "description": "Whether it may be absent."}
        return _object(
            description, {"name": _string("Name."), "key": _string("Key."), "optional": flag}, "name", "key"
        )

    sources = {
        "secretKeyRef": reference("A key of a Secret."),
        "configMapKeyRef": reference("A key of a ConfigMap."),
        "fieldRef": _object("A field of the pod.", {"fieldPath": _string("Path of the field.")}, "fieldPath"),
    }
    one_source = _ruled(
        _object("Where the value comes from.", sources),
        "[has(self.secretKeyRef), has(self.configMapKeyRef), has(self.fieldRef)].filter(s, s).size() == 1",
        "must name exactly one of secretKeyRef, configMapKeyRef and fieldRef",
    )
    return _ruled(
        _object(
            "One variable.",
            {
                "name": _string("Name.", pattern=ENV_NAME),
                "value": _string("Value.", 4096),
                "valueFrom": one_source,
            },
            "name",
        ),
        "!has(self.value) || !has(self.valueFrom)",
        "must have a value or a valueFrom, not both: remove one",
    )


def _toleration() -> dict[str, Any]:
    toleration = _object(
        "One toleration.",
        {
            "key": _string("Taint key."),
            "operator": _string("Equal or Exists.", 16, enum=["Equal", "Exists"]),
            "value": _string("Taint value."),
            "effect": _string("Taint effect.", 32, enum=["NoSchedule", "PreferNoSchedule", "NoExecute"]),
            "tolerationSeconds": _integer("How long NoExecute is borne.", maximum=31_536_000),
        },
    )
    return _ruled(
        toleration,
        "has(self.operator) && self.operator == 'Exists' ? !has(self.value) : has(self.key)",
        "must have a key and a value, or operator Exists without a value",
    )


def _spread() -> dict[str, Any]:
    return _object(
        "One constraint.",
        {
            "maxSkew": _integer("How uneven the pods may lie.", minimum=1, maximum=1000),
            "topologyKey": _string("Node label that makes a zone."),
            "whenUnsatisfiable": _string("What then.", 32, enum=["DoNotSchedule", "ScheduleAnyway"]),
            "labelSelector": _selector("Pods counted. Absent: this LeadModel's."),
        },
        "maxSkew",
        "topologyKey",
        "whenUnsatisfiable",
    )


def _node_term() -> dict[str, Any]:
    operators = ["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]
    expression = _object(
        "One requirement.",
        {
            "key": _string("Label key."),
            "operator": _string("How values are compared.", 16, enum=operators),
            "values": _list("Values.", _NAME, 32),
        },
        "key",
        "operator",
    )
    return _object(
        "One term.",
        {"matchExpressions": _list("By label.", expression), "matchFields": _list("By field.", expression)},
    )


def _affinity() -> dict[str, Any]:
    pod_term = _object(
        "One term.",
        {
            "labelSelector": _selector("Pods meant."),
            "topologyKey": _string("Node label that makes a zone."),
            "namespaces": _list("Namespaces meant. Absent: this one.", _NAME),
        },
        "topologyKey",
    )

    def weighted(description: str, name: str, term: dict[str, Any]) -> dict[str, Any]:
        return _list(
            description,
            _object(
                "One preference.",
                {"weight": _integer("1 to 100.", minimum=1, maximum=100), name: term},
                "weight",
                name,
            ),
        )

    def pods(description: str) -> dict[str, Any]:
        return _object(
            description,
            {
                "requiredDuringSchedulingIgnoredDuringExecution": _list("Must hold.", pod_term),
                "preferredDuringSchedulingIgnoredDuringExecution": weighted(
                    "Should hold.", "podAffinityTerm", pod_term
                ),
            },
        )

    terms = _object(
        "Any of these.", {"nodeSelectorTerms": _list("Terms.", _node_term())}, "nodeSelectorTerms"
    )
    nodes = _object(
        "Which nodes.",
        {
            "requiredDuringSchedulingIgnoredDuringExecution": terms,
            "preferredDuringSchedulingIgnoredDuringExecution": weighted(
                "Should hold.", "preference", _node_term()
            ),
        },
    )
    return _object(
        "Affinity of the pods.",
        {
            "nodeAffinity": nodes,
            "podAffinity": pods("Near which pods."),
            "podAntiAffinity": pods("Away from which pods."),
        },
    )


def embedded(name: str) -> dict[str, Any]:
    """The schema of one of Kubernetes' own types."""
    return {
        "ResourceRequirements": _resources,
        "EnvVar": _env,
        "Toleration": _toleration,
        "TopologySpreadConstraint": _spread,
        "Affinity": _affinity,
    }[name]()
