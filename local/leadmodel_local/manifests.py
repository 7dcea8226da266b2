"""Manifests as files: read, checked with the same schema as on a cluster (and `file://`), compared with what is kept.

CEL rules across fields are the API server's and are not checked here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import yaml

from leadmodel_local import files
from leadmodel_operator.reconcile import Key
from leadmodel_operator.resource.schema import Duration, SchemaError, dump, duration_bounds, load, schema
from leadmodel_operator.resource.spec import Spec
from leadmodel_operator.resource.vocabulary import API_VERSION, KIND


class ManifestError(ValueError):
    """A manifest cannot be taken; the message names file and field."""


@dataclass(frozen=True)
class Manifest:
    """One LeadModel as a file has it."""

    key: Key
    spec: Mapping[str, Any]
    annotations: Mapping[str, str] = field(default_factory=dict)


def read(paths: Iterable[Path]) -> list[Manifest]:
    """All LeadModels of the files. Raises ManifestError."""
    found: dict[Key, Manifest] = {}
    for path in paths:
        for manifest in _read(path):
            if manifest.key in found:
                raise ManifestError(
                    f"{path}: {manifest.key.namespace}/{manifest.key.name} is there twice: keep one"
                )
            found[manifest.key] = manifest
    return list(found.values())


def _read(path: Path) -> list[Manifest]:
    try:
        documents = list(yaml.safe_load_all(path.read_text()))
    except OSError as error:
        raise ManifestError(f"{path}: {error.strerror}; name a manifest of a LeadModel") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ManifestError(f"{path}: this is no YAML: {str(error).splitlines()[0]}") from None
    try:
        return [_manifest(document) for document in documents if document is not None]
    except SchemaError as error:
        raise ManifestError(f"{path}: {error}") from None


def _manifest(document: Any) -> Manifest:
    if (
        not isinstance(document, dict)
        or document.get("kind") != KIND
        or document.get("apiVersion") != API_VERSION
    ):
        raise SchemaError(f"must be a {KIND} of {API_VERSION}; other kinds need a cluster")
    about = document.get("metadata") or {}
    name = str(about.get("name", ""))
    if not (1 <= len(name) <= 36 and name.isascii() and name[0].isalpha() and name == name.lower()):
        raise SchemaError(
            "metadata.name must have at most 36 characters (a-z, 0-9, -) and start with a letter"
        )
    if not name.replace("-", "").isalnum() or name.endswith("-"):
        raise SchemaError("metadata.name must hold only a-z, 0-9 and - and end with a letter or digit")
    spec = document.get("spec") or {}
    check(spec)
    notes = {str(k): str(v) for k, v in (about.get("annotations") or {}).items()}
    return Manifest(Key(str(about.get("namespace", "default")), name), spec, notes)


def check(raw: Mapping[str, Any]) -> Spec:
    """The spec. Raises SchemaError, also for a field that is misspelt and for a duration out of bounds."""
    _no_strangers(raw, schema(Spec), "spec")
    spec = load(Spec, raw, "spec")
    shown = dump(spec)
    for path, (low, high) in duration_bounds(Spec).items():
        value: Any = shown
        for part in path.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if value is not None and not (
            Duration(low).seconds <= Duration(value).seconds <= Duration(high).seconds
        ):
            raise SchemaError(
                f"spec.{path} must be a duration between {low} and {high}, such as 30s or 1h30m"
            )
    return spec


def _no_strangers(raw: Any, node: Mapping[str, Any], path: str) -> None:
    known = node.get("properties")
    if known is None or not isinstance(raw, Mapping):
        return
    for name, value in raw.items():
        if name not in known:
            raise SchemaError(f"{path}.{name} is no field; known here: {', '.join(sorted(known))}")
        _no_strangers(value, known[name], f"{path}.{name}")


def keep(place: files.Place, manifest: Manifest, now: datetime) -> bool:
    """Keep what the manifest says; the generation rises with the spec. Whether anything changed."""
    before = files.read_json(place.object) or {}
    same = before.get("spec") == manifest.spec
    if same and before.get("annotations") == dict(manifest.annotations):
        return False
    files.write_json(
        place.object,
        {
            "uid": before.get("uid") or str(uuid4()),
            "created": before.get("created") or now.isoformat(),
            "generation": before.get("generation", 0) + (not same),
            "spec": manifest.spec,
            "annotations": dict(manifest.annotations),
        },
    )
    return True
