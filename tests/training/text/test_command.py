"""`leadmodel-enrich`: train, check, suggest, and JSON lines in and out, as people call the program."""

import io
import json

import pytest

from leadmodel_messages.exits import EnrichExit
from leadmodel_text.files import load
from leadmodel_training.text import command
from support.text_messages import made, strange


def write(path, messages, label="intent"):
    rows = [
        {
            "id": m.id,
            "lead": m.lead,
            "source": m.source,
            "text": m.text,
            **({label: m.labels[0]} if m.labels else {}),
        }
        for m in messages
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A trained model with its report, and the messages."""
    folder = tmp_path_factory.mktemp("text")
    messages = [*made(30, source="form"), *made(30, seed=1, source="mail")]
    write(folder / "messages.jsonl", messages)
    write(folder / "strange.jsonl", strange())
    arguments = [
        "train",
        f"--messages={folder}/messages.jsonl",
        f"--background={folder}/strange.jsonl",
        "--name=own",
    ]
    arguments += [f"--out={folder}/text.json.gz", f"--report={folder}/report.json"]
    assert command.main(arguments) == EnrichExit.DONE
    return folder


def run(capsys, *arguments):
    code = command.main(arguments)
    out, errors = capsys.readouterr()
    return code, out, errors


def test_train_writes_a_model_and_a_report(folder):
    document = load((folder / "text.json.gz").read_bytes())
    report = json.loads((folder / "report.json").read_text())["intent"]
    assert (document.name, document.intent.classes) == ("own", ("order", "price", "repair"))
    assert document.quality.macro_f1 == report["pooled"]["macro_f1"]
    assert {*report["source_left_out"]} == {"form", "mail"}
    assert [(one.source, one.rows) for one in document.provenance] == [("own", 180)]


def test_train_prints_the_left_out_source_beside_the_pooled_figures(folder, capsys, tmp_path):
    code, out, _ = run(
        capsys, "train", f"--messages={folder}/messages.jsonl", f"--out={tmp_path}/text.json", "--name=own"
    )
    assert code == EnrichExit.DONE
    for line in (
        "intent, out of fold: macro-F1",
        "source 'form' left out: macro-F1",
        "source 'mail' left out: macro-F1",
    ):
        assert line in out
    assert "no background" in out


def test_too_few_messages_end_with_1_and_their_name(capsys, tmp_path):
    path = write(tmp_path / "few.jsonl", made(9))
    code, _, errors = run(capsys, "train", f"--messages={path}", f"--out={tmp_path}/text.json")
    assert code == EnrichExit.REFUSED
    assert errors.startswith("leadmodel-enrich: TooFewMessages: ")
    assert not (tmp_path / "text.json").exists()


def test_a_column_that_is_not_there_is_named(capsys, tmp_path):
    path = write(tmp_path / "messages.jsonl", made(12), label="topic")
    code, _, errors = run(capsys, "train", f"--messages={path}", f"--out={tmp_path}/text.json")
    assert code == EnrichExit.REFUSED
    assert "'intent'" in errors


def test_check_passes_and_fails_by_its_limits(folder, capsys, tmp_path):
    path = write(tmp_path / "new.jsonl", made(30, seed=5))
    base = ("check", f"--model={folder}/text.json.gz", f"--messages={path}", "--language=en")
    code, out, _ = run(capsys, *base)
    figures = json.loads(out)
    assert code == EnrichExit.DONE
    assert figures["macro_f1"] > 0.8
    assert 0.5 < figures["coverage"] <= 1
    assert run(capsys, *base, "--min-macro-f1=0.8")[0] == EnrichExit.DONE
    assert run(capsys, *base, "--min-macro-f1=1.01")[0] == EnrichExit.REFUSED
    assert run(capsys, *base, "--min-precision=1.01")[0] == EnrichExit.REFUSED


def test_suggest_lists_ids_of_refused_messages_and_no_text(folder, capsys, tmp_path):
    messages = [*made(20, seed=5), *strange(30, seed=11), *strange(30, seed=12)]
    path = write(tmp_path / "inbox.jsonl", messages)
    code, out, _ = run(
        capsys,
        "suggest",
        f"--model={folder}/text.json.gz",
        f"--messages={path}",
        "--count=10",
        "--language=en",
    )
    answer = json.loads(out)
    ids = {m.id for m in messages}
    assert code == EnrichExit.DONE
    assert 50 <= answer["refused"] < len(messages)
    assert len(answer["label_next"]) == 10
    assert {*answer["label_next"], *(one for group in answer["clusters"] for one in group)} <= ids
    assert not any(word in out for m in messages for word in m.text.split())


def lines(monkeypatch, capsys, text, *arguments):
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    return run(capsys, *arguments)


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


def test_an_unknown_head_is_a_mistake(capsys):
    with pytest.raises(SystemExit) as ended:
        command.main(["--want=mood"])
    assert ended.value.code == EnrichExit.USAGE


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_out_of_bounds_is_a_mistake(capsys, seed):
    with pytest.raises(SystemExit) as ended:
        command.main(["train", "--messages=m.jsonl", "--out=o.json", f"--seed={seed}"])
    assert ended.value.code == EnrichExit.USAGE
    assert "--seed must" in capsys.readouterr().err


@pytest.mark.parametrize(("end", "expected"), [(b"\xff", EnrichExit.USAGE), (b"?", EnrichExit.DONE)])
def test_lines_that_are_no_utf8_end_with_one_sentence(monkeypatch, capsys, end, expected):
    lines_in = io.BytesIO(b'{"details": "a price, please' + end + b'"}\n')
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(lines_in, encoding="utf-8"))
    code, _, errors = run(capsys, "--want=intent")
    assert code == expected
    assert ("no UTF-8" in errors) == (expected == EnrichExit.USAGE)
    assert "price" not in errors
