"""The zip for support holds no secret and no lead, wherever they stood; and what helps is in it."""

import copy
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from leadmodel_cli.kubectl import report
from leadmodel_cli.kubectl.program import main
from leadmodel_cli.kubectl.scrub import HIDDEN, Scrubber, known_words
from leadmodel_messages.exits import KubectlExit
from leadmodel_operator.resource.digest import short
from worlds.kubectl import WorldKubectl
from worlds.names import KEY, digest
from worlds.situations import drifted

SECRETS = (
    "hunter2-Tr0ub4dor",
    "AKIAIOSFODNN7EXAMPLE",
    "eyJhbGciOiJIUzI1NiJ9",
    "4f8d9e7a6b5c4d3e2f1a",
    "password123",
)
LEADS = (
    "Anneliese Müller-Lüdenscheidt",
    "+49 30 901820",
    "anneliese@example.invalid",
    "möchte gern zurückgerufen werden",
)
KEPT = frozenset(
    {"kind", "type", "status", "metadata", "name", "namespace", "digest", "uid", "items", "labels"}
)


def kubectl() -> WorldKubectl:
    world, leader = drifted()
    return WorldKubectl(world, leader)


def planted(value: Any, text: str, key: str = "") -> Any:
    """The same document with a text at the end of every string and as a further key of every object."""
    if isinstance(value, dict):
        spoilt = {k: planted(v, text, k) for k, v in value.items()}
        return (
            spoilt
            if key in {"labels", "metadata"}
            else {**spoilt, text: text, f"customerops.dev/{text}": text}
        )
    if isinstance(value, list):
        return [planted(item, text, key) for item in value]
    if isinstance(value, str) and key not in KEPT and not key.startswith("customerops.dev/"):
        return f"{value} {text}"
    return value


def written(tool: WorldKubectl, folder: Any) -> dict[str, str]:
    """The files of a report."""
    path = folder / "report.zip"
    assert main(["report", KEY.name, "--out", str(path)], tool, lambda: tool.world.now) == KubectlExit.DONE
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def spoil(tool: WorldKubectl, text: str) -> None:
    """Let every document of the cluster hold a text everywhere; Secrets, ConfigMaps and pods' environments too."""
    plain = tool.get

    def get(words: list[str]) -> Any:
        answer = copy.deepcopy(plain(words))
        for item in answer.get("items", [answer]):
            item.setdefault("spec", {})["env"] = [{"name": "TOKEN", "value": text}]
            item["metadata"].setdefault("annotations", {})["note"] = text
        return planted(answer, text)

    tool.get = get
    tool.objects = {
        f"{kind}/x": {"kind": kind, "metadata": {"name": "x"}, "data": {"x": text}}
        for kind in ("secrets", "configmaps")
    }


@pytest.mark.parametrize("text", [*SECRETS, *LEADS])
def test_nothing_that_was_planted_is_in_the_zip(text, tmp_path, capsys):
    tool = kubectl()
    spoil(tool, text)
    files = written(tool, tmp_path)
    everything = "\n".join([*files, *files.values()])
    for part in (text, *(word for word in text.split() if len(word) > 3)):
        assert part not in everything
    assert HIDDEN in files["leadmodel.json"]
    assert HIDDEN in files["status.txt"]
    assert text not in capsys.readouterr().out
    assert tool.writes == []


def test_control_without_the_scrubber_they_would_be(tmp_path, monkeypatch):
    monkeypatch.setattr(Scrubber, "clean", lambda _self, value: value)
    tool = kubectl()
    spoil(tool, SECRETS[0])
    assert SECRETS[0] in "\n".join(written(tool, tmp_path).values())


def test_secrets_configmaps_and_logs_are_not_even_read(tmp_path):
    tool = kubectl()
    written(tool, tmp_path)
    read = {words[1] for words in tool.calls}
    assert read <= {
        "leadmodels.customerops.dev",
        "pods",
        "jobs",
        "cronjobs",
        "deployments",
        "horizontalpodautoscalers",
        "events.events.k8s.io",
    }


def test_what_helps_is_in_it(tmp_path):
    files = written(kubectl(), tmp_path)
    status = json.loads(files["leadmodel.json"])["status"]
    assert status["champion"]["digest"] == digest("A")
    assert {c["type"]: c["reason"] for c in status["conditions"]}["Stalled"] == "RolledBack"
    assert f"✖ {short(digest('B'))} Drift: PSI" in files["status.txt"]
    assert "the previous model has PSI 0.00 on the same leads" in files["why.txt"]
    assert HIDDEN not in files["why.txt"] + files["history.txt"]
    assert "RolledBack" in files["events.json"]
    assert "look into" not in files["README.txt"]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("AUC 0.7000 on the holdout is below minAuc 0.65", "AUC 0.7000 on the holdout is below minAuc 0.65"),
        ("the password is hunter2", f"the password is {HIDDEN}"),
        ("call 0171 2345 or Zebedee", f"call {HIDDEN} {HIDDEN} or {HIDDEN}"),
        ("s3://leads/model.json?sig=Zm9vYmFy", HIDDEN),
        ("2026-01-05T08:00:00Z", "2026-01-05T08:00:00Z"),
        ("sha256:" + "ab" * 32, HIDDEN),
    ],
)
def test_words_of_ours_stay_and_others_go(text, kept):
    assert "password" in known_words()
    assert Scrubber(frozenset()).text(text) == kept


def test_what_may_not_be_read_is_named_and_the_rest_is_written(tmp_path, capsys):
    tool = kubectl()
    plain: Callable[[list[str]], Any] = tool.get

    def get(words: list[str]) -> Any:
        return tool.raise_missing("pods") if words[1] == "pods" else plain(words)

    tool.get = get
    assert "leadmodel.json" in written(tool, tmp_path)
    assert "not read: pods: " in capsys.readouterr().out


def test_the_page_of_files_is_pure():
    tool = kubectl()
    document = tool.lead_model()
    first, second = (report.files(document, [], [], {}, tool.world.now) for _ in range(2))
    assert first == second
