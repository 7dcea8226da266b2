"""The Pod Security standard *restricted*, as far as pods of the project could break it."""

from typing import Any


def breaches(pod: dict[str, Any]) -> list[str]:
    """What the Pod Security standard *restricted* has against a pod."""
    whole = pod.get("securityContext", {})
    wrong = [field for field in ("hostNetwork", "hostPID", "hostIPC") if pod.get(field)]
    for container in [*pod.get("initContainers", []), *pod["containers"]]:
        own = {**whole, **container.get("securityContext", {})}
        must = {
            "runAsNonRoot": own.get("runAsNonRoot") is True,
            "runAsUser": own.get("runAsUser") != 0,
            "seccompProfile": own.get("seccompProfile", {}).get("type") in {"RuntimeDefault", "Localhost"},
            "allowPrivilegeEscalation": own.get("allowPrivilegeEscalation") is False,
            "capabilities": own.get("capabilities", {}).get("drop") == ["ALL"],
        }
        wrong += [f"{container['name']}: {field}" for field, holds in must.items() if not holds]
    allowed = {"configMap", "downwardAPI", "emptyDir", "projected", "secret", "persistentVolumeClaim"}
    return wrong + [v["name"] for v in pod.get("volumes", []) if not set(v) - {"name"} <= allowed]
