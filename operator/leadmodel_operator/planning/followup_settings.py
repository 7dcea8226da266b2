"""The settings document of follow-ups (`leadmodel.followups/v1`), which pods read from a mounted file. Pure.

The document holds what `spec.followUps` says of messages, with every default, and nothing of Secrets or pods.
"""

import hashlib
import json
from typing import Any

from leadmodel_operator.resource.conversion import dump
from leadmodel_operator.resource.spec_followups import FollowUps

SCHEMA = "leadmodel.followups/v1"
_OF_PODS = ("redis", "contactKey", "intake", "templates", "worker", "links")


def settings_document(namespace: str, name: str, spec: FollowUps) -> str:
    """Write the settings of the plan of one LeadModel as JSON; the same spec gives the same bytes."""
    said: dict[str, Any] = dump(spec)
    channels = [{k: v for k, v in channel.items() if k != "secretName"} for channel in said["channels"]]
    document = {
        **{key: value for key, value in said.items() if key not in _OF_PODS},
        "schema": SCHEMA,
        "tenant": namespace,
        "plan": name,
        "publicUrl": spec.public_url,
        "channels": channels,
        "links": {link.name: link.url for link in spec.links},
        "worker": {"concurrency": spec.worker.concurrency},
    }
    return json.dumps(document, sort_keys=True, indent=1) + "\n"


def settings_digest(document: str) -> str:
    """The digest of a settings document, as pods report it."""
    return "sha256:" + hashlib.sha256(document.encode()).hexdigest()
