"""What the pages take for granted: the bucket that their manifests name, with a model in it, and a Secret to log in."""

import re
from pathlib import Path

from e2e.harness.cluster import Cluster
from e2e.harness.models import Model
from leadmodel_store.store import put

BUCKET, SECRET = "s3://leads/conversion", "model-store"


def upload(login: dict[str, str], model: Model, holdout: bytes) -> None:
    """Put a model and a holdout where the manifests look for them."""
    put(f"{BUCKET}/model.json", model.raw, environ=login)
    put(f"{BUCKET}/holdout.csv.gz", holdout, environ=login)


def fill(cluster: Cluster, login: dict[str, str], model: Model, namespace: str = "default") -> None:
    """Put a model into the bucket, and the login into a Secret of a namespace."""
    upload(login, model, model.holdout)
    metadata = {"name": SECRET, "namespace": namespace}
    cluster.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": login})


def with_secret(manifest: str) -> str:
    """A manifest whose sources log in with the Secret, unless it names Secrets already."""
    if "secretName" in manifest:
        return manifest
    return re.sub(
        rf"^( +)(uri: {BUCKET}/\S+)$", rf"\1\2\n\1secretName: {SECRET}", manifest, flags=re.MULTILINE
    )


def manifests(folder: Path) -> None:
    """Have the examples of a copied repository log in with the Secret, and ask for an AUC that models of the tests reach."""
    for file in (folder / "crds" / "examples").glob("*.yaml"):
        file.write_text(with_secret(file.read_text()).replace("0.70", "0.60"))
