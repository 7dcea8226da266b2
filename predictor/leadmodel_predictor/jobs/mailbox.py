"""Puts the bytes of a validated artifact into the mailbox ConfigMap, with the pod's own account and nothing else.

Only the standard library: one PATCH to the API server. What the bytes are worth is decided by their hash, elsewhere.
"""

import base64
import http.client
import json
import os
import ssl
from pathlib import Path

from leadmodel_artifact.snapshot import MAX_GZIP_BYTES
from leadmodel_messages.places import SERVICE_ACCOUNT, SNAPSHOT_FILE


class MailboxError(OSError):
    """The bytes did not reach the mailbox."""


def deliver(mailbox: str, packed: bytes) -> None:
    """PATCH the ConfigMap `NAMESPACE/NAME`, or write `/a/file` where there is no cluster. Raises MailboxError."""
    if len(packed) > MAX_GZIP_BYTES:
        raise MailboxError(f"the artifact has {len(packed)} bytes gzipped, at most {MAX_GZIP_BYTES} are kept")
    if mailbox.startswith("/"):
        _write(Path(mailbox), packed)
        return
    namespace, _, name = mailbox.partition("/")
    host = os.environ.get("KUBERNETES_SERVICE_HOST", "kubernetes.default.svc")
    port = int(os.environ.get("KUBERNETES_SERVICE_PORT", "443"))
    body = json.dumps({"binaryData": {SNAPSHOT_FILE: base64.b64encode(packed).decode()}})
    try:
        context = ssl.create_default_context(cafile=str(SERVICE_ACCOUNT / "ca.crt"))
        connection = http.client.HTTPSConnection(host, port, timeout=30, context=context)
        headers = {
            "Authorization": "Bearer " + (SERVICE_ACCOUNT / "token").read_text(encoding="utf-8").strip(),
            "Content-Type": "application/merge-patch+json",
        }
        connection.request(
            "PATCH", f"/api/v1/namespaces/{namespace}/configmaps/{name}", body=body, headers=headers
        )
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        raise MailboxError(f"the API server did not take the snapshot: {type(error).__name__}") from None
    if status != 200:
        raise MailboxError(f"the API server answered {status} to the snapshot")


def _write(path: Path, packed: bytes) -> None:
    try:
        beside = path.with_name(path.name + ".tmp")
        beside.write_bytes(packed)
        beside.replace(path)
    except OSError as error:
        raise MailboxError(f"the snapshot could not be written: {error.strerror}") from None
