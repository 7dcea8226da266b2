"""Reads of the API server while a test waits, without a kubectl for each: one that starts takes a tenth of a second of a processor.

What a test asserts, and the pace at which a test sends leads, come by kubectl as before. Only what a plain GET answers with 200 is read
here: another kind, another login, an object that is not there, a server that is away are left to kubectl, with its words and its repeats.
Objects are as kubectl shows them: each with its kind, none with its managed fields.
"""

import base64
import json
import ssl
import tempfile
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import yaml

_BATCH, _APPS, _LEADMODELS = "apis/batch/v1", "apis/apps/v1", "apis/customerops.dev/v1alpha1"
PATHS = {  # kinds as tests name them: API and plural
    "pods": ("api/v1", "pods"),
    "service": ("api/v1", "services"),
    "configmap": ("api/v1", "configmaps"),
    "configmaps": ("api/v1", "configmaps"),
    "job": (_BATCH, "jobs"),
    "jobs": (_BATCH, "jobs"),
    "cronjob": (_BATCH, "cronjobs"),
    "deployment": (_APPS, "deployments"),
    "deployments": (_APPS, "deployments"),
    "replicasets": (_APPS, "replicasets"),
    "lm": (_LEADMODELS, "leadmodels"),
    "events.events.k8s.io": ("apis/events.k8s.io/v1", "events"),
}

_waiting = threading.local()


@contextmanager
def while_waiting() -> Iterator[None]:
    """Let this thread read without kubectl until the block ends."""
    before = getattr(_waiting, "on", False)
    _waiting.on = True
    try:
        yield
    finally:
        _waiting.on = before


def read(
    kubeconfig: str, kind: str, namespace: str, name: str = "", selector: str = ""
) -> dict[str, Any] | None:
    """An object, or the list of a kind; None where kubectl is to be asked."""
    if not getattr(_waiting, "on", False) or kind not in PATHS or (access := _access(kubeconfig)) is None:
        return None
    server, opener = access
    api, plural = PATHS[kind]
    query = f"?{urlencode({'labelSelector': selector})}" if selector else ""
    where = f"{server}/{api}/namespaces/{namespace}/{plural}{f'/{name}' if name else ''}{query}"
    try:
        with opener.open(where, timeout=30) as answer:
            body: dict[str, Any] = json.load(answer)
    except (OSError, ValueError):  # an answer other than 200 too
        return None
    if not name:
        kind_of = {"apiVersion": body["apiVersion"], "kind": body["kind"].removesuffix("List")}
        body["items"] = [{**kind_of, **item} for item in body["items"]]
    for item in body["items"] if not name else [body]:
        item["metadata"].pop("managedFields", None)
    return body


@cache
def _access(kubeconfig: str) -> tuple[str, urllib.request.OpenerDirector] | None:
    """The server's address and who opens it with the client certificate of a kubeconfig; None for any other login."""
    config = yaml.safe_load(Path(kubeconfig).read_text(encoding="utf-8"))
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    if len(config["users"]) > 1 or not {"client-certificate-data", "client-key-data"} <= user.keys():
        return None
    if "certificate-authority-data" not in cluster:
        return None
    context = ssl.create_default_context(cadata=_decoded(cluster["certificate-authority-data"]))
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as pair:
        pair.write(_decoded(user["client-certificate-data"]) + "\n" + _decoded(user["client-key-data"]))
        pair.flush()
        context.load_cert_chain(pair.name)
    https = urllib.request.HTTPSHandler(context=context)
    return cluster["server"], urllib.request.build_opener(urllib.request.ProxyHandler({}), https)


def _decoded(data: str) -> str:
    return base64.b64decode(data).decode()
