"""Text models around the fake API server: checks end with reports, pods load what lies in their ConfigMap and report it."""

from __future__ import annotations

import base64
import copy
import gzip
import json
from dataclasses import dataclass, field, replace
from typing import Any

from leadmodel_messages import text_report, window_document
from leadmodel_messages.errors import ErrorWord
from leadmodel_messages.report import Outcome
from leadmodel_messages.text_report import Messages, Serving, TextMeasured, TextModelSeen, TextReport
from leadmodel_messages.window import TextWindow
from worlds.fake_api import Object
from worlds.fake_cluster import LETTERS, NAME, NAMESPACE, FakeCluster, arguments, digest, raw

TEXT_URI, TEXT_HOLDOUT = "s3://leads/text.json.gz", "s3://leads/messages.jsonl"
SETTINGS: dict[str, Any] = {
    "artifact": {"uri": TEXT_URI, "pollInterval": "0s"},
    "holdout": {"uri": TEXT_HOLDOUT},
}


def packed(letter: str) -> bytes:
    """The gzip of the text model called `letter`."""
    return gzip.compress(raw(letter), mtime=0)


@dataclass
class FakeTexts:
    """What is true of text models in a fake cluster: the store, their macro-F1, and what a mailbox gets instead of the bytes."""

    cluster: FakeCluster
    store: dict[str, str] = field(default_factory=dict)  # URI → letter
    macro_f1: dict[str, float] = field(default_factory=dict)
    unloadable: set[str] = field(default_factory=set)
    forged: bytes | None = None  # delivered instead of the text model

    def __post_init__(self) -> None:
        self.cluster.job_end = self.end
        self._windows = self.cluster.api.pods
        self.cluster.api.pods = self.answer_of_pod

    def upload(self, letter: str, macro_f1: float = 0.75) -> None:
        """Put a text model into the store."""
        self.store[TEXT_URI], self.macro_f1[letter] = letter, macro_f1

    def config_map(self, name: str) -> Object | None:
        """The ConfigMap of this name behind the name of the LeadModel; None where there is none."""
        return self.cluster.api.objects.get(("configmaps", NAMESPACE, f"{NAME}-{name}"))

    def served(self) -> str | None:
        """The letter of what lies where predictors look."""
        held = self.config_map("text")
        if held is None:
            return None
        data = gzip.decompress(base64.b64decode(held["binaryData"]["text.json.gz"]))
        return next(letter for letter in LETTERS.values() if raw(letter) == data)

    def kept(self) -> set[str]:
        """The letters of the snapshots of text models."""
        places = (body for body in self.cluster.all("configmaps") if body.get("immutable"))
        notes = (body["metadata"].get("annotations") or {} for body in places)
        return {LETTERS[d] for note in notes if (d := note.get("customerops.dev/text-digest"))}

    def end(self, job: Object) -> tuple[bool, str, Object | None] | None:
        """End a check of a text model; None for another Job."""
        if job["metadata"]["labels"]["customerops.dev/role"] != "text-check":
            return None
        given = arguments(job)
        held = given["model"].startswith("/models/")
        letter = LETTERS[given["expect-digest"]] if held else self.store[given["model"]]
        report = self.report(given, letter)
        if report.outcome is Outcome.MEASURED and "mailbox" in given:
            self._deliver(given["mailbox"], self.forged or packed(letter))
        return True, text_report.dump(report), None

    def report(self, given: dict[str, str], letter: str) -> TextReport:
        """Write the report of a check that read the text model called `letter`."""
        model = TextModelSeen(digest(letter), 9, 9, "m", 1, ("en",), ("intent",))
        if given.get("expect-digest") not in {None, model.digest}:
            return TextReport(Outcome.REFUSED, ErrorWord.SOURCE_MOVED, given["image"], model)
        other = given.get("serving-digest")
        serving = Serving(other, self._measured(LETTERS[other])) if other else None
        messages = Messages(digest("m"), 400)
        return TextReport(
            Outcome.MEASURED,
            "",
            given["image"],
            model,
            messages,
            self._measured(letter),
            0.9,
            0.9,
            serving,
        )

    def _measured(self, letter: str) -> TextMeasured:
        return TextMeasured(self.macro_f1[letter], 0.6, 0.05)

    def _deliver(self, mailbox: str, data: bytes) -> None:
        namespace, _, name = mailbox.partition("/")
        stored = copy.deepcopy(self.cluster.api.objects[("configmaps", namespace, name)])
        stored["binaryData"] = {"model.json.gz": base64.b64encode(data).decode()}
        self.cluster.api.put(("configmaps", namespace, name), stored)

    def answer_of_pod(self, namespace: str, name: str, target: str) -> Any:
        """Add what a pod answers texts with to its drift window."""
        answer = self._windows(namespace, name, target)
        pod = self.cluster.api.objects.get(("pods", namespace, name))
        if pod is None or not isinstance(answer, bytes) or not target.startswith("/ops/drift-window"):
            return answer
        if not any(volume["name"] == "text" for volume in pod["spec"]["volumes"]):
            return answer
        letter, document = self.served(), json.loads(answer)
        error = ErrorWord.SCHEMA_MISMATCH if letter in self.unloadable else None
        loaded = digest(letter) if letter is not None and error is None else None
        window = window_document.parse({**document, "since": {}})
        text = window_document.dump(replace(window, text=TextWindow(loaded, error)))["text"]
        return json.dumps({**document, "text": text}).encode()
