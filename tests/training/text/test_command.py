"""`leadmodel-enrich`: train, check and suggest, as people call the program."""

import json
import os
import subprocess
import sys
from dataclasses import replace

from leadmodel_artifact.snapshot import digest
from leadmodel_messages.exits import EnrichExit
from leadmodel_text.files import dump, load
from support.text_command import run, write
from support.text_messages import made, strange


def test_train_writes_a_model_and_a_report(folder):
    document = load((folder / "text.json.gz").read_bytes())
    report = json.loads((folder / "report.json").read_text())["intent"]
    assert (document.name, document.intent.classes) == ("own", ("order", "price", "repair"))
    assert document.quality.macro_f1 == report["pooled"]["macro_f1"]
    assert {*report["source_left_out"]} == {"form", "mail"}
    assert [(one.source, one.rows) for one in document.provenance] == [("own", 180)]


def test_the_document_holds_the_mean_precision_of_a_source_left_out(folder):
    left_out = json.loads((folder / "report.json").read_text())["intent"]["source_left_out"]
    precisions = [figures["precision"] for figures in left_out.values()]
    quality = load((folder / "text.json.gz").read_bytes()).quality
    assert quality.transfer_precision == sum(precisions) / 2
    assert 0.5 < quality.transfer_precision <= 1


def test_export_writes_the_model_that_comes_with_the_program(capsys, tmp_path):
    for name in ("text.json", "text.json.gz"):
        code, out, _ = run(capsys, "export", f"--out={tmp_path / name}")
        assert code == EnrichExit.DONE
        document = load((tmp_path / name).read_bytes())
        assert json.loads(out) == {
            "digest": digest(dump(document)),
            "name": "sales-en",
            "version": document.version,
        }
    assert (tmp_path / "text.json").read_bytes() == dump(document)


def test_export_copies_a_model_of_ones_own(folder, capsys, tmp_path):
    there = tmp_path / "copy.json.gz"
    assert run(capsys, f"--model={folder}/text.json.gz", "export", f"--out={there}")[0] == EnrichExit.DONE
    assert load(there.read_bytes()) == load((folder / "text.json.gz").read_bytes())
    assert (
        run(capsys, f"--model={folder}/messages.jsonl", "export", f"--out={there}")[0] == EnrichExit.REFUSED
    )
    assert load(there.read_bytes()).name == "own"


def test_a_model_that_answers_its_examples_otherwise_is_refused(folder, capsys, tmp_path):
    right, wrong = tmp_path / "right.json", tmp_path / "wrong.json"
    document = load((folder / "text.json.gz").read_bytes())
    right.write_bytes(dump(document))
    first, *others = document.examples
    wrong.write_bytes(dump(replace(document, examples=(replace(first, confidence=0.1234), *others))))
    arguments = ("check", f"--messages={folder}/messages.jsonl")
    assert run(capsys, *arguments, f"--model={right}")[0] == EnrichExit.DONE
    code, _, errors = run(capsys, *arguments, f"--model={wrong}")
    assert code == EnrichExit.REFUSED
    assert "examples[0].intent is not what this program answers" in errors


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
    assert "\nleadmodel-enrich: TooFewMessages: " in errors
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


def test_check_counts_labels_that_the_model_has_no_class_for(folder, capsys, tmp_path):
    mine = made(30, seed=5)
    others = [replace(m, labels=(f"wish of {m.labels[0]}",)) for m in mine[:60]]
    base = ("check", f"--model={folder}/text.json.gz", "--language=en")
    some = write(tmp_path / "some.jsonl", [*mine, *others])
    code, out, errors = run(capsys, *base, f"--messages={some}")
    assert code == EnrichExit.DONE
    assert {name: json.loads(out)[name] for name in ("unknown", "unknown_labels")} == {
        "unknown": 60,
        "unknown_labels": 2,
    }
    assert "60 of 150 messages have a label that is no class of the model: order, price, repair" in errors
    assert "wish" not in out + errors


def test_check_fails_where_no_label_is_a_class_of_the_model(folder, capsys, tmp_path):
    base = ("check", f"--model={folder}/text.json.gz", "--language=en")
    mine = made(30, seed=5)
    others = [replace(m, labels=("wish",)) for m in mine]
    assert run(capsys, *base, f"--messages={write(tmp_path / 'mine.jsonl', mine)}")[0] == EnrichExit.DONE
    assert run(capsys, *base, f"--messages={write(tmp_path / 'no.jsonl', others)}")[0] == EnrichExit.REFUSED


SUGGEST = "import sys; from leadmodel_training.text.command import program; sys.exit(program())"


def suggest_unread(folder, path):
    """Exit code and standard error of `suggest` with more than a pipe's buffer of output that nobody reads."""
    read, end = os.pipe()
    os.close(read)
    command = [
        sys.executable,
        "-c",
        SUGGEST,
        "suggest",
        f"--model={folder}/text.json.gz",
        f"--messages={path}",
    ]
    ended = subprocess.run(command, check=False, stdout=end, stderr=subprocess.PIPE, text=True)
    os.close(end)
    return ended.returncode, ended.stderr


def test_suggestions_that_nobody_reads_on_are_no_failure(folder, tmp_path):
    messages = [replace(m, id=f"{m.id} {'x' * 200}") for m in strange(200)]
    assert suggest_unread(folder, write(tmp_path / "inbox.jsonl", messages)) == (EnrichExit.DONE, "")


def test_control_a_failure_that_nobody_reads_is_one(folder, tmp_path):
    code, errors = suggest_unread(folder, tmp_path / "none.jsonl")
    assert code == EnrichExit.REFUSED
    assert "NotFound" in errors
