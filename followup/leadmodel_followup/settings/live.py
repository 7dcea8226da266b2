"""Settings that changed while a pod runs: what cannot be used leaves the earlier ones in place."""

from pathlib import Path

from leadmodel_artifact.jsonnode import LayoutError
from leadmodel_followup.settings.reading import digest, parse
from leadmodel_followup.settings.settings import Settings


def changed(path: Path, running: Settings) -> Settings | None:
    """The settings of the file, None where they are those that run.

    Raises:
        OSError: The file cannot be read.
        LayoutError: The file is no settings document, or one of another plan.
    """
    raw = path.read_bytes()
    if digest(raw) == running.digest:
        return None
    fresh = parse(raw)
    if (fresh.tenant, fresh.spec.plan) != (running.tenant, running.spec.plan):
        raise LayoutError("tenant and plan stay what they are while a pod runs")
    return fresh
