"""Structural schemas of the core/v1 types that users may set: resources, environment, tolerations, affinity and spreading.

The schemas hold only the part of each type that a predictor needs; every field has a description and a bound.
"""

import copy
from typing import Any

from leadmodel_operator.resource.formats import (
    ENV_NAME,
    FIELD_PATH,
    KEY,
    LABEL_KEY,
    LABEL_VALUE,
    NAME,
    QUALIFIED_NAME,
    QUANTITY,
    RESOURCE_NAME,
)

_NAME = {"type": "string", "maxLength": 253}
# Lists in lists multiply, and the API server keeps whatever it takes: these bounds hold all of a spec below half a megabyte.
_TERMS, _EXPRESSIONS, _VALUES_EACH, _LABELS = 4, 8, 8, 8
_VALUES = (
    "(self.operator == 'In' || self.operator == 'NotIn') == (has(self.values) && size(self.values) > 0)",
    "must have values with the operators In and NotIn, and none with Exists and DoesNotExist",
)
_NODE_VALUES = (
    (
        "self.operator == 'Gt' || self.operator == 'Lt' ? has(self.values) && size(self.values) == 1 && "
        "self.values[0].matches('^[0-9]+$') : (self.operator == 'In' || self.operator == 'NotIn') == "
        "(has(self.values) && size(self.values) > 0)"
    ),
    "must have values with In and NotIn, one whole number with Gt and Lt, and none with Exists and DoesNotExist",
)


def _string(description: str, length: int = 253, **more: Any) -> dict[str, Any]:
    return {"type": "string", "description": description, "maxLength": length, **more}


def _label_value() -> dict[str, Any]:
    return {"type": "string", "maxLength": 63, "pattern": LABEL_VALUE}


def _integer(description: str, **more: Any) -> dict[str, Any]:
    return {"type": "integer", "format": "int64", "description": description, "minimum": 0, **more}


def _object(description: str, properties: dict[str, Any], *required: str) -> dict[str, Any]:
    node = {"type": "object", "description": description, "properties": properties}
    return {**node, "required": list(required)} if required else node


def _with_rule(schema: dict[str, Any], rule: str, message: str) -> dict[str, Any]:
    rules = schema.get("x-kubernetes-validations", [])
    return {**schema, "x-kubernetes-validations": [*rules, {"rule": rule, "message": message}]}


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
        "maxProperties": 8,
        "keyPattern": RESOURCE_NAME,
    }


def _selector(description: str) -> dict[str, Any]:
    expression = _object(
        "One requirement on labels.",
        {
            "key": _string("Key of the label.", pattern=QUALIFIED_NAME),
            "operator": _string(
                "Comparison of the label's value: In, NotIn, Exists or DoesNotExist.",
                16,
                enum=["In", "NotIn", "Exists", "DoesNotExist"],
            ),
            "values": _list("Values to compare with, for In and NotIn.", _label_value(), _VALUES_EACH),
        },
        "key",
        "operator",
    )
    labels = {
        "type": "object",
        "description": "Labels that must match exactly.",
        "additionalProperties": _label_value(),
        "maxProperties": _LABELS,
        "keyPattern": LABEL_KEY,
    }
    expressions = _list("Requirements that must all hold.", _with_rule(expression, *_VALUES), 4)
    return _object(description, {"matchLabels": labels, "matchExpressions": expressions})


def _resources() -> dict[str, Any]:
    schema = _with_rule(
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
    schema = _with_rule(
        schema,
        "!has(self.requests) || self.requests.all(k, (!k.contains('/') && !k.startsWith('hugepages-')) || (has(self.limits) && k in self.limits && "
        "string(self.limits[k]) == string(self.requests[k])))",
        "requests of huge pages or of a resource with a domain, such as nvidia.com/gpu, must equal its limits: set both alike, or the "
        "limit alone",
    )
    schema = _with_rule(
        schema,
        "!has(self.limits) || !self.limits.exists(k, k.startsWith('hugepages-')) || [self.limits, has(self.requests) ? "
        "self.requests : self.limits].exists(m, 'cpu' in m || 'memory' in m)",
        "huge pages need cpu or memory beside them: name one of both",
    )
    schema = _with_rule(
        schema,
        "[has(self.limits) ? self.limits : {}, has(self.requests) ? self.requests : {}].all(m, m.all(k, !k.startsWith('requests.')))",
        "must name a resource without requests., which only quotas use: nvidia.com/gpu",
    )
    return _with_rule(
        schema,
        "!has(self.limits) || self.limits.all(k, !k.contains('/') || string(self.limits[k]).matches('^[0-9]+[kMGTi]*$'))",
        "limits of a resource with a domain, such as nvidia.com/gpu, must be whole numbers: such a resource cannot be divided",
    )


def _key_reference(description: str) -> dict[str, Any]:
    flag = {"type": "boolean", "description": "If true, the key may be absent."}
    return _object(
        description,
        {
            "name": _string("Name of the object.", pattern=NAME),
            "key": _string("Key in the object.", pattern=KEY),
            "optional": flag,
        },
        "name",
        "key",
    )


def _env() -> dict[str, Any]:
    sources = {
        "secretKeyRef": _key_reference("Key of a Secret whose value is taken."),
        "configMapKeyRef": _key_reference("Key of a ConfigMap whose value is taken."),
        "fieldRef": _object(
            "Field of the pod whose value is taken.",
            {"fieldPath": _string("Path of the field.", pattern=FIELD_PATH)},
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
                "value": _string("Value of the variable.", 1024),
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
            "key": _string("Key of the taint.", pattern=QUALIFIED_NAME),
            "operator": _string(
                "Comparison of the taint's value: Equal or Exists.", 16, enum=["Equal", "Exists"]
            ),
            "value": _string("Value of the taint.", 63, pattern=LABEL_VALUE),
            "effect": _string(
                "Effect of the taint.", 32, enum=["NoSchedule", "PreferNoSchedule", "NoExecute"]
            ),
            "tolerationSeconds": _integer(
                "Seconds for which a taint with effect NoExecute is tolerated.", maximum=31_536_000
            ),
        },
    )
    toleration = _with_rule(
        toleration,
        "!has(self.tolerationSeconds) || (has(self.effect) && self.effect == 'NoExecute')",
        "must have effect NoExecute with tolerationSeconds: set the effect, or leave tolerationSeconds out",
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
            "topologyKey": _string(
                "Key of the node label whose values are the zones.", pattern=QUALIFIED_NAME
            ),
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
            "values": _list("Values to compare with.", _NAME, _VALUES_EACH),
        },
        "key",
        "operator",
    )
    labels = copy.deepcopy(_with_rule(expression, *_NODE_VALUES))
    labels["properties"]["key"]["pattern"] = QUALIFIED_NAME
    labels["properties"]["values"]["items"] = _label_value()
    expression["properties"]["values"] = _list("Values to compare with.", _NAME, 1)
    names = _with_rule(
        expression,
        "self.key == 'metadata.name' && (self.operator == 'In' || self.operator == 'NotIn') && has(self.values) && "
        "size(self.values) == 1",
        "must compare metadata.name by In or NotIn with one value: nodes have no other field to select by",
    )
    return _object(
        "One term of a node selector.",
        {
            "matchExpressions": _list("Requirements on node labels.", labels, _EXPRESSIONS),
            "matchFields": _list("Requirements on node fields.", names, 1),
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
        {"nodeSelectorTerms": _list("Terms of the node selector.", _node_term(), _TERMS) | {"minItems": 1}},
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
            "topologyKey": _string(
                "Key of the node label whose values are the zones.", pattern=QUALIFIED_NAME
            ),
            "namespaces": _list(
                "Namespaces of the pods. If absent, the namespace of the LeadModel.", _NAME, 8
            ),
        },
        "topologyKey",
    )


def _pod_affinity(description: str, term: dict[str, Any]) -> dict[str, Any]:
    return _object(
        description,
        {
            _REQUIRED: _list("Terms that must hold.", term, _TERMS),
            _PREFERRED: _preferences("podAffinityTerm", term),
        },
    )


def _preferences(name: str, term: dict[str, Any]) -> dict[str, Any]:
    weight = _integer("Weight of the preference, from 1 to 100.", minimum=1, maximum=100)
    preference = _object("One weighted preference.", {"weight": weight, name: term}, "weight", name)
    return _list("Terms that should hold.", preference, _TERMS)


def core_schema(name: str) -> dict[str, Any]:
    """The schema of a core/v1 type, by the name of the type."""
    return {
        "ResourceRequirements": _resources,
        "EnvVar": _env,
        "Toleration": _toleration,
        "TopologySpreadConstraint": _spread,
        "Affinity": _affinity,
    }[name]()
