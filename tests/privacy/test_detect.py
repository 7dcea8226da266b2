"""What is found, what is left alone, and that nothing of a text leaks."""

import io
import json
import re
import subprocess
import sys

import pytest

from leadmodel_privacy.__main__ import main
from leadmodel_privacy.configuration import Config, ConfigError
from leadmodel_privacy.detect import Detector, detect, redact

FOUND = [
    ("write to jane.doe@example.org now", "EMAIL"),
    ("card 4111 1111 1111 1111 please", "CREDIT_CARD"),
    ("pay DE89 3704 0044 0532 0130 00", "IBAN"),
    ("ssn 219-09-9999", "SSN"),
    ("from 192.168.10.20 today", "IP"),
    ("see https://example.org/u/1?x=2", "URL"),
    ("call +49 30 901820 today", "PHONE"),
]
LEFT = [
    "order 4111111111111112 shipped",
    "version 1.2.3 of 2026-01-05",
    "3 x 250 EUR",
    "id 550e8400-e29b-41d4-a716-446655440000",
    "DE00 0000 0000 0000 0000 00",
    "999.999.1.1",
    "nothing here",
    "",
]


@pytest.mark.parametrize(("text", "entity"), FOUND)
def test_found(text, entity):
    assert [span[2] for span in detect(text)] == [entity]
    redacted, counts = redact(text)
    assert counts == {entity: 1}
    assert f"[{entity}]" in redacted
    assert redact(redacted) == (redacted, {})


@pytest.mark.parametrize("text", LEFT)
def test_left_alone(text):
    assert redact(text) == (text, {})


def test_detect_command(monkeypatch, capsys):
    lines = [json.dumps({"text": text}) for text, _ in FOUND]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(lines)))
    assert main(["detect"]) == 0
    out = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [o["spans"][0][2] for o in out] == [entity for _, entity in FOUND]


def test_errors_hold_no_text(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO("jane.doe@example.org\n"))
    assert main(["detect"]) == 2
    assert "jane" not in capsys.readouterr().err


def test_one_version_of_code_and_configuration():
    plain = Detector()
    assert plain.version == Detector(Config()).version
    assert plain.version != Detector(Config(off=("URL",))).version
    assert Detector(Config(fields=("a", "b"))).version == Detector(Config(fields=("b", "a"))).version


def test_each_entity_can_be_off():
    for text, entity in FOUND:
        assert Detector(Config(off=(entity,))).redact(text)[1].get(entity) is None
    with pytest.raises(ConfigError, match="known are"):
        Config(off=("EMIAL",))


def test_a_bad_line_is_left_out_and_the_rest_goes_on(monkeypatch, capsys):
    monkeypatch.setattr(
        "sys.stdin", io.StringIO('{"text": 1}\n\n{"text": "x@example.org", "id": 3}\nnonsense\n')
    )
    assert main(["detect"]) == 2
    found = capsys.readouterr()
    assert json.loads(found.out) == {"text": "[EMAIL]", "spans": [[0, 13, "EMAIL"]]}
    assert re.findall(r"line (\d)", found.err) == ["1", "4"]


def test_a_text_over_the_limit_is_left_out_and_the_rest_goes_on(monkeypatch, capsys):
    lines = [json.dumps({"text": text}) for text in ("x@example.org" + " " * 20, "x@example.org")]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(lines)))
    assert main(["detect", "--max-text", "20"]) == 2
    output = capsys.readouterr()
    assert [json.loads(line)["text"] for line in output.out.splitlines()] == ["[EMAIL]"]
    assert "line 1 has a text of more than 20 characters" in output.err
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(lines)))
    assert main(["detect", "--max-text", "33"]) == 0  # the control: both are read
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_half_a_surrogate_pair_is_answered(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO('{"text": "\\ud83d x@example.org"}\n'))
    assert main(["detect"]) == 0
    assert json.loads(capsys.readouterr().out)["text"] == "\ud83d [EMAIL]"


def test_the_command_takes_a_configuration_and_names_its_version(tmp_path, monkeypatch, capsys):
    file = tmp_path / "pii.json"
    file.write_text('{"off": ["EMAIL"]}')
    assert main(["detect", "--config", str(file), "--version"]) == 0
    assert capsys.readouterr().out.strip() == Detector(Config(off=("EMAIL",))).version
    file.write_text('{"of": []}')
    assert main(["detect", "--config", str(file)]) == 2
    assert "known are" in capsys.readouterr().err
    assert main(["detect", "--config", str(tmp_path / "none.json")]) == 2


def test_it_answers_line_by_line_in_a_pipe():
    """A reader that waits for the first answer before it sends the second line is not kept waiting, and may go away."""
    pipe = subprocess.PIPE
    program = [sys.executable, "-m", "leadmodel_privacy", "detect"]
    with subprocess.Popen(program, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as child:
        child.stdin.write('{"text": "x@example.org"}\n')
        child.stdin.flush()
        assert "[EMAIL]" in child.stdout.readline()
        child.stdout.close()
        child.stdin.write('{"text": "y@example.org"}\n' * 5)
        child.stdin.close()
        assert child.wait(30) == 0
        assert child.stderr.read() == ""
