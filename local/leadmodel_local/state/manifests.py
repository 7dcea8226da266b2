"""Manifests of LeadModels, and of ConfigMaps with texts, as files: reading, checking with the schema that a cluster uses (`file://` is allowed), and keeping in the state folder.

The API server checks CEL rules across fields; this module does not.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import yaml

from leadmodel_local.state import files
from leadmodel_operator.reconcile import Key
from leadmodel_operator.resource.conversion import SchemaError, dump, load
from leadmodel_operator.resource.fields import Duration, duration_bounds
from leadmodel_operator.resource.runs import next_run
from leadmodel_operator.resource.schedules import zone
from leadmodel_operator.resource.schema import schema
from leadmodel_operator.resource.spec import Spec
from leadmodel_operator.resource.vocabulary import API_VERSION, KIND


class ManifestError(ValueError):
    """A manifest is refused; the message names file and field."""


@dataclass(frozen=True)
class Manifest:
    """One LeadModel as a manifest describes it."""

    key: Key
    spec: Mapping[str, Any]
    annotations: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, str] | None = (
        None  # of the ConfigMap in spec.followUps.templates; None: there is none
    )


@dataclass(frozen=True)
class Texts:
    """One ConfigMap: files by name, such as the texts of follow-ups."""

    key: Key
    files: Mapping[str, str]


def read(paths: Iterable[Path]) -> list[Manifest]:
    """Read the LeadModels of files. Raises ManifestError, also for a LeadModel that stands in two places."""
    manifests: dict[Key, Manifest] = {}
    texts: dict[Key, Mapping[str, str]] = {}
    for path in paths:
        for item in _read(path):
            if isinstance(item, Texts):
                texts[item.key] = item.files
                continue
            if item.key in manifests:
                raise ManifestError(f"{path}: {item.key.namespace}/{item.key.name} is there twice: keep one")
            manifests[item.key] = item
    return [replace(manifest, texts=texts.get(_texts_of(manifest))) for manifest in manifests.values()]


def _texts_of(manifest: Manifest) -> Key:
    """Name the ConfigMap with the texts of the follow-ups of a LeadModel; no ConfigMap has an empty name."""
    templates = (manifest.spec.get("followUps") or {}).get("templates") or {}
    return Key(manifest.key.namespace, templates.get("configMapName", ""))


def _read(path: Path) -> list[Manifest | Texts]:
    try:
        documents = list(yaml.safe_load_all(path.read_bytes()))
    except OSError as error:
        raise ManifestError(f"{path}: {error.strerror}; name a manifest of a LeadModel") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ManifestError(f"{path}: this is no YAML: {str(error).splitlines()[0]}") from None
    try:
        return [_item(document) for document in documents if document is not None]
    except SchemaError as error:
        raise ManifestError(f"{path}: {error}") from None


def _item(document: Any) -> Manifest | Texts:
    kind = (document.get("apiVersion"), document.get("kind")) if isinstance(document, dict) else None
    if kind == ("v1", "ConfigMap"):
        return _texts(document)
    if kind != (API_VERSION, KIND):
        raise SchemaError(
            f"must be a {KIND} of {API_VERSION}, or a ConfigMap with texts of follow-ups; other kinds need a cluster"
        )
    return _manifest(document)


def _texts(document: Mapping[str, Any]) -> Texts:
    metadata, data = document.get("metadata") or {}, document.get("data") or {}
    if not metadata.get("name"):
        raise SchemaError("metadata.name must be there")
    if not isinstance(data, dict) or not all(isinstance(text, str) for text in data.values()):
        raise SchemaError("data must hold texts by file name")
    for name in data:
        if not re.fullmatch(r"[A-Za-z0-9][-._A-Za-z0-9]*", str(name)):
            raise SchemaError("data must have file names of letters, digits, -, _ and .")
    return Texts(Key(str(metadata.get("namespace", "default")), str(metadata["name"])), data)


def _manifest(document: Mapping[str, Any]) -> Manifest:
    metadata = document.get("metadata") or {}
    name = str(metadata.get("name", ""))
    if not (1 <= len(name) <= 36 and name.isascii() and name[0].isalpha() and name == name.lower()):
        raise SchemaError(
            "metadata.name must have at most 36 characters (a-z, 0-9, -) and start with a letter"
        )
    if not name.replace("-", "").isalnum() or name.endswith("-"):
        raise SchemaError("metadata.name must hold only a-z, 0-9 and - and end with a letter or digit")
    spec = document.get("spec") or {}
    check(spec)
    annotations = {str(k): str(v) for k, v in (metadata.get("annotations") or {}).items()}
    return Manifest(Key(str(metadata.get("namespace", "default")), name), spec, annotations)


def check(raw: Mapping[str, Any]) -> Spec:
    """Check a spec and return the typed one. Raises SchemaError, also for an unknown field or a duration out of bounds."""
    _refuse_unknown_fields(raw, schema(Spec), "spec")
    spec = load(Spec, raw, "spec")
    written = dump(spec)
    for path, (low, high) in duration_bounds(Spec).items():
        value: Any = written
        for part in path.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if value is not None and not (
            Duration(low).seconds <= Duration(value).seconds <= Duration(high).seconds
        ):
            raise SchemaError(
                f"spec.{path} must be a duration between {low} and {high}, such as 30s or 1h30m"
            )
    for path, wanted in (
        ("retraining", spec.retraining),
        ("piiBackfill", spec.pii_backfill),
        ("enrichment.training", spec.enrichment.training if spec.enrichment else None),
    ):
        if wanted is not None:
            _check_schedule(f"spec.{path}", wanted.schedule, wanted.time_zone)
    return spec


def _check_schedule(path: str, schedule: str, time_zone: str) -> None:
    """Refuse a zone that does not exist, as the API server does, and a schedule that never comes, as 31 February."""
    try:
        known = zone(time_zone)
    except ValueError as error:
        raise SchemaError(f"{path}.timeZone {error}") from None
    try:
        next_run(schedule, datetime(2000, 1, 1, tzinfo=UTC), known)
    except ValueError as error:
        raise SchemaError(f"{path}.schedule {error}") from None


def _refuse_unknown_fields(raw: Any, node: Mapping[str, Any], path: str) -> None:
    known = node.get("properties")
    if known is None or not isinstance(raw, Mapping):
        return
    for name, value in raw.items():
        if name not in known:
            raise SchemaError(f"{path}.{name} is no field; known here: {', '.join(sorted(known))}")
        _refuse_unknown_fields(value, known[name], f"{path}.{name}")


def keep(folder: files.ModelFolder, manifest: Manifest, now: datetime) -> bool:
    """Keep a manifest in the state folder; the generation rises with each change of the spec. Returns whether anything changed."""
    before = files.read_json(folder.object) or {}
    same = before.get("spec") == manifest.spec
    if same and before.get("annotations") == dict(manifest.annotations):
        return False
    files.write_json(
        folder.object,
        {
            "uid": before.get("uid") or str(uuid4()),
            "created": before.get("created") or now.isoformat(),
            "generation": before.get("generation", 0) + (not same),
            "spec": manifest.spec,
            "annotations": dict(manifest.annotations),
        },
    )
    return True
