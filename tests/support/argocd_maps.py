"""What docs/argocd.md has people patch into Argo CD's own ConfigMaps, rendered by the chart."""

from support.helm import template


def customizations() -> str:
    """Health checks and buttons, for argocd-cm."""
    return _shown("argocd-cm", "--set=argocd.customizations=true")


def notifications() -> str:
    """Triggers and templates, for argocd-notifications-cm."""
    return _shown("argocd-notifications-cm", "--set=argocd.notifications=true")


def _shown(name: str, value: str) -> str:
    result = template(f"--show-only=templates/{name}.yaml", value)
    assert result.returncode == 0, result.stderr
    return result.stdout
