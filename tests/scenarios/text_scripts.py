"""The scenarios of text models: what happens to the texts of one LeadModel, told once for both runtimes."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from leadmodel_artifact.artifact import digest
from scenarios.goods import GOOD, holdout
from scenarios.text_goods import (
    Written,
    adopted,
    announced,
    better_text,
    fair_text,
    held,
    shifted_text,
    text_holdout,
    texts,
)
from scenarios.world import HOLDOUT, MODEL, TEXT, TEXT_HOLDOUT, Stage
from support.small_models import leads

GATE: dict[str, Any] = {"minMacroF1": 0.3, "maxCalibrationError": 0.3, "artifact": {"pollInterval": "0s"}}
NOISE = 0.05  # of shares of 400 texts: two standard errors


def start(stage: Stage, raw: bytes) -> str:
    """A first lead-scoring model and a first text model serve."""
    stage.world.put(HOLDOUT, holdout())
    stage.world.put(MODEL, GOOD)
    stage.world.put(TEXT_HOLDOUT, text_holdout())
    stage.world.put(TEXT, raw)
    stage.apply(enrichment=GATE)
    stage.serves(digest(GOOD))
    stage.serves_text(digest(raw))
    return digest(raw)


def text_models_come_and_go(stage: Stage) -> None:
    """A worse one is refused, a better one answers without a restart; the first comes back from a snapshot; in the end there is none."""
    stage.spec["drift"] = {
        **stage.spec["drift"],
        "minSamples": 100000,
    }  # this story is not one of leads that drift
    fair = start(stage, fair_text())
    stage.condition("EnrichmentHealthy", "True", "Serving")
    sent, processes = (
        leads(50, seed=21),
        stage.world.processes(),
    )  # each with a time of its own: scores know the hour
    scores = stage.predict(sent)

    shifted = stage.put_text(shifted_text())
    stage.until("the shifted one is refused", lambda s: _judged(s) == (shifted, "Fail"))
    stage.condition("EnrichmentHealthy", "False", "EnrichmentRejected")
    stage.serves_text(fair)

    with stage.callers(texts(held())) as callers:
        better = stage.put_text(better_text())
        stage.serves_text(better)
    assert callers.failures == []
    assert min(callers.answered.values()) > 100, callers.answered

    stage.world.put(TEXT, None)
    stage.apply(enrichment={"artifact": {"pollInterval": "0s", "digest": fair}})
    stage.serves_text(fair)
    stage.condition("EnrichmentHealthy", "True", "Serving")
    assert stage.predict(sent) == scores
    assert stage.world.processes() == processes

    stage.apply(enrichment=None)
    stage.condition("EnrichmentHealthy", "Unknown", "NotConfigured")
    gone = lambda s: s["replicas"] == 1 and not stage.world.processes() & processes  # noqa: E731
    stage.until("only pods without a text model are left", gone)
    stage.serves(digest(GOOD))
    assert stage.predict(sent) == scores


def launch_alarms_before_accuracy_falls(stage: Stage) -> None:
    """New products are named in what leads write: texts drift while answers are as right as before, and the same model serves on."""
    better = start(stage, better_text())
    before = _precision(stage, held())
    stage.until("texts are compared", lambda s: _drift(s).get("psi"), texts=texts(held()))
    stage.condition("EnrichmentHealthy", "True", "Serving")

    stage.until("texts drift", lambda s: _drift(s).get("sustained"), texts=texts(announced()))
    stage.condition("EnrichmentHealthy", "False", "DriftSustained")
    stage.serves_text(better)
    assert _precision(stage, announced()) > before - NOISE
    assert _precision(stage, adopted()) < before - 2 * NOISE
    stage.serves(digest(GOOD))


def _judged(status: dict[str, Any]) -> tuple[str | None, str | None]:
    candidate = (status.get("enrichment") or {}).get("candidate") or {}
    return candidate.get("digest"), candidate.get("verdict")


def _drift(status: dict[str, Any]) -> dict[str, Any]:
    return (status.get("enrichment") or {}).get("drift") or {}


def _precision(stage: Stage, written: Sequence[Written]) -> float:
    """The share of answered intents that are right."""
    answers = stage.enrich(texts(written))
    counts = Counter(
        answer["intent"]["label"] == message.intent
        for answer, message in zip(answers, written, strict=True)
        if answer["intent"]["label"] is not None
    )
    return counts[True] / counts.total()
