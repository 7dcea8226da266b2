"""Snapshots, ledger and mailbox as ConfigMaps: reading them with care, writing them whole."""

import base64
import json

from leadmodel_messages.places import SNAPSHOT_FILE
from leadmodel_operator.kubernetes.render.names import (
    CLAIMED,
    DIGEST,
    Object,
    meta,
    revision_name,
)
from leadmodel_operator.planning.observed import Record
from leadmodel_operator.resource.conversion import SchemaError, dump, load


def packed_of(config_map: Object) -> bytes | None:
    """The snapshot in a ConfigMap."""
    try:
        return base64.b64decode(config_map["binaryData"][SNAPSHOT_FILE], validate=True)
    except (KeyError, TypeError, ValueError):
        return None


def revision(lead_model: Object, digest: str, packed: bytes) -> Object:
    """The immutable ConfigMap of a snapshot."""
    name = revision_name(lead_model["metadata"]["name"], digest)
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": meta(name, lead_model, "revision", {DIGEST: digest}),
        "immutable": True,
        "binaryData": {SNAPSHOT_FILE: base64.b64encode(packed).decode()},
    }


def claim_patch(found: Object, value: str) -> Object:
    """Marks a snapshot as about to serve; its resourceVersion rises, so that nobody who read it before can trim it."""
    return {"metadata": {"uid": found["metadata"]["uid"], "annotations": {CLAIMED: value}}}


def ledger(lead_model: Object, records: tuple[Record, ...]) -> Object:
    """The ledger: a key a digest."""
    name = f"{lead_model['metadata']['name']}-ledger"
    data = {r.digest.removeprefix("sha256:"): json.dumps(dump(r), separators=(",", ":")) for r in records}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": meta(name, lead_model, "ledger"),
        "data": data,
    }


def read_ledger(found: Object | None) -> tuple[Record, ...]:
    """The records, in the order they are rendered in; what cannot be read is left out."""
    records = []
    for text in ((found or {}).get("data") or {}).values():
        try:
            records.append(load(Record, json.loads(text)))
        except (ValueError, SchemaError):
            continue
    return tuple(sorted(records, key=lambda r: (bool(r.role), r.quarantined is not None, r.at), reverse=True))
