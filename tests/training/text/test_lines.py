"""`leadmodel-enrich`: JSON lines in and out."""

import json

import pytest

from leadmodel_messages.exits import EnrichExit
from support.text_command import lines, run
from support.text_messages import made


def test_json_lines_keep_their_other_fields_as_they_are(folder, monkeypatch, capsys):
    text = made(1, seed=9)[0].text
    line = f'{{"n": 1.50, "id":12345678901234567890,"details": "{text}", "é": [1, {{}}]}}'
    code, out, _ = lines(
        monkeypatch, capsys, line + "\n", f"--model={folder}/text.json.gz", "--want=intent", "--language=en"
    )
    assert code == EnrichExit.DONE
    assert out.startswith(line[:-1])
    assert json.loads(out)["details_intent"] == "order"
    assert 0 < json.loads(out)["details_intent_confidence"] <= 1


def test_an_answer_that_stands_there_already_is_replaced(folder, monkeypatch, capsys):
    line = json.dumps({"note": "?", "note_intent": "old", "x": 1}) + "\n"
    _, out, _ = lines(
        monkeypatch, capsys, line, f"--model={folder}/text.json.gz", "--field=note", "--want=intent"
    )
    assert json.loads(out) == {"note": "?", "note_intent": None, "x": 1, "note_intent_confidence": None}


def test_half_a_character_in_another_field_is_written_as_it_was_read(folder, monkeypatch, capsys):
    line = '{"note": "?", "note_intent": "old", "x": "\\ud800"}\n'
    _, out, _ = lines(
        monkeypatch, capsys, line, f"--model={folder}/text.json.gz", "--field=note", "--want=intent"
    )
    assert json.loads(out)["x"] == "\ud800"


def test_lines_without_a_text_are_left_and_counted(folder, monkeypatch, capsys):
    text = 'no object\n{"details": 5}\n{"other": "x"}\n'
    code, out, errors = lines(monkeypatch, capsys, text, f"--model={folder}/text.json.gz")
    assert (code, out) == (EnrichExit.USAGE, text)
    assert "3 lines" in errors


def test_lines_without_a_text_are_named_by_the_first(folder, monkeypatch, capsys):
    text = '{"details": "what does it cost"}\n\nno object\n{"other": "x"}\n'
    code, _, errors = lines(monkeypatch, capsys, text, f"--model={folder}/text.json.gz", "--want=intent")
    assert code == EnrichExit.USAGE
    assert "2 lines" in errors
    assert "the first is line 3" in errors


LINE = '{"details": "a price, please é"}\n'


@pytest.mark.parametrize(
    "data", [LINE.encode("utf-8-sig"), f"\n{LINE}\n \n{LINE}".encode(), LINE.replace("\n", "\r\n").encode()]
)
def test_a_byte_order_mark_and_empty_lines_are_no_mistake(monkeypatch, capsys, data):
    code, out, errors = lines(monkeypatch, capsys, data, "--want=intent")
    answered = [json.loads(line) for line in out.splitlines() if line]
    assert (code, errors) == (EnrichExit.DONE, "")
    assert len(answered) == data.count(b"details")
    assert len(out.splitlines()) == data.count(b"\n")
    assert all("details_intent" in one for one in answered)


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (LINE.encode("utf-16"), "line 1 of standard input is UTF-16"),
        (LINE.encode("utf-16-le"), "line 1 of standard input is UTF-16"),
        (LINE.encode("utf-16-be"), "line 1 of standard input is UTF-16"),
        (f"{LINE}\n".encode() + LINE.encode("latin-1"), "line 3 of standard input is no UTF-8"),
    ],
)
def test_lines_of_another_encoding_end_with_their_number(monkeypatch, capsys, data, named):
    code, _, errors = lines(monkeypatch, capsys, data, "--want=intent")
    assert code == EnrichExit.USAGE
    assert named in errors
    assert "price" not in errors


def test_a_closed_standard_input_is_a_mistake(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", None)
    code, out, errors = run(capsys, "--want=intent")
    assert (code, out) == (EnrichExit.USAGE, "")
    assert "standard input is closed" in errors
    assert lines(monkeypatch, capsys, "", "--want=intent")[0] == EnrichExit.DONE
