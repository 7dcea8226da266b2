"""The text model of the demo: the shipped `sales-en`, messages that measure it, and a model whose labels slipped."""

import gzip
import json
import urllib.request
from dataclasses import replace
from importlib import resources
from typing import Any

from leadmodel_artifact.snapshot import digest
from leadmodel_local.demo.messages import MESSAGES
from leadmodel_local.demo.run import DemoRun
from leadmodel_local.demo.sandbox import Sandbox, StepFailed
from leadmodel_local.state import files
from leadmodel_operator.resource.digest import short
from leadmodel_text.files import dump, load

MODEL, HOLDOUT = "text.json", "messages.jsonl"
TEXTS = (
    "What does it cost per seat? We need the quote by end of day.",
    "Nothing loads since this morning and our shop is losing orders, please call now!",
)
TIMEOUT_S = 10.0


def put_text_model(sandbox: Sandbox) -> str:
    """Put `sales-en` and the labelled messages where the manifest looks for them; return the digest of the model."""
    rows = ({"text": text, "intent": intent} for intent, texts in MESSAGES.items() for text in texts)
    files.write(sandbox.path(HOLDOUT), "".join(json.dumps(row) + "\n" for row in rows))
    return _put(sandbox, _shipped())


def refuse_slipped_text_model(demo: DemoRun) -> str:
    """Upload a text model whose labels slipped by one class, and ask the one that serves."""
    sandbox, good = demo.sandbox, digest(_shipped())
    sandbox.wait("sales-en answers texts in both predictors", lambda: _answers(sandbox, good))
    pods = _processes(sandbox)
    bad = _put(sandbox, _slipped())
    sandbox.wait("the slipped text model is judged", lambda: _candidate(sandbox).get("digest") == bad)
    candidate = _candidate(sandbox)
    if candidate.get("verdict") != "Fail" or not _answers(sandbox, good):
        raise StepFailed(f"the slipped text model got {candidate.get('verdict')}")
    answers = [_enrich(sandbox, text) for text in TEXTS]
    if _processes(sandbox) != pods:
        raise StepFailed("a predictor was restarted for a text model")
    demo.check_requests()
    macro_f1 = sandbox.status()["enrichment"]["figures"]["macroF1"]
    return (
        f"refused: macro-F1 {candidate['figures']['macroF1']:.2f} of intents, {short(good)} has {macro_f1:.2f}; "
        + "; ".join(f"“{text}” is {_said(answer)}" for text, answer in zip(TEXTS, answers, strict=True))
    )


def _said(answer: dict[str, Any]) -> str:
    return f"{answer['intent']['label']}, urgency {answer['urgency']['level']}"


def _candidate(sandbox: Sandbox) -> dict[str, Any]:
    candidate: dict[str, Any] = (sandbox.status().get("enrichment") or {}).get("candidate") or {}
    return candidate


def _answers(sandbox: Sandbox, wanted: str) -> bool:
    text = sandbox.status().get("enrichment") or {}
    return (text.get("digest"), text.get("readyPods")) == (wanted, 2)


def _processes(sandbox: Sandbox) -> list[str]:
    return sorted(path.read_text(encoding="utf-8") for path in sandbox.model.folder.glob("pods/*/pid"))


def _enrich(sandbox: Sandbox, text: str) -> dict[str, Any]:
    url = str(sandbox.status()["url"]).removesuffix("/predict") + "/enrich"
    request = urllib.request.Request(url, json.dumps({"text": text}).encode(), method="POST")  # noqa: S310  # the demo's own
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=TIMEOUT_S) as answer:
        answered: dict[str, Any] = json.load(answer)
    return answered


def _put(sandbox: Sandbox, raw: bytes) -> str:
    files.write(sandbox.path(MODEL), raw)
    return digest(raw)


def _shipped() -> bytes:
    return gzip.decompress(
        resources.files("leadmodel_training.text").joinpath("sales_en.json.gz").read_bytes()
    )


def _slipped() -> bytes:
    """Each class answers with the name of the next, as after an export whose labels slipped by one row."""
    document = load(_shipped())
    assert document.intent is not None
    names = document.intent.classes
    intent = replace(document.intent, classes=(*names[1:], names[0]))
    return dump(replace(document, intent=intent, examples=()))
