"""The part of the spec about the pods that serve leads."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from leadmodel_operator.resource.fields import doc
from leadmodel_operator.resource.formats import (
    ANNOTATION_KEY,
    IMAGE,
    LABEL_KEY,
    LABEL_VALUE,
    NAME,
)


@dataclass(frozen=True, kw_only=True)
class Autoscaling:
    """The bounds of the HorizontalPodAutoscaler of the predictor."""

    min_replicas: int = doc("Lowest number of predictor pods.", default=2, minimum=1, maximum=1000)
    max_replicas: int = doc("Highest number of predictor pods.", minimum=1, maximum=1000)
    target_cpu_utilization_percentage: int = doc(
        "Target for the average CPU use of the pods, in per cent of the CPU request.",
        default=80,
        minimum=1,
        maximum=100,
        wire="targetCPUUtilizationPercentage",
    )


@dataclass(frozen=True, kw_only=True)
class Predictor:
    """The pods that serve leads."""

    replicas: int = doc(
        "Number of predictor pods. Ignored if autoscaling is set.", default=2, minimum=0, maximum=1000
    )
    autoscaling: Autoscaling | None = doc(
        "Bounds within which an autoscaler chooses the number of pods.", default=None
    )
    image: str | None = doc(
        "Image of the predictor. Replaces the default image of the operator.",
        pattern=IMAGE,
        max_length=512,
        default=None,
    )
    resources: Mapping[str, Any] | None = doc(
        "Resource requests and limits of the predictor container.",
        default=None,
        kubernetes="ResourceRequirements",
    )
    env: tuple[Mapping[str, Any], ...] = doc(
        "Additional environment variables of the predictor container. Names that start with LEADMODEL_ are refused.",
        default=(),
        kubernetes="EnvVar",
        max_items=32,
        list_map_key="name",
    )
    node_selector: Mapping[str, str] | None = doc(
        "Labels a node must have to run the pods, and the polls and validations, which use the same image.",
        default=None,
        max_properties=32,
        max_length=63,
        pattern=LABEL_VALUE,
        key_pattern=LABEL_KEY,
    )
    tolerations: tuple[Mapping[str, Any], ...] = doc(
        "Node taints that the pods and all Jobs tolerate.", default=(), kubernetes="Toleration", max_items=32
    )
    affinity: Mapping[str, Any] | None = doc(
        "Affinity and anti-affinity rules of the pods.", default=None, kubernetes="Affinity"
    )
    topology_spread_constraints: tuple[Mapping[str, Any], ...] = doc(
        "Rules that spread the pods over the cluster. If absent, the scheduler prefers different nodes.",
        default=(),
        kubernetes="TopologySpreadConstraint",
        max_items=4,
    )
    priority_class_name: str | None = doc(
        "Name of the PriorityClass of the pods.", pattern=NAME, max_length=253, default=None
    )
    image_pull_secrets: tuple[str, ...] = doc(
        "Names of the Secrets with credentials for pulling the images of the pods and of all Jobs.",
        default=(),
        max_items=16,
        max_length=253,
        pattern=NAME,
    )
    pod_labels: Mapping[str, str] | None = doc(
        "Additional labels of the pods.",
        default=None,
        max_properties=32,
        max_length=63,
        pattern=LABEL_VALUE,
        key_pattern=LABEL_KEY,
    )
    pod_annotations: Mapping[str, str] | None = doc(
        "Additional annotations of the pods.",
        default=None,
        max_properties=24,
        max_length=1024,
        key_pattern=ANNOTATION_KEY,
    )
