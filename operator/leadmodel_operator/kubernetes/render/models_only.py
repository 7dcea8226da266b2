"""A change of the models of a live Deployment, beside settings that the API server took before. Pure."""

from typing import Any

from leadmodel_operator.kubernetes.render.names import CHAMPION, DECISION, PREVIOUS, TEMPLATE, Object

_SLOTS = {"champion", "previous", "challenger"}  # volumes of the models


def models_patch(live: Object, body: Object) -> Object | None:
    """Return the JSON merge patch that makes a live Deployment serve the models of a rendered one; None where it does.

    All else stays as it is: resources, variables, labels, annotations and places of the pods. The patch holds for the version that
    was read.
    """
    if _models_of(live) == _models_of(body):
        return None
    metadata = {key: live["metadata"][key] for key in ("uid", "resourceVersion")}
    template = {
        "metadata": {"annotations": _picked(body["spec"]["template"], CHAMPION, PREVIOUS)},
        "spec": _pod(live["spec"]["template"]["spec"], body["spec"]["template"]["spec"]),
    }
    annotations = _picked(body, DECISION, TEMPLATE)
    return {"metadata": {**metadata, "annotations": annotations}, "spec": {"template": template}}


def _models_of(deployment: Object) -> tuple[dict[str, Any], dict[str, Any]]:
    return _picked(deployment["spec"]["template"], CHAMPION, PREVIOUS), _picked(
        deployment, DECISION, TEMPLATE
    )


def _picked(item: Object, *names: str) -> dict[str, Any]:
    annotations = item["metadata"].get("annotations") or {}
    return {name: annotations.get(name) for name in names}


def _pod(live: Object, wanted: Object) -> Object:
    """Render the lists of a pod that name models; a merge patch replaces a list as a whole."""
    container = wanted["containers"][0]
    containers = [
        {
            **item,
            "image": container["image"],
            "args": container["args"],
            "volumeMounts": _with_slots(item.get("volumeMounts") or [], container["volumeMounts"]),
        }
        if item["name"] == container["name"]
        else item
        for item in live["containers"]
    ]
    volumes = _with_slots(live.get("volumes") or [], wanted["volumes"])
    return {"containers": containers, "volumes": volumes}


def _with_slots(live: list[Object], wanted: list[Object]) -> list[Object]:
    """Replace the models' items in the order of the rendered list: another order would restart every pod at the next whole rendering."""
    kept = {item["name"]: item for item in live if item["name"] not in _SLOTS}
    ours = [
        item if item["name"] in _SLOTS else kept.pop(item["name"])
        for item in wanted
        if item["name"] in _SLOTS or item["name"] in kept
    ]
    return [*ours, *kept.values()]
