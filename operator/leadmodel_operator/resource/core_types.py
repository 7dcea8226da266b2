"""Structural schemas of the core/v1 types that users may set: resources, environment, tolerations, affinity and spreading.

The schemas hold only the part of each type that a predictor needs; every field has a description and a bound.
"""

from typing import Any

from leadmodel_operator.resource.formats import ENV_NAME, QUANTITY

_NAME = {"type": "string", "maxLength": 253}


def _string(description: str, length: int = 253, **more: Any) -> dict[str, Any]:
    return {"type": "string", "description": description, "maxLength": length, **more}


def _integer(description: str, **more: Any) -> dict[str, Any]:
    return {"type": "integer", "format": "int64", "description": description, "minimum": 0, **more}


def _object(description: str, properties: dict[str, Any], *required: str) -> dict[str, Any]:
    node = {"type": "object", "description": description, "properties": properties}
    return {**node, "required": list(required)} if required else node


def _with_rule(schema: dict[str, Any], rule: str, message: str) -> dict[str, Any]:
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
        "One requirement on labels.",
        {
            "key": _string("Key of the label."),
            "operator": _string(
                "Comparison of the label's value: In, NotIn, Exists or DoesNotExist.",
                16,
                enum=["In", "NotIn", "Exists", "DoesNotExist"],
            ),
            "values": _list("Values to compare with, for In and NotIn.", _NAME, 32),
        },
        "key",
        "operator",
    )
    labels = {
        "type": "object",
        "description": "Labels that must match exactly.",
        "additionalProperties": _NAME,
        "maxProperties": 32,
    }
    return _object(
        description,
        {"matchLabels": labels, "matchExpressions": _list("Requirements that must all hold.", expression)},
    )


def _resources() -> dict[str, Any]:
    return _with_rule(
        _object(
            "Resource requests and limits of a container.",
            {
                "requests": _quantities("Resources reserved for the container."),
                "limits": _quantities("Resources the container may use at most."),
            },
        ),
        "!has(self.requests) || !has(self.limits) || self.requests.all(k, !(k in self.limits) || "
        "!isQuantity(string(self.requests[k])) || !isQuantity(string(self.limits[k])) || "
        "quantity(string(self.requests[k])).compareTo(quantity(string(self.limits[k]))) <= 0)",
        "requests must be at most limits: raise the limit or lower the request",
    )


def _env() -> dict[str, Any]:
    def reference(description: str) -> dict[str, Any]:
        flag = {"type": "boolean", "description": "If true, the key may be absent."}
        return _object(
            description,
            {"name": _string("Name of the object."), "key": _string("Key in the object."), "optional": flag},
            "name",
            "key",
        )

    sources = {
        "secretKeyRef": reference("Key of a Secret whose value is taken."),
        "configMapKeyRef": reference("Key of a ConfigMap whose value is taken."),
        "fieldRef": _object(
            "Field of the pod whose value is taken.",
            {"fieldPath": _string("Path of the field.")},
            "fieldPath",
        ),
    }
    one_source = _with_rule(
        _object("Source of the value.", sources),
        "[has(self.secretKeyRef), has(self.configMapKeyRef), has(self.fieldRef)].filter(s, s).size() == 1",
        "must name exactly one of secretKeyRef, configMapKeyRef and fieldRef",
    )
    return _with_rule(
        _object(
            "One environment variable.",
            {
                "name": _string("Name of the variable.", pattern=ENV_NAME),
                "value": _string("Value of the variable.", 4096),
                "valueFrom": one_source,
            },
            "name",
        ),
        "!has(self.value) || !has(self.valueFrom)",
        "must have a value or a valueFrom, not both: remove one",
    )


def _toleration() -> dict[str, Any]:
    toleration = _object(
        "One toleration of a node taint.",
        {
            "key": _string("Key of the taint."),
            "operator": _string(
                "Comparison of the taint's value: Equal or Exists.", 16, enum=["Equal", "Exists"]
            ),
            "value": _string("Value of the taint."),
            "effect": _string(
                "Effect of the taint.", 32, enum=["NoSchedule", "PreferNoSchedule", "NoExecute"]
            ),
            "tolerationSeconds": _integer(
                "Seconds for which a taint with effect NoExecute is tolerated.", maximum=31_536_000
            ),
        },
    )
    return _with_rule(
        toleration,
        "has(self.operator) && self.operator == 'Exists' ? !has(self.value) : has(self.key)",
        "must have a key and a value, or operator Exists without a value",
    )


def _spread() -> dict[str, Any]:
    return _object(
        "One constraint on the spreading of pods.",
        {
            "maxSkew": _integer(
                "Largest difference in the number of pods between two zones.", minimum=1, maximum=1000
            ),
            "topologyKey": _string("Key of the node label whose values are the zones."),
            "whenUnsatisfiable": _string(
                "Action if the constraint cannot be met.", 32, enum=["DoNotSchedule", "ScheduleAnyway"]
            ),
            "labelSelector": _selector(
                "Labels of the pods that count. If absent, the pods of the LeadModel count."
            ),
        },
        "maxSkew",
        "topologyKey",
        "whenUnsatisfiable",
    )


def _node_term() -> dict[str, Any]:
    operators = ["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]
    expression = _object(
        "One requirement on labels.",
        {
            "key": _string("Key of the label."),
            "operator": _string(
                "Comparison of the label's value: In, NotIn, Exists, DoesNotExist, Gt or Lt.",
                16,
                enum=operators,
            ),
            "values": _list("Values to compare with.", _NAME, 32),
        },
        "key",
        "operator",
    )
    return _object(
        "One term of a node selector.",
        {
            "matchExpressions": _list("Requirements on node labels.", expression),
            "matchFields": _list("Requirements on node fields.", expression),
        },
    )


_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def _affinity() -> dict[str, Any]:
    term = _pod_term()  # one object for both, which YAML writes once
    return _object(
        "Affinity and anti-affinity rules of the pods.",
        {
            "nodeAffinity": _node_affinity(),
            "podAffinity": _pod_affinity("Rules for pods to run near to.", term),
            "podAntiAffinity": _pod_affinity("Rules for pods to run away from.", term),
        },
    )


def _node_affinity() -> dict[str, Any]:
    terms = _object(
        "Node selector terms, of which at least one must hold.",
        {"nodeSelectorTerms": _list("Terms of the node selector.", _node_term())},
        "nodeSelectorTerms",
    )
    return _object(
        "Rules for the nodes that run the pods.",
        {_REQUIRED: terms, _PREFERRED: _preferences("preference", _node_term())},
    )


def _pod_term() -> dict[str, Any]:
    return _object(
        "One term that selects pods and a zone.",
        {
            "labelSelector": _selector("Labels of the pods that the term selects."),
            "topologyKey": _string("Key of the node label whose values are the zones."),
            "namespaces": _list("Namespaces of the pods. If absent, the namespace of the LeadModel.", _NAME),
        },
        "topologyKey",
    )


def _pod_affinity(description: str, term: dict[str, Any]) -> dict[str, Any]:
    return _object(
        description,
        {
            _REQUIRED: _list("Terms that must hold.", term),
            _PREFERRED: _preferences("podAffinityTerm", term),
        },
    )


def _preferences(name: str, term: dict[str, Any]) -> dict[str, Any]:
    weight = _integer("Weight of the preference, from 1 to 100.", minimum=1, maximum=100)
    preference = _object("One weighted preference.", {"weight": weight, name: term}, "weight", name)
    return _list("Terms that should hold.", preference)


def core_schema(name: str) -> dict[str, Any]:
    """The schema of a core/v1 type, by the name of the type."""
    return {
        "ResourceRequirements": _resources,
        "EnvVar": _env,
        "Toleration": _toleration,
        "TopologySpreadConstraint": _spread,
        "Affinity": _affinity,
    }[name]()
