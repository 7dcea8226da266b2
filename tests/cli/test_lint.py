"""`kubectl leadmodel lint` agrees with the API server: the same files are refused and taken, as tests/e2e/test_examples.py holds there."""

from pathlib import Path

import pytest

from leadmodel_cli.kubectl import manifest
from leadmodel_cli.kubectl.lint import read
from leadmodel_cli.kubectl.program import main
from leadmodel_messages.exits import KubectlExit
from leadmodel_operator.resource.crd import crd
from project.house import ROOT

EXAMPLES = [
    file
    for file in sorted((ROOT / "crds" / "examples").glob("*.yaml"))
    if "kind: LeadModel" in file.read_text()
]
INVALID = sorted((ROOT / "tests" / "e2e" / "invalid").glob("*.yaml"))
GOOD = str(ROOT / "crds" / "examples" / "minimal.yaml")


def expected(file: Path) -> tuple[str, str]:
    """The field and a part of the sentence with which the API server refuses a file; its first line has both."""
    field, _, sentence = file.read_text().splitlines()[0].removeprefix("# ").partition(": ")
    return field, sentence


def own_rules() -> set[str]:
    """The sentences of all CEL rules of the CRD."""
    sentences, stack = set(), [crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            sentences |= {rule["message"] for rule in node.get("x-kubernetes-validations", [])}
            stack += node.values()
        elif isinstance(node, list):
            stack += node
    return sentences


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_what_the_api_server_takes_is_taken(file, capsys):
    assert main(["lint", str(file)]) == KubectlExit.DONE
    shown = capsys.readouterr().out
    assert "the API server would take it" in shown
    assert "creates   Service/conversion" in shown


@pytest.mark.parametrize("file", INVALID, ids=lambda file: file.stem)
def test_what_the_api_server_refuses_is_refused_for_the_same_field(file, capsys):
    field, sentence = expected(file)
    assert main(["lint", str(file)]) == KubectlExit.NOT_READY
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("✖")]
    assert lines
    if any(rule in line for rule in own_rules() for line in lines):
        assert any(sentence in line for line in lines), "the sentence of the rule itself"
    assert any(field.partition("[")[0] in line or "metadata.name" in line for line in lines)


def test_control_without_the_cel_rules_much_of_it_would_pass(monkeypatch, capsys):
    monkeypatch.setattr(manifest, "holds", lambda _rule, _value: True)
    taken = [file for file in INVALID if main(["lint", "-q", str(file)]) == KubectlExit.DONE]
    capsys.readouterr()
    assert len(taken) > len(INVALID) / 2


@pytest.mark.parametrize(
    ("text", "fits"),
    [("1", True), ("250m", True), ("2Gi", True), ("1.5", True), ("1e3", False), ("", False), ("Gi", False)],
)
def test_quantities_are_read_as_kubernetes_reads_them(text, fits):
    assert manifest.holds("isQuantity(self)", text) is fits


@pytest.mark.parametrize(
    ("a", "b", "order"), [("1", "1000m", 0), ("1Gi", "1G", 1), ("128Mi", "1Gi", -1), ("0", "1m", -1)]
)
def test_quantities_are_compared_by_value(a, b, order):
    assert manifest.holds(f"quantity(self).compareTo(quantity('{b}')) == {order}", a)


def test_a_rule_that_cannot_be_evaluated_is_broken():
    assert not manifest.holds("self.a.b > 1", {"a": {}})
    assert not manifest.holds("nonsense(", {})


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: [", "no YAML in line"),
        ("a: 1\na: 2\n", "the key a stands twice"),
        ("- 1\n- 2\n", "no LeadModel in there"),
        ("kind: Service\n", "no LeadModel in there"),
        ("", "no LeadModel in there"),
        ("\x00", "no YAML"),
    ],
)
def test_what_is_no_manifest_is_exit_code_2(text, sentence, tmp_path, capsys):
    file = tmp_path / "file.yaml"
    file.write_text(text)
    assert main(["lint", str(file)]) == KubectlExit.USAGE
    assert sentence in capsys.readouterr().err


def test_a_file_that_is_not_there_is_named(capsys):
    assert main(["lint", "nowhere.yaml"]) == KubectlExit.USAGE
    assert "nowhere.yaml: No such file or directory" in capsys.readouterr().err


def test_lists_are_taken_apart(tmp_path):
    file = tmp_path / "list.yaml"
    file.write_text("kind: List\nitems: [{kind: A}, {kind: B}]\n---\nkind: C\n")
    assert [item["kind"] for item in read(str(file))] == ["A", "B", "C"]


def test_null_means_not_given(tmp_path, capsys):
    file = tmp_path / "null.yaml"
    file.write_text(Path(GOOD).read_text().replace("spec:\n", "spec:\n  paused: null\n"))
    assert main(["lint", str(file)]) == KubectlExit.DONE
    assert "paused    nothing" not in capsys.readouterr().out
