"""Renders and reads the ConfigMaps of snapshots and of the ledger. Pure."""

import base64
import json

from leadmodel_artifact.snapshot import unpacked_digest
from leadmodel_messages import share
from leadmodel_messages.places import CHALLENGER_FILE, SHARE_FILE, SNAPSHOT_FILE, TEXT_FILE
from leadmodel_operator.kubernetes.render.names import (
    CHALLENGER_DIGEST,
    CLAIMED,
    DECISION,
    DIGEST,
    TEXT_DIGEST,
    Object,
    meta,
    revision_name,
    text_revision_name,
)
from leadmodel_operator.planning.observed import Record
from leadmodel_operator.planning.planned import Asked
from leadmodel_operator.resource.conversion import SchemaError, dump, load


def packed_of(config_map: Object, file: str = SNAPSHOT_FILE) -> bytes | None:
    """Return the packed snapshot in a ConfigMap, by its key; None where there is none, or what is there is no base64."""
    try:
        return base64.b64decode(config_map["binaryData"][file], validate=True)
    except (KeyError, TypeError, ValueError):
        return None


def holds(config_map: Object, file: str, digest: str) -> bool:
    """Tell whether a ConfigMap holds a packed snapshot of this digest under a key."""
    packed = packed_of(config_map, file)
    return packed is not None and unpacked_digest(packed) == digest


def revision(lead_model: Object, digest: str, packed: bytes) -> Object:
    """Render the immutable ConfigMap of a snapshot."""
    name = revision_name(lead_model["metadata"]["name"], digest)
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": meta(name, lead_model, "revision", {DIGEST: digest}),
        "immutable": True,
        "binaryData": {SNAPSHOT_FILE: base64.b64encode(packed).decode()},
    }


def text_revision(lead_model: Object, digest: str, packed: bytes) -> Object:
    """Render the immutable ConfigMap of a text model's snapshot."""
    name = text_revision_name(lead_model["metadata"]["name"], digest)
    return {**_text(lead_model, name, "text-revision", digest, packed), "immutable": True}


def served_text(lead_model: Object, digest: str, packed: bytes) -> Object:
    """Render the ConfigMap that predictors read their text model from; kubelets bring its changes to the pods."""
    return _text(lead_model, f"{lead_model['metadata']['name']}-text", "text", digest, packed)


def _text(lead_model: Object, name: str, role: str, digest: str, packed: bytes) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": meta(name, lead_model, role, {TEXT_DIGEST: digest}),
        "binaryData": {TEXT_FILE: base64.b64encode(packed).decode()},
    }


def challenger(lead_model: Object, asked: Asked | None, packed: bytes | None) -> Object:
    """Render the ConfigMap in which predictors look for a candidate and its share of leads; empty where there is no candidate."""
    notes = {CHALLENGER_DIGEST: asked.digest, DECISION: str(asked.decision)} if asked else {}
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": meta(f"{lead_model['metadata']['name']}-challenger", lead_model, "challenger", notes),
    }
    if packed is not None:
        body["binaryData"] = {CHALLENGER_FILE: base64.b64encode(packed).decode()}
    if asked is not None and asked.weight:
        body["data"] = {SHARE_FILE: share.dump(share.Share(asked.digest, asked.weight))}
    return body


def holds_candidate(config_map: Object, asked: Asked | None) -> bool:
    """Tell whether a ConfigMap holds a candidate with its share, and nothing else; no data at all where there is none."""
    data, binary = config_map.get("data") or {}, config_map.get("binaryData") or {}
    if asked is None:
        return not data and not binary
    wanted = {SHARE_FILE: share.dump(share.Share(asked.digest, asked.weight))} if asked.weight else {}
    return (
        data == wanted
        and set(binary) == {CHALLENGER_FILE}
        and holds(config_map, CHALLENGER_FILE, asked.digest)
    )


def replacing(held: Object, body: Object) -> Object:
    """Return a patch that makes one ConfigMap of another in one write: what others put there goes, and only over the version read."""
    patch = {**body, "metadata": {**body["metadata"], "resourceVersion": held["metadata"]["resourceVersion"]}}
    for field in ("data", "binaryData"):
        patch[field] = dict.fromkeys(held.get(field) or {}) | body.get(field, {})
    notes = dict.fromkeys((CHALLENGER_DIGEST, DECISION)) | (body["metadata"].get("annotations") or {})
    patch["metadata"]["annotations"] = notes
    return patch


def claim_patch(revision: Object, value: str) -> Object:
    """Return a patch that marks a snapshot as about to serve.

    The patch raises the snapshot's resourceVersion, so that a leader who read an older version cannot delete the snapshot.
    """
    return {"metadata": {"uid": revision["metadata"]["uid"], "annotations": {CLAIMED: value}}}


def ledger(lead_model: Object, records: tuple[Record, ...]) -> Object:
    """Render the ledger: a ConfigMap with one key per digest."""
    name = f"{lead_model['metadata']['name']}-ledger"
    data = {r.digest.removeprefix("sha256:"): json.dumps(dump(r), separators=(",", ":")) for r in records}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": meta(name, lead_model, "ledger"),
        "data": data,
    }


def read_ledger(config_map: Object | None) -> tuple[Record, ...]:
    """Read the ledger's records in the order of their rendering; a record that cannot be read is left out."""
    records = []
    for text in ((config_map or {}).get("data") or {}).values():
        try:
            records.append(load(Record, json.loads(text)))
        except (ValueError, SchemaError, RecursionError):
            continue
    return tuple(sorted(records, key=lambda r: (bool(r.role), r.quarantined is not None, r.at), reverse=True))
